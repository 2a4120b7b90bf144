"""The forms behind the actions: what they ask of the API, and what they tell the user."""

from base import DashboardTest
from base import INDEX
from base import TAB
from base import mock

DB = '/servers/db-id/action'


class FormTest(DashboardTest):

    # Enable and disable.

    def test_enable(self):
        address = self.form('enable', 'web-id')
        self.assertContains(self.client.get(address), 'Keep history')
        response = self.client.post(address + '?next=' + INDEX, {'store': 'on'})
        self.assertDone(response, INDEX)
        self.assertEqual(self.asked(), [
            ('/servers/web-id/action', {'enableSnapshot': {'store': True, 'daily': False}})])
        self.assertIn('Enabling light snapshots for "web".', self.told(response)[0])

    def test_disable_says_what_is_lost(self):
        address = self.form('disable', 'db-id')
        _help, lost = self.dialog(address)
        self.assertEqual(lost, 'These restore points go away for good: #0, #1 "before upgrade", '
                         '#2 "after <b>upgrade</b>". There are 3, with 192.0 KB of history. You cannot go back any more.')
        self.assertDone(self.client.post(address, self.filled(address)))
        self.assertEqual(self.asked(), [(DB, {'disableSnapshot': None})])

    def test_old_page_disables_nothing(self):
        address = self.form('disable', 'db-id')
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        self.assertContains(self.client.post(address, data), 'The restore points have changed since this page was opened.')
        self.assertEqual(self.asked(), [])

    # Commit.

    def test_commit_says_what_is_lost(self):
        address = self.form('commit', 'db-id')
        self.assertEqual(self.dialog(address)[1], 'No restore point goes away. This cannot be undone.')
        self.db.store = False
        self.db.points[1].update(state='root', kept=False)
        self.assertEqual(self.dialog(address)[1], 'These restore points go away for good: #1 "before upgrade", '
                         '#2 "after <b>upgrade</b>". This cannot be undone.')
        self.assertDone(self.client.post(address, self.filled(address)))
        self.assertEqual(self.asked(), [(DB, {'commitSnapshot': None})])

    # Settings.

    def test_settings_show_what_is_set(self):
        form = self.client.get(self.form('settings', 'db-id')).context['form']
        self.assertEqual(form.initial, {'store': True, 'daily': False})

    def test_settings_change_only_what_differs(self):
        self.assertDone(self.client.post(self.form('settings', 'db-id'), {'store': 'on', 'daily': 'on'}))
        self.assertEqual(self.asked(), [(DB, {'dailySnapshot': {'enable': True}})])

    def test_settings_change_both(self):
        self.assertDone(self.client.post(self.form('settings', 'db-id'), {'daily': 'on'}))
        self.assertEqual(self.asked(), [(DB, {'dailySnapshot': {'enable': True}}),
                                        (DB, {'storeSnapshot': {'enable': False}})])

    # Take.

    def test_take(self):
        response = self.client.post(self.form('take', 'db-id'), {'name': 'n', 'description': 'd'})
        self.assertDone(response)
        self.assertEqual(self.asked(), [
            (DB, {'createSnapshot': {'name': 'n', 'description': 'd', 'quiesce': False}})])
        self.assertIn('Light snapshot #3 of "db" taken.', self.told(response)[0])

    def test_take_without_history_says_what_goes_away(self):
        address = self.form('take', 'db-id')
        self.assertEqual(self.dialog(address)[1], '')
        self.db.store = False
        self.db.add('last', 'newer')
        self.assertEqual(self.dialog(address)[1], 'History is not kept: the snapshot before this one becomes part of the '
                         'root disk. These restore points go away for good: #2 "after <b>upgrade</b>".')

    def test_old_page_takes_one_only_where_nothing_is_lost(self):
        address = self.form('take', 'db-id')
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        self.assertDone(self.client.post(address, data))
        self.db.store = False
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        self.assertContains(self.client.post(address, data), 'The restore points have changed since this page was opened.')
        self.assertEqual(len(self.asked()), 1)

    def test_preview_comes_first(self):
        self.db.preview = 1
        for name in ('take', 'disable', 'commit', 'limits', 'recover', 'delete_several'):
            response = self.client.get(self.form(name, 'db-id'))
            self.assertRedirectsNoFollow(response, TAB)
            self.assertIn('This instance shows a preview: keep or undo it before anything else.', self.told(response))

    def test_refusal_is_shown_in_the_form(self):
        response = self.client.post(self.form('take', 'db-id'), {'name': 'mine', 'quiesce': 'on'})
        self.assertFormErrors(response, 1)
        self.assertContains(response, 'No light snapshot was taken. '
                                      'The QEMU guest agent of instance db-id does not answer.')
        self.assertContains(response, 'value="mine"')

    def test_old_page_of_a_disabled_server(self):
        response = self.client.post(self.form('take', 'web-id'), {})
        self.assertContains(response, 'Light snapshots are not enabled for instance web-id.')

    def test_too_long_a_name(self):
        self.assertFormErrors(self.client.post(self.form('take', 'db-id'), {'name': 'x' * 256}), 1)
        self.assertEqual(self.asked(), [])

    # Rename.

    def test_rename(self):
        address = self.form('rename', 'db-id', 1)
        self.assertContains(self.client.get(address), 'value="before upgrade"')
        self.assertDone(self.client.post(address, {'name': 'new', 'description': 'why'}))
        self.assertEqual(self.asked('PUT'), [
            ('/servers/db-id/light-snapshots/1', {'light_snapshot': {'name': 'new', 'description': 'why'}})])

    def test_rename_of_an_unknown_point(self):
        response = self.client.get(self.form('rename', 'db-id', 9))
        self.assertRedirectsNoFollow(response, TAB)
        self.assertIn('Restore point 9 of server db-id could not be found.', self.told(response)[0])

    # The way back.

    def test_returns_only_to_this_site(self):
        for page in ('https://evil.example/', '//evil.example/', 'javascript:alert(1)', '/\\evil.example', ''):
            response = self.client.post(self.form('rename', 'db-id', 1) + '?next=' + page, {'name': 'x'})
            self.assertDone(response)

    def test_unknown_server(self):
        response = self.client.get(self.form('enable', 'nobody') + '?next=' + INDEX)
        self.assertRedirectsNoFollow(response, INDEX)
        self.assertIn('Instance nobody could not be found.', self.told(response)[0])

    def test_session_over(self):
        from novaclient import exceptions
        with mock.patch('light_snapshot_dashboard.api.take', side_effect=exceptions.Unauthorized(401)):
            response = self.client.post(self.form('take', 'db-id'), {})
        # Horizon's own page for it, or before 13 its login; not our form.
        self.assertIn(response.status_code, (302, 403))
        self.assertTemplateNotUsed(response, 'light_snapshot_dashboard/form.html')
