"""Deletion of one restore point or several: what is asked of the API, and what is said to be lost."""

from light_snapshot_dashboard.project import deletion

from base import DashboardTest
from base import INDEX
from base import TAB
from base import mock
from parsed import parse

import stub_api

POINT = '/servers/db-id/light-snapshots/%d'


class DeletionTest(DashboardTest):

    def setUp(self):
        super(DeletionTest, self).setUp()
        self.patch(deletion, 'LOOK_EVERY', 0)
        # As the real one: busy until the space has come back.
        delete = self.stub._delete

        def busy(server, arguments):
            delete(server, arguments)
            server.busy_for = 2
        self.stub._delete = busy

    def deleted(self):
        return [address for address, _body in self.asked('DELETE')]

    def several(self, *indexes):
        return self.form('delete_several', 'db-id') + '?' + '&'.join('object_ids=%s' % index for index in indexes)

    def lost(self, address):
        return self.dialog(address)[1]

    def test_one(self):
        address = self.form('delete', 'db-id', 2)
        self.assertIn('To be deleted from "db": #2 "after <b>upgrade</b>", taken on 2026-01-02 03:04:02.',
                      self.dialog(address)[0])
        self.assertEqual(self.lost(address), 'These restore points go away for good: #2 "after <b>upgrade</b>". '
                                             'About 2.0 KB of space comes back. This cannot be undone.')
        response = self.client.post(address, self.filled(address))
        self.assertDone(response)
        self.assertEqual(self.deleted(), [POINT % 2])
        self.assertEqual(len(self.told(response)), 1)
        self.assertIn('Deleted from "db": #2', self.told(response)[0])

    def test_one_that_others_stand_on(self):
        self.assertIn('The restore points that stand on them stay', self.lost(self.form('delete', 'db-id', 1)))
        self.assertIn('No space comes back for now', self.lost(self.form('delete', 'db-id', 0)))
        self.assertNotIn('stand on them', self.lost(self.several(1, 2)))

    def test_space_that_is_not_known(self):
        self.db.points[1]['frees'] = None
        self.assertIn('How much space comes back cannot be told beforehand.', self.lost(self.several(1, 2)))

    def test_several_the_newest_first(self):
        address = self.several(0, 2, 1, 2)
        page = parse(self.client.get(address))
        self.assertEqual(page.one('input', name='chosen')['value'], '0,1,2')
        response = self.client.post(self.form('delete_several', 'db-id'), self.filled(address))
        self.assertDone(response)
        self.assertEqual(self.deleted(), [POINT % 2, POINT % 1, POINT % 0])

    def test_form_goes_back_to_where_the_user_was(self):
        address = self.several(1) + '&next=' + INDEX
        form = parse(self.client.get(address)).one('form', id='light_snapshot_delete_several_form')
        self.assertDone(self.client.post(form['action'], self.filled(address)), INDEX)

    def test_none_ticked(self):
        for address in (self.several(), self.several('x'), self.several(9)):
            response = self.client.get(address)
            self.assertRedirectsNoFollow(response, TAB)
            self.assertIn('Tick the restore points to delete first.', self.told(response)[0])

    def test_server_that_stays_busy(self):
        self.patch(deletion, 'PATIENCE', -1)
        address = self.several(1, 2)
        response = self.client.post(address, self.filled(address))
        self.assertDone(response)
        self.assertEqual(self.deleted(), [POINT % 2])
        told = ' '.join(self.told(response))
        self.assertIn('Not deleted: #1 "before upgrade". The instance is still busy with the others.', told)
        self.assertIn('Deleted from "db": #2', told)

    def test_second_one_is_refused(self):
        deleting = self.stub._delete

        def refuse(server, arguments):
            if arguments['index'] == 1:
                raise stub_api.Refused(409, 'No space.')
            deleting(server, arguments)
        self.stub._delete = refuse
        address = self.several(0, 1, 2)
        response = self.client.post(address, self.filled(address))
        self.assertDone(response)
        told = ' '.join(self.told(response))
        self.assertIn('Not deleted: #1 "before upgrade", #0. No space.', told)
        self.assertIn('Deleted from "db": #2', told)

    def test_first_one_is_refused(self):
        self.stub._delete = mock.Mock(side_effect=stub_api.Refused(409, 'The compute host is down.'))
        address = self.form('delete', 'db-id', 1)
        response = self.client.post(address, self.filled(address))
        self.assertContains(response, 'The restore points were not deleted. The compute host is down.')

    def test_old_page(self):
        address = self.form('delete', 'db-id', 1)
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        self.assertContains(self.client.post(address, data), 'The restore points have changed since this page was opened.')
        self.assertEqual(self.deleted(), [])

    def test_what_was_not_on_the_page(self):
        address = self.several(1)
        for chosen in ('9', '1,9', 'x', '1,x'):
            self.assertFormErrors(self.client.post(address, self.filled(address, chosen=chosen)), 1)
        self.assertEqual(self.deleted(), [])
