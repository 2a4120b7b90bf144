"""Puts our tab and actions on Horizon's instance pages.

Horizon has no hook for row actions in any release, and for tabs only from 14
on. What is extended here is extended in place and only once; whatever does
not look as expected is logged and left alone, so that Horizon always starts.
"""

import importlib
import logging

from django.utils import module_loading

LOG = logging.getLogger(__name__)

_PAGES = 'openstack_dashboard.dashboards.'
_TABLES = ((_PAGES + 'project.instances.tables', 'InstancesTable'),
           (_PAGES + 'admin.instances.tables', 'AdminInstancesTable'))
_TAB_GROUPS = ((_PAGES + 'project.instances.tabs', 'InstanceDetailTabs'),
               (_PAGES + 'admin.instances.tabs', 'AdminInstanceDetailTabs'))
# Ours stand together, right after Horizon's own 'Create Snapshot'.
_AFTER = 'snapshot'
_BESIDE = 'status'


def everything():
    """Extends all pages that this release of Horizon has."""
    for module, name in _TABLES:
        _extend(_table, module, name)
    for module, name in _TAB_GROUPS:
        _extend(_tab_group, module, name)


def _extend(how, module_name, class_name):
    try:
        cls = _find(module_name, class_name)
        if cls is None:
            LOG.info('There is no %s.%s: nothing to extend there',
                     module_name, class_name)
        else:
            how(cls)
    except Exception:
        LOG.exception('Light snapshots could not extend %s.%s; the page stays '
                      'as it was', module_name, class_name)


def _find(module_name, class_name):
    # Before Horizon 12 the administrator's instance page has the tabs of the
    # project's.
    package, _dot, name = module_name.rpartition('.')
    if not module_loading.module_has_submodule(
            importlib.import_module(package), name):
        return None
    return getattr(importlib.import_module(module_name), class_name, None)


def _table(table):
    _row_actions(table)
    _batch_actions(table)
    _column(table)
    _task_names(table)


def _row_actions(table):
    from light_snapshot_dashboard.project import actions

    present = list(table._meta.row_actions)
    names = [action.name for action in present]
    new = [action for action in actions.ROW_ACTIONS
           if action.name not in names]
    instances = [(action.name, action()) for action in new]
    place = names.index(_AFTER) + 1 if _AFTER in names else len(present)
    present[place:place] = new
    # Only now that nothing can fail any more.
    table.base_actions.update(instances)
    table._meta.row_actions = type(table._meta.row_actions)(present)


def _batch_actions(table):
    from light_snapshot_dashboard.project import actions

    present = list(table._meta.table_actions_menu)
    names = [action.name for action in present]
    new = [action for action in actions.BATCH_ACTIONS
           if action.name not in names]
    instances = [(action.name, action()) for action in new]
    table.base_actions.update(instances)
    table._meta.table_actions_menu = type(table._meta.table_actions_menu)(
        present + new)


def _column(table):
    from light_snapshot_dashboard.project import columns

    name = columns.NAME
    if name in table._columns:
        return
    column = columns.of_instances()
    column.name = name
    column.classes.append('normal_column')
    for found in ('base_columns', '_columns'):
        present = getattr(table, found)
        items = list(present.items())
        names = [key for key, _column in items]
        if _BESIDE not in names:
            LOG.info('%s has no column %s: ours is left out',
                     table.__name__, _BESIDE)
            return
        items.insert(names.index(_BESIDE) + 1, (name, column))
        setattr(table, found, type(present)(items))


def _task_names(table):
    from light_snapshot_dashboard.project import labels

    column = table.base_columns.get('task')
    choices = getattr(column, 'display_choices', None)
    if choices is None:
        return
    known = [value for value, _label in choices]
    column.display_choices = tuple(choices) + tuple(
        choice for choice in labels.TASKS if choice[0] not in known)


def _tab_group(group):
    from light_snapshot_dashboard.project import tabs as our_tabs

    if _reads_extra_tabs():
        return
    ours = our_tabs.LightSnapshotsTab
    # The admin's group may inherit the project's.
    if all(tab.slug != ours.slug for tab in group.tabs):
        group.tabs = tuple(group.tabs) + (ours,)


def _reads_extra_tabs():
    """True from Horizon 14 on: there EXTRA_TABS of our enabled file does it."""
    from horizon import tabs

    return hasattr(tabs.TabGroup, '_load_tabs_from_config')
