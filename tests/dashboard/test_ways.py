"""Recover, and preview with its two ends: what the dialogs ask of the API, and what they say is lost."""

from light_snapshot_dashboard.compat import text_type

from base import DashboardTest
from base import INDEX
from base import TAB
from base import mock
from parsed import parse

import stub_api

DB = '/servers/db-id/action'
CHANGED = 'The restore points have changed since this page was opened.'


class _Way(DashboardTest):

    def said(self, address):
        """(help, losses)."""
        return self.dialog(address)


class RecoverTest(_Way):

    def without_history(self):
        self.db.store = False
        self.db.points = []
        for state, name in (('root', ''), ('last', 'newer')):
            self.db.add(state, name)

    def test_says_what_is_lost(self):
        for_all, lost = self.said(self.form('recover_to', 'db-id', 1))
        self.assertEqual(for_all, '"db" goes back to #1 "before upgrade", taken on 2026-01-02 03:04:01. '
                                  'The instance is running and is restarted.')
        self.assertEqual(lost, 'Everything written to the disks since #2 "after <b>upgrade</b>" (2026-01-02 03:04:02) is '
                               'lost: 3.0 MB. No restore point goes away. The safety snapshot keeps it: what the disks hold '
                               'now becomes a restore point of its own, without copying.')

    def test_says_what_is_lost_without_history(self):
        self.without_history()
        for_all, lost = self.said(self.form('recover_to', 'db-id', 0))
        self.assertIn('There is no safety snapshot: this instance does not keep its history.', for_all)
        # 3 MB since the last snapshot, and 128 KB from the root disk to that.
        self.assertEqual(lost, 'Everything written to the disks since #0 (2026-01-02 03:04:00) is lost: 3.1 MB. '
                               'These restore points go away for good: #1 "newer". This cannot be undone.')
        self.assertIn('No restore point goes away.', self.said(self.form('recover_to', 'db-id', 1))[1])
        self.db.written = None
        self.assertIn('(2026-01-02 03:04:00) is lost. These', self.said(self.form('recover_to', 'db-id', 0))[1])

    def test_choice_says_what_goes_away(self):
        self.without_history()
        choices = dict(self.client.get(self.form('recover', 'db-id')).context['form'].fields['target'].choices)
        self.assertEqual(choices[1], '#1 "newer" (Last snapshot, 2026-01-02 03:04:01)')
        self.assertEqual(choices[0], '#0 (Root disk, 2026-01-02 03:04:00); takes away #1 "newer"')

    def test_stopped_server_is_not_restarted(self):
        self.db.status = 'SHUTOFF'
        self.assertNotIn('restarted', self.said(self.form('recover_to', 'db-id', 1))[0])

    def test_to_an_index(self):
        address = self.form('recover_to', 'db-id', 1)
        response = self.client.post(address, self.filled(address))
        self.assertDone(response)
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1, 'safety': True}})])
        self.assertIn('Recovering "db" to #1 "before upgrade".', self.told(response)[0])

    def test_safety_is_ticked_and_can_be_left_out(self):
        address = self.form('recover_to', 'db-id', 0)
        box = parse(self.client.get(address)).one('input', name='safety')
        self.assertIn('checked', box.attributes)
        self.assertDone(self.client.post(address, self.filled(address, safety=None)))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 0, 'safety': False}})])

    def test_no_safety_where_the_api_refuses_it(self):
        self.without_history()
        address = self.form('recover_to', 'db-id', 1)
        self.assertFalse(parse(self.client.get(address)).has('input', name='safety'))
        # Not said, so that an older host does it as well.
        self.assertDone(self.client.post(address, self.filled(address, safety='on')))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1}})])

    def test_no_safety_where_the_host_is_older(self):
        for point in self.db.points:
            del point['safety']
        address = self.form('recover_to', 'db-id', 1)
        for_all, lost = self.said(address)
        self.assertIn('There is no safety snapshot: the compute host has an older light-snapshot.', for_all)
        self.assertTrue(lost.endswith('is lost: 3.0 MB. No restore point goes away. This cannot be undone.'), lost)
        self.assertDone(self.client.post(address, self.filled(address)))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1}})])

    def test_choice_starts_at_the_last_snapshot(self):
        address = self.form('recover', 'db-id')
        response = self.client.get(address)
        self.assertEqual(response.context['form'].initial['target'], 2)
        self.assertEqual([index for index, _label in response.context['form'].fields['target'].choices], [2, 1, 0])
        self.assertContains(response, 'after &lt;b&gt;upgrade&lt;/b&gt;')
        self.assertDone(self.client.post(address, self.filled(address, target='1')))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1, 'safety': True}})])

    def test_old_page(self):
        address = self.form('recover_to', 'db-id', 1)
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        self.assertContains(self.client.post(address, data), CHANGED)
        self.assertEqual(self.asked(), [])

    def test_page_from_before_the_history_was_switched_off(self):
        address = self.form('recover_to', 'db-id', 1)
        data = self.filled(address)
        self.db.store = False
        self.assertContains(self.client.post(address, data), CHANGED)
        self.assertEqual(self.asked(), [])

    def test_target_of_another_page(self):
        address = self.form('recover_to', 'db-id', 1)
        self.assertFormErrors(self.client.post(address, self.filled(address, target='0')), 1)
        self.assertEqual(self.asked(), [])

    def test_unknown_index(self):
        response = self.client.get(self.form('recover_to', 'db-id', 9))
        self.assertRedirectsNoFollow(response, TAB)
        self.assertIn('There is no restore point #9.', self.told(response)[0])

    def test_server_without_restore_points(self):
        response = self.client.get(self.form('recover', 'web-id') + '?next=' + INDEX)
        self.assertRedirectsNoFollow(response, INDEX)
        self.assertIn('This instance has no restore points.', self.told(response)[0])

    def test_refusal(self):
        address = self.form('recover_to', 'db-id', 1)
        data = self.filled(address)
        self.stub._recoverInstance = mock.Mock(side_effect=stub_api.Refused(409, 'The compute host is down.'))
        self.assertContains(self.client.post(address, data), 'The instance was not recovered. The compute host is down.')


class PreviewTest(_Way):

    def test_begin(self):
        address = self.form('preview', 'db-id', 1)
        for_all, lost = self.said(address)
        self.assertIn('"db" runs on #1 "before upgrade", taken on 2026-01-02 03:04:01, so that you can look at it.', for_all)
        self.assertIn('Nothing is lost: what the disks hold now stays aside', for_all)
        self.assertIn('restarted', for_all)
        self.assertEqual(lost, '')
        response = self.client.post(address, self.filled(address))
        self.assertDone(response)
        self.assertEqual(self.asked(), [(DB, {'previewInstance': {'snap_index': 1}})])
        self.assertIn('Beginning a preview of #1 "before upgrade" on "db".', self.told(response))

    def test_keep(self):
        self.db.preview = 1
        address = self.form('keep', 'db-id')
        for_all, lost = self.said(address)
        self.assertIn('"db" stays on #1 "before upgrade", taken on 2026-01-02 03:04:01', for_all)
        self.assertEqual(lost, 'No restore point goes away. What the disks held before the preview becomes a restore point '
                               'of its own.')
        self.assertDone(self.client.post(address, self.filled(address)))
        self.assertEqual(self.asked(), [(DB, {'keepPreview': None})])

    def test_keep_without_history(self):
        self.db.store, self.db.preview = False, 1
        self.assertEqual(self.said(self.form('keep', 'db-id'))[1],
                         'What the disks held before the preview, and no restore point holds, is lost. '
                         'These restore points go away for good: #2 "after <b>upgrade</b>". This cannot be undone.')

    def test_undo(self):
        self.db.preview = 1
        address = self.form('undo', 'db-id')
        for_all, lost = self.said(address)
        self.assertIn('"db" leaves the preview of #1 "before upgrade"', for_all)
        self.assertIn('restarted', for_all)
        self.assertEqual(lost, 'Everything written to the disks in the preview is lost: 3.0 MB. No restore point goes away. '
                               'This cannot be undone.')
        self.assertDone(self.client.post(address, self.filled(address)))
        self.assertEqual(self.asked(), [(DB, {'undoPreview': None})])

    def test_old_page_ends_no_other_preview(self):
        self.db.preview = 1
        data = [(self.form(name, 'db-id'), self.filled(self.form(name, 'db-id'))) for name in ('keep', 'undo')]
        self.db.preview = 0
        for address, filled in data:
            self.assertContains(self.client.post(address, filled), CHANGED)
        self.db.preview = None
        for address, filled in data:
            response = self.client.post(address, filled)
            self.assertRedirectsNoFollow(response, TAB)
            self.assertIn('This instance shows no preview.', self.told(response)[0])
        self.assertEqual(self.asked(), [])

    def test_previewed_point_that_is_not_listed(self):
        self.db.preview = 9
        self.assertIn('"db" stays on #9', text_type(self.said(self.form('keep', 'db-id'))[0]))
