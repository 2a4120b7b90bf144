"""Several servers at once: from the instances table to the page that says what happens to each, and what that asks."""

import json

from openstack_dashboard.dashboards.admin.instances import tables as admin_tables
from openstack_dashboard.dashboards.project.instances import tables as project_tables

from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import reverse
from light_snapshot_dashboard.project import actions
from light_snapshot_dashboard.project import batch

from base import DashboardTest
from base import INDEX
from base import mock
from parsed import nameless
from parsed import parse

import stub_api

NAMES = [action.name for action in actions.BATCH_ACTIONS]


class MenuTest(DashboardTest):

    def offered(self, *server_ids, **options):
        table = options.get('table', project_tables.InstancesTable)
        bound = table(self.request, data=[self.server_get(self.request, each) for each in server_ids])
        return [action.name[len('light_snapshot_batch_'):] for action in bound.get_table_actions()
                if action.name in NAMES]

    def test_what_makes_sense_for_one_of_them(self):
        for table in (project_tables.InstancesTable, admin_tables.AdminInstancesTable):
            self.assertEqual(self.offered('web-id', table=table), ['enable'])
            self.assertEqual(self.offered('db-id', table=table), ['take', 'recover', 'disable'])
            self.assertEqual(self.offered('web-id', 'db-id', table=table), ['enable', 'take', 'recover', 'disable'])
            self.assertEqual(self.offered(table=table), [])

    def test_policy(self):
        with mock.patch.object(rights, 'permitted', lambda _request, verb, _instance: verb == 'create'):
            self.assertEqual(self.offered('web-id', 'db-id'), ['take'])

    def test_leads_to_the_page_that_asks(self):
        response = self.client.post(INDEX, {'action': 'instances__light_snapshot_batch_take',
                                            'object_ids': ['web-id', 'db-id']})
        self.assertRedirectsNoFollow(response, '%s?id=web-id&id=db-id&next=%s' % (
            reverse('horizon:project:light_snapshots:batch_take'), INDEX.replace('/', '%2F')))
        self.assertEqual(self.asked(), [])

    def test_button_in_the_menu(self):
        page = parse(self.client.get(INDEX))
        for name in NAMES:
            button = page.one('button', id='instances__action_' + name)
            self.assertEqual(button['value'], 'instances__' + name)
            # Horizon would ask by itself, without knowing what is lost.
            self.assertNotIn('btn-danger', button.classes)


class BatchTest(DashboardTest):

    def setUp(self):
        super(BatchTest, self).setUp()
        self.db2 = self.stub.add_server('db2-id', 'db2')
        self.db2.flavor = self.db.flavor
        self.db2.enabled = True
        self.db2.add('root')
        self.db2.add('last', 'only')

    def address(self, name, *server_ids):
        return reverse('horizon:project:light_snapshots:batch_' + name) + '?' + '&'.join(
            ['id=' + each for each in server_ids] + ['next=' + INDEX])

    def page(self, *args):
        return parse(self.client.get(self.address(*args)))

    def of(self, page, server_id):
        return page.one(id='light_snapshot_server_' + server_id)

    def send(self, work, *server_ids, **changes):
        """Sends the page as it came; returns what the user is told."""
        address = self.address(work, *server_ids)
        data = self.filled(address, **changes)
        action = parse(self.client.get(address)).one('form', id='light_snapshot_batch_form')['action']
        return self.post(action, data)

    def post(self, action, data):
        response = self.client.post(action, data)
        self.assertDone(response, INDEX)
        return ' '.join(self.told(response))

    def test_enable(self):
        page = self.page('enable', 'web-id', 'db-id')
        self.assertFalse(self.of(page, 'web-id').has(cls='light-snapshot-left-out'))
        self.assertEqual(self.of(page, 'db-id').one(cls='light-snapshot-left-out').text,
                         'Left out: light snapshots are enabled already, or not possible.')
        told = self.send('enable', 'web-id', 'db-id', store='on', safety=None)
        self.assertEqual(self.asked(), [('/servers/web-id/action', {'enableSnapshot': {'store': True, 'daily': False}})])
        self.assertIn('Enabling light snapshots for "web".', told)
        self.assertIn('Nothing was done to "db" (light snapshots are enabled already, or not possible).', told)

    def test_take(self):
        self.db2.add('last', 'newer')
        page = self.page('take', 'db-id', 'db2-id', 'web-id')
        self.assertFalse(self.of(page, 'db-id').has(cls='light-snapshot-losses'))
        self.assertIn('These restore points go away for good: #1 "only".', self.of(page, 'db2-id').text)
        self.assertIn('Left out: light snapshots are not enabled.', self.of(page, 'web-id').text)
        told = self.send('take', 'db-id', 'db2-id', name='n', description='d')
        self.assertEqual(self.asked(), [
            ('/servers/%s/action' % each, {'createSnapshot': {'name': 'n', 'description': 'd', 'quiesce': False}})
            for each in ('db-id', 'db2-id')])
        self.assertIn('Light snapshots taken: "db", "db2".', told)

    def test_recover(self):
        page = self.page('recover', 'db-id', 'db2-id')
        self.assertIn('Goes back to #2 "after <b>upgrade</b>"', self.of(page, 'db-id').text)
        self.assertIn('The safety snapshot keeps it', self.of(page, 'db-id').text)
        self.assertIn('Everything written to the disks since #1 "only"', self.of(page, 'db2-id').text)
        self.assertIn('This cannot be undone.', self.of(page, 'db2-id').text)
        told = self.send('recover', 'db-id', 'db2-id')
        self.assertEqual(self.asked(), [
            ('/servers/db-id/action', {'recoverInstance': {'snap_index': 2, 'safety': True}}),
            ('/servers/db2-id/action', {'recoverInstance': {'snap_index': 1}})])
        self.assertIn('Recovering "db", "db2".', told)

    def test_recover_without_safety(self):
        self.send('recover', 'db-id', safety=None)
        self.assertEqual(self.asked(), [('/servers/db-id/action', {'recoverInstance': {'snap_index': 2, 'safety': False}})])

    def test_disable(self):
        self.assertIn('These restore points go away for good: #0, #1 "only".',
                      self.of(self.page('disable', 'db2-id'), 'db2-id').text)
        self.send('disable', 'db-id', 'db2-id')
        self.assertEqual([address for address, _body in self.asked()], ['/servers/db-id/action', '/servers/db2-id/action'])

    def test_what_cannot_be_done_now(self):
        self.db.preview, self.db2.committed = 1, True
        page = self.page('recover', 'db-id', 'db2-id', 'nobody')
        self.assertIn('Left out: a preview is shown.', self.of(page, 'db-id').text)
        self.assertIn('Left out: all its layers are committed.', self.of(page, 'db2-id').text)
        self.assertIn('Left out: Instance nobody could not be found.', self.of(page, 'nobody').text)
        self.db.status = 'PAUSED'
        self.assertIn('Left out: neither active nor shut off.', self.of(self.page('recover', 'db-id'), 'db-id').text)
        self.send('recover', 'db-id', 'db2-id', 'nobody')
        self.assertEqual(self.asked(), [])
        # Committed layers are no reason to keep light snapshots on.
        self.assertFalse(self.page('disable', 'db2-id').has(cls='light-snapshot-left-out'))

    def test_old_page_does_only_what_was_read(self):
        address = self.address('recover', 'db-id', 'db2-id')
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        told = self.post(address, data)
        self.assertEqual([where for where, _body in self.asked()], ['/servers/db2-id/action'])
        self.assertIn('Nothing was done to "db" (the restore points have changed since this page was opened).', told)

    def test_refusal_of_one(self):
        recover = self.stub._recoverInstance

        def refuse(server, arguments):
            if server is self.db:
                raise stub_api.Refused(409, 'The compute host is down.')
            recover(server, arguments)
        self.stub._recoverInstance = refuse
        told = self.send('recover', 'db-id', 'db2-id')
        self.assertIn('Nothing was done to "db" (The compute host is down).', told)
        self.assertIn('Recovering "db2".', told)

    def test_form_of_another_page(self):
        for seen in ('', 'x', '[]', '3', '{}'):
            response = self.client.post(self.address('disable', 'db-id'), {'seen': seen})
            self.assertRedirectsNoFollow(response, INDEX)
        self.post(self.address('disable'), {'seen': json.dumps({'db-id': 'x'})})
        self.assertEqual(self.asked(), [])

    def test_none_and_too_many(self):
        response = self.client.get(self.address('take'))
        self.assertRedirectsNoFollow(response, INDEX)
        self.assertIn('Tick the instances first.', ' '.join(self.told(response)))
        response = self.client.get(self.address('take', *['id%d' % number for number in range(batch.MOST + 1)]))
        self.assertIn('Tick 50 instances at most.', ' '.join(self.told(response)))

    def test_every_control_has_a_name(self):
        form = self.page('take', 'db-id').one('form', id='light_snapshot_batch_form')
        self.assertEqual([control.attributes for control in nameless(form) if 'help-icon' not in control.classes], [])
