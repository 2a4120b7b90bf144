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

    def test_busy(self):
        self.db.task, self.db.busy_for = 'rebooting', 9
        self.assertEqual(self.shown('db-id'), [])

    def test_other_status(self):
        for status in ('PAUSED', 'ERROR', 'SHELVED_OFFLOADED', 'VERIFY_RESIZE', 'BUILD'):
            self.db.status = self.web.status = status
            self.assertEqual(self.shown('db-id') + self.shown('web-id'), [])

    def test_started_from_a_volume(self):
        self.extra_body = {'image': ''}
        self.assertEqual(self.shown('web-id'), [])

    def test_locked(self):
        self.extra_body = {'locked': True}
        self.assertEqual(self.shown('db-id'), [])
        self.request.user = mock.Mock(is_superuser=True)
        self.assertEqual(self.shown('db-id'), ENABLED)

    def test_cloud_without_the_package(self):
        instance = self.server_get(self.request, 'db-id')
        for name in ('light_snapshot_enabled', 'snapshot_store', 'snapshot_daily'):
            del instance._apiresource._info[name]
            delattr(instance._apiresource, name)
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
