"""The actions on the instances tables, of the project and of the administrator."""

from openstack_dashboard import api
from openstack_dashboard.dashboards.admin.instances import tables as admin_tables
from openstack_dashboard.dashboards.project.instances import tables as project_tables

from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import reverse
from light_snapshot_dashboard.project import actions

from base import DashboardTest
from base import INDEX
from base import mock
from parsed import parse

OURS = [action.name for action in actions.ROW_ACTIONS]
ENABLED = ['light_snapshot_take', 'light_snapshot_recover', 'light_snapshot_disable']


class RowActionsTest(DashboardTest):

    def shown(self, server_id, table=project_tables.InstancesTable):
        instance = self.server_get(self.request, server_id)
        bound = table(self.request, data=[instance])
        return [action.name for action in bound.get_row_actions(instance) if action.name in OURS]

    def test_stand_after_create_snapshot(self):
        for table in (project_tables.InstancesTable, admin_tables.AdminInstancesTable):
            names = [action.name for action in table._meta.row_actions]
            place = names.index('snapshot') + 1
            self.assertEqual(names[place:place + len(OURS)], OURS)

    def test_not_enabled(self):
        self.assertEqual(self.shown('web-id'), ['light_snapshot_enable'])
        self.assertEqual(self.shown('web-id', admin_tables.AdminInstancesTable), ['light_snapshot_enable'])

    def test_enabled(self):
        self.assertEqual(self.shown('db-id'), ENABLED)
        self.db.status = 'SHUTOFF'
        self.assertEqual(self.shown('db-id'), ENABLED)

    def hindered(self, server_id, table=project_tables.InstancesTable):
        """What our actions of this row are called, all of them being out of use."""
        instance = self.server_get(self.request, server_id)
        found = [action for action in table(self.request, data=[instance]).get_row_actions(instance)
                 if action.name in OURS]
        for action in found:
            self.assertEqual((action.bound_url, action.attrs['aria-disabled'], action.attrs['tabindex']),
                             ('#', 'true', '-1'))
            self.assertEqual(action.classes, ('disabled',))
        return [str(action.verbose_name) for action in found]

    def test_busy(self):
        self.db.task, self.db.busy_for = 'rebooting', 9
        self.assertEqual(self.hindered('db-id'), [
            'Take Light Snapshot (a task is under way)', 'Recover from Light Snapshot (a task is under way)',
            'Disable Light Snapshots (a task is under way)'])

    def test_what_hinders_one_row_hinders_no_other(self):
        self.db.status = 'PAUSED'
        servers = [self.server_get(self.request, each) for each in ('db-id', 'web-id')]
        bound = project_tables.InstancesTable(self.request, data=servers)
        for server, why in zip(servers, (' (neither active nor shut off)', '')):
            for action in bound.get_row_actions(server):
                if action.name in OURS:
                    self.assertTrue(str(action.verbose_name).endswith(why))
                    self.assertEqual(action.bound_url == '#', bool(why))

    def test_other_status(self):
        for status in ('PAUSED', 'ERROR', 'SHELVED_OFFLOADED', 'VERIFY_RESIZE', 'BUILD'):
            self.db.status = self.web.status = status
            self.assertEqual(self.hindered('web-id'), ['Enable Light Snapshots (neither active nor shut off)'])
            self.assertEqual(len(self.hindered('db-id', admin_tables.AdminInstancesTable)), 3)

    def test_started_from_a_volume(self):
        self.extra_body = {'image': ''}
        self.assertEqual(self.hindered('web-id'), ['Enable Light Snapshots (started from a volume)'])

    def test_locked(self):
        self.extra_body = {'locked': True}
        self.assertEqual(self.hindered('db-id')[0], 'Take Light Snapshot (locked)')
        self.request.user = mock.Mock(is_superuser=True)
        self.assertEqual(self.shown('db-id'), ENABLED)

    def without_the_package(self, server_id):
        instance = self.server_get(self.request, server_id)
        for name in ('light_snapshot_enabled', 'snapshot_store', 'snapshot_daily'):
            del instance._apiresource._info[name]
            delattr(instance._apiresource, name)
        return instance

    def test_cloud_without_the_package(self):
        instance = self.without_the_package('db-id')
        for verb in (rights.ENABLE, rights.TAKE, rights.RECOVER, rights.DISABLE):
            self.assertFalse(rights.can(self.request, verb, instance))

    def test_index_page(self):
        response = self.client.get(INDEX)
        self.assertContains(response, self.form('enable', 'web-id') + '?next=')
        self.assertContains(response, self.form('recover', 'db-id') + '?next=')
        self.assertNotContains(response, self.form('enable', 'db-id'))

    def test_row_update(self):
        self.db.task, self.db.busy_for = 'light_snapshot_creating', 9
        response = self.client.get(INDEX, {'action': 'row_update', 'table': 'instances', 'obj_id': 'db-id'},
                                   HTTP_X_REQUESTED_WITH='XMLHttpRequest')
        self.assertContains(response, 'Taking Light Snapshot')
        self.db.busy_for = 0
        response = self.client.get(INDEX, {'action': 'row_update', 'table': 'instances', 'obj_id': 'db-id'},
                                   HTTP_X_REQUESTED_WITH='XMLHttpRequest')
        self.assertContains(response, '%s?next=%s' % (
            self.form('take', 'db-id'), INDEX.replace('/', '%2F')))

    def test_instance_page(self):
        response = self.client.get(reverse('horizon:project:instances:detail', args=['db-id']))
        self.assertContains(response, self.form('take', 'db-id') + '?next=')


class ColumnTest(DashboardTest):

    def cell(self, server_id, table=project_tables.InstancesTable, **more):
        self.extra_body = more
        instance = self.server_get(self.request, server_id)
        row, = table(self.request, data=[instance]).get_rows()
        return parse(row.render()).one('td', 'light-snapshots-column')

    def test_stands_beside_the_status(self):
        for table in (project_tables.InstancesTable, admin_tables.AdminInstancesTable):
            names = list(table._columns)
            self.assertEqual(names[names.index('status') + 1], 'light_snapshots')
            self.assertEqual(names[-1], 'actions')

    def test_state(self):
        for table in (project_tables.InstancesTable, admin_tables.AdminInstancesTable):
            self.assertEqual(self.cell('web-id', table).text, '-')
            self.assertEqual(self.cell('db-id', table).text, 'On History')
        self.db.store, self.db.daily = False, True
        cell = self.cell('db-id')
        self.assertEqual(cell.text, 'On Daily')
        self.assertEqual(cell.one(cls='light-snapshot-daily')['title'], 'One is taken every day.')

    def test_count_where_the_api_tells_it(self):
        self.assertEqual(self.cell('db-id', light_snapshot_count=12).text, 'On: 12 History')
        self.assertEqual(self.cell('db-id', light_snapshot_count=None).text, 'On History')

    def test_header_in_the_language_of_the_reader(self):
        for language, name in (('zh-hans', u'\u8f7b\u91cf\u5feb\u7167'), ('en', 'Light Snapshots')):
            self.client.cookies['django_language'] = language
            header = parse(self.client.get(INDEX)).one('th', 'light-snapshots-column')
            self.assertEqual(header.text, name)


class PolicyTest(DashboardTest):

    def can(self, verb, rules, allow):
        enforcer = mock.Mock(rules=rules)
        with mock.patch('openstack_auth.policy._get_enforcer', return_value={'compute': enforcer}), \
                mock.patch.object(rights.policy, 'check', return_value=allow) as check:
            instance = self.server_get(self.request, 'db-id')
            return rights.can(self.request, verb, instance), check

    def test_rule_that_horizon_does_not_know(self):
        can, check = self.can(rights.TAKE, {'default': None}, False)
        self.assertTrue(can)
        self.assertFalse(check.called)

    def test_rule_that_forbids(self):
        can, check = self.can(rights.TAKE, {'os_compute_api:light-snapshot:create': None}, False)
        self.assertFalse(can)
        self.assertEqual(check.call_args[0][0], (('compute', 'os_compute_api:light-snapshot:create'),))
        self.assertEqual(check.call_args[0][2], {'project_id': 'p1', 'tenant_id': 'p1'})

    def test_rule_that_allows(self):
        self.assertTrue(self.can(rights.TAKE, {'os_compute_api:light-snapshot:create': None}, True)[0])


class AdminTest(DashboardTest):

    def setUp(self):
        super(AdminTest, self).setUp()
        self.setActiveUser(id=self.user.id, token=self.token, username=self.user.name, domain_id=self.domain.id,
                           tenant_id=self.tenant.id, service_catalog=self.service_catalog,
                           roles=[{'name': 'admin'}], authorized_tenants=self.tenants.list())
        self.patch(api.keystone, 'tenant_list', lambda *_args, **_kwargs: (self.tenants.list(), False))

    def test_table_links_back_to_itself(self):
        index = reverse('horizon:admin:instances:index')
        response = self.client.get(index)
        self.assertContains(response, '%s?next=%s' % (
            self.form('disable', 'db-id'), index.replace('/', '%2F')))

    def test_tab_links_back_to_itself(self):
        page = reverse('horizon:admin:instances:detail', args=['db-id'])
        response = self.client.get(page + '?tab=instance_details__light_snapshots',
                                   HTTP_X_REQUESTED_WITH='XMLHttpRequest')
        self.assertContains(response, '%s?next=%s%%3Ftab%%3D' % (
            self.form('recover_to', 'db-id', 1), page.replace('/', '%2F')))
