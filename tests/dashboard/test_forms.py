"""The forms behind the actions: what they ask of the API, and what they tell the user."""

from django.contrib.messages import get_messages
from light_snapshot_dashboard.compat import reverse

from base import DashboardTest
from base import INDEX
from base import mock

import stub_api

DETAIL = reverse('horizon:project:instances:detail', args=['db-id'])
TAB = DETAIL + '?tab=instance_details__light_snapshots'
DB = '/servers/db-id/action'


class _Form(DashboardTest):

    def told(self, response):
        return [str(message) for message in get_messages(response.wsgi_request)]

    def assertDone(self, response, where=TAB):
        self.assertNoFormErrors(response)
        self.assertRedirectsNoFollow(response, where)


class FormTest(_Form):

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
        self.assertContains(self.client.get(address), 'All restore points go away for good (3).')
        self.assertDone(self.client.post(address))
        self.assertEqual(self.asked(), [(DB, {'disableSnapshot': None})])

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

    def test_take_without_history_says_so(self):
        self.assertNotContains(self.client.get(self.form('take', 'db-id')), 'History is not kept')
        self.db.store = False
        self.assertContains(self.client.get(self.form('take', 'db-id')), 'History is not kept')

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


class RecoverTest(_Form):

    def seen(self, address):
        return self.client.get(address).context['form'].initial['seen']

    def test_says_what_is_lost(self):
        response = self.client.get(self.form('recover_to', 'db-id', 1))
        self.assertContains(response, '&quot;db&quot; goes back to #1 &quot;before upgrade&quot;, '
                                      'taken on 2026-01-02 03:04:01.')
        self.assertContains(response, 'Everything written to the disk since 2026-01-02 03:04:01 is lost.')
        self.assertContains(response, 'No restore point goes away.')
        self.assertContains(response, 'The instance is running and is restarted.')

    def test_names_the_restore_points_that_go_away(self):
        self.db.store = False
        self.db.add('last', 'newer')
        response = self.client.get(self.form('recover_to', 'db-id', 2))
        self.assertContains(response, 'These restore points go away: #3 &quot;newer&quot;.')
        response = self.client.get(self.form('recover_to', 'db-id', 3))
        self.assertContains(response, 'No restore point goes away.')

    def test_choice_says_what_goes_away(self):
        self.db.store = False
        self.db.add('last', 'newer')
        choices = dict(self.client.get(self.form('recover', 'db-id')).context['form'].fields['target'].choices)
        self.assertEqual(choices[3], '#3 "newer" (Last snapshot, 2026-01-02 03:04:03)')
        self.assertEqual(choices[2], '#2 "after <b>upgrade</b>" (Root disk, 2026-01-02 03:04:02); '
                                     'takes away #3 "newer"')

    def test_stopped_server_is_not_restarted(self):
        self.db.status = 'SHUTOFF'
        self.assertNotContains(self.client.get(self.form('recover_to', 'db-id', 1)), 'restarted')

    def test_to_an_index(self):
        address = self.form('recover_to', 'db-id', 1)
        response = self.client.post(address, {'target': '1', 'seen': self.seen(address)})
        self.assertDone(response)
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1}})])
        self.assertIn('Recovering "db" to #1 "before upgrade".', self.told(response)[0])

    def test_to_the_root_disk(self):
        address = self.form('recover_to', 'db-id', 0)
        self.assertDone(self.client.post(address, {'target': '0', 'seen': self.seen(address)}))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 0}})])

    def test_choice_starts_at_the_last_snapshot(self):
        address = self.form('recover', 'db-id')
        response = self.client.get(address)
        self.assertEqual(response.context['form'].initial['target'], 2)
        self.assertEqual([index for index, _label in response.context['form'].fields['target'].choices], [2, 1, 0])
        self.assertContains(response, 'after &lt;b&gt;upgrade&lt;/b&gt;')
        self.assertDone(self.client.post(address, {'target': '1', 'seen': self.seen(address)}))
        self.assertEqual(self.asked(), [(DB, {'recoverInstance': {'snap_index': 1}})])

    def test_old_page(self):
        address = self.form('recover_to', 'db-id', 1)
        seen = self.seen(address)
        self.db.add('last', 'taken meanwhile')
        response = self.client.post(address, {'target': '1', 'seen': seen})
        self.assertContains(response, 'The restore points have changed since this page was opened.')
        self.assertEqual(self.asked(), [])

    def test_target_of_another_page(self):
        address = self.form('recover_to', 'db-id', 1)
        self.assertFormErrors(self.client.post(address, {'target': '0', 'seen': self.seen(address)}), 1)
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
        seen = self.seen(address)
        self.stub._recoverInstance = mock.Mock(side_effect=stub_api.Refused(409, 'The compute host is down.'))
        response = self.client.post(address, {'target': '1', 'seen': seen})
        self.assertContains(response, 'The instance was not recovered. The compute host is down.')
