"""How the plugin gets onto Horizon's pages, and that it never breaks them."""

import logging
import os
import subprocess
import sys

from django.conf import settings

from horizon import tables
from horizon import tabs

from light_snapshot_dashboard import attach
from light_snapshot_dashboard.project import actions
from light_snapshot_dashboard.project import tabs as our_tabs

from base import DashboardTest
from base import mock


def fresh(row_actions=None, **columns):
    """A table as Horizon defines one."""
    meta = type('Meta', (object,), {'name': 'instances', 'row_actions': row_actions or ()})
    return type(tables.DataTable)('Fresh', (tables.DataTable,), dict(columns, Meta=meta))


class Other(tables.LinkAction):
    name = 'other'
    verbose_name = 'Other'
    url = '/'


def test_nothing_of_horizon_is_loaded_when_django_starts():
    # Horizon's tables would keep the language of that moment.
    program = ('import django, sys; django.setup(); '
               'print([name for name in sys.modules if name.endswith(".instances.tables")])')
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    assert subprocess.check_output([sys.executable, '-W', 'ignore', '-c', program], env=environment).strip() == b'[]'


class AttachTest(DashboardTest):

    def names(self, table):
        return [action.name for action in table._meta.row_actions]

    def test_row_actions_are_also_registered(self):
        table = fresh((Other,))
        attach._table(table)
        self.assertEqual(self.names(table), ['other'] + [action.name for action in actions.ROW_ACTIONS])
        several = [action.name for action in table._meta.table_actions_menu]
        self.assertEqual(several, [action.name for action in actions.BATCH_ACTIONS])
        self.assertEqual(set(self.names(table) + several), set(table.base_actions))
        self.assertIsInstance(table._meta.row_actions, tuple)

    def test_list_stays_a_list(self):
        table = fresh([Other])
        attach._table(table)
        self.assertIsInstance(table._meta.row_actions, list)

    def test_twice_is_once(self):
        table = fresh((Other,), status=tables.Column('status'),
                      task=tables.Column('task', display_choices=(('a', 'A'),)))

        def looks():
            return (self.names(table), list(table._meta.table_actions_menu), list(table._columns),
                    list(table.base_columns), table.base_columns['task'].display_choices)
        attach._table(table)
        once = looks()
        self.assertEqual(once[2], ['status', 'light_snapshots', 'task', 'actions'])
        self.assertEqual(once[3], ['status', 'light_snapshots', 'task'])
        attach._table(table)
        self.assertEqual(looks(), once)

    def test_table_without_the_column_beside_ours(self):
        table = fresh((Other,))
        attach._table(table)
        self.assertEqual(list(table._columns), ['actions'])

    def test_everything_twice_is_once(self):
        from openstack_dashboard.dashboards.project.instances import tables as project_tables
        before = self.names(project_tables.InstancesTable)
        attach.everything()
        self.assertEqual(self.names(project_tables.InstancesTable), before)

    def test_unexpected_horizon_is_left_alone(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        with mock.patch.object(attach, '_TABLES', (
                ('openstack_dashboard.no_such_module', 'X'),
                ('openstack_dashboard.dashboards.project.instances.tables', 'NoSuchTable'),
                ('openstack_dashboard.dashboards.project.instances.tables', 'UpdateRow'))):
            attach.everything()

    def test_page_that_this_horizon_does_not_have_is_no_failure(self):
        # As the administrator's tabs before Horizon 12. What fails inside a module that is there, is one.
        with mock.patch.object(attach.LOG, 'exception') as told:
            attach._extend(self.fail, 'openstack_dashboard.dashboards.project.instances.no_such_module', 'X')
            self.assertFalse(told.called)
            with mock.patch.object(attach.importlib, 'import_module', side_effect=ImportError('inside')):
                attach._extend(self.fail, 'openstack_dashboard.dashboards.project.instances.tables', 'X')
            self.assertTrue(told.called)

    def test_failing_action_changes_nothing(self):
        table = fresh((Other,))
        with mock.patch.object(actions.Take, '__init__', side_effect=RuntimeError):
            with self.assertRaises(RuntimeError):
                attach._table(table)
        self.assertEqual(self.names(table), ['other'])
        self.assertEqual(list(table.base_actions), ['other'])

    def test_tab_comes_from_the_enabled_file(self):
        if not hasattr(tabs.TabGroup, '_load_tabs_from_config'):
            self.skipTest('before Horizon 14')
        extra = settings.HORIZON_CONFIG['extra_tabs']
        self.assertEqual(sum('LightSnapshotsTab' in str(tab) for group in extra.values() for tab in group), 2)

    def test_tab_in_a_horizon_without_extra_tabs(self):
        class Group(tabs.TabGroup):
            slug = 'group'
            tabs = ()

        class Inherits(Group):
            slug = 'other'

        with mock.patch.object(attach, '_reads_extra_tabs', return_value=False):
            for group in (Group, Group, Inherits):
                attach._tab_group(group)
        self.assertEqual(Group.tabs, (our_tabs.LightSnapshotsTab,))
        self.assertEqual(Inherits.tabs, (our_tabs.LightSnapshotsTab,))
