"""The tab on the instance page."""

from base import DashboardTest
from base import mock

AJAX = {'HTTP_X_REQUESTED_WITH': 'XMLHttpRequest'}


class TabTest(DashboardTest):

    def rows(self, response):
        table = response.context['restore_points_table']
        return [[cell.value for cell in row] for row in table.get_rows()]

    def test_page_has_the_tab(self):
        self.assertContains(self.tab('db-id'), 'Light Snapshots')

    def test_rows(self):
        response = self.tab('db-id', **AJAX)
        rows = self.rows(response)
        self.assertEqual([(str(row[1]), str(row[2]), str(row[3]), str(row[4])) for row in rows],
                         [('#0', 'Root disk', '-', '2026-01-02 03:04:00'),
                          ('#1', 'Kept', '#0', '2026-01-02 03:04:01'),
                          ('#2', 'Last snapshot', '#1', '2026-01-02 03:04:02')])
        self.assertContains(response, 'You are here', count=1)
        self.assertContains(response, '(no name)', count=1)
        self.assertContains(response, 'Crash-consistent', count=3)

    def test_names_are_text(self):
        response = self.tab('db-id', **AJAX)
        self.assertContains(response, 'after &lt;b&gt;upgrade&lt;/b&gt;')
        self.assertNotContains(response, '<b>upgrade')

    def test_times_in_the_zone_of_the_user(self):
        # Horizon itself sets no zone for a tab that the browser loads alone.
        self.client.cookies['django_timezone'] = 'Asia/Shanghai'
        self.assertContains(self.tab('db-id', **AJAX), '2026-01-02 11:04:02')

    def test_headers_in_the_language_of_the_reader(self):
        for language, name in (('zh-hans', u'\u521b\u5efa\u65f6\u95f4'), ('en', 'Created At')):
            self.client.cookies['django_language'] = language
            self.assertContains(self.tab('db-id', **AJAX), name, count=1)

    def test_actions(self):
        response = self.tab('db-id', **AJAX)
        for name, args in (('take', ['db-id']), ('settings', ['db-id']), ('disable', ['db-id']),
                           ('recover_to', ['db-id', 1]), ('rename', ['db-id', 1])):
            self.assertContains(response, self.form(name, *args) + '?next=')
        self.assertNotContains(response, self.form('enable', 'db-id'))

    def test_not_enabled(self):
        response = self.tab('web-id', **AJAX)
        self.assertContains(response, 'Light snapshots are not enabled for this instance.')
        self.assertContains(response, self.form('enable', 'web-id'))
        self.assertNotContains(response, self.form('take', 'web-id'))

    def test_started_from_a_volume(self):
        self.extra_body = {'image': ''}
        response = self.tab('web-id', **AJAX)
        self.assertContains(response, 'started from a volume')
        self.assertNotContains(response, self.form('enable', 'web-id'))

    def test_busy(self):
        self.db.task = 'light_snapshot_committing'
        self.db.busy_for = 99
        response = self.tab('db-id', **AJAX)
        self.assertContains(response, 'A task is under way: Committing Light Snapshots.')
        self.assertNotContains(response, self.form('take', 'db-id'))
        self.assertNotContains(response, self.form('recover_to', 'db-id', 1))
        self.assertContains(response, self.form('rename', 'db-id', 1))

    def test_committed(self):
        self.db.committed = True
        response = self.tab('db-id', **AJAX)
        self.assertContains(response, 'Committed to the root disk')
        self.assertNotContains(response, '%s?next=%s' % (self.form('take', 'db-id'), '%2Fproject%2Finstances%2Fdb-id%2F%3F'))
        self.assertNotContains(response, self.form('recover_to', 'db-id', 1))
        self.assertContains(response, self.form('disable', 'db-id'))

    def test_api_without_light_snapshots(self):
        self.db.listing = mock.Mock(side_effect=self.refuse(404, 'The resource could not be found.'))
        response = self.tab('db-id', **AJAX)
        self.assertContains(response, 'The restore points could not be read. The resource could not be found.')
        self.assertContains(self.tab('db-id'), 'Overview')

    def refuse(self, code, message):
        import stub_api
        return stub_api.Refused(code, message)

    def test_one_request_for_the_listing(self):
        for number in range(50):
            self.db.add('last', str(number))
        del self.stub.requests[:]
        self.tab('db-id', **AJAX)
        asked = [address for _method, address, _body in self.stub.requests]
        self.assertEqual(set(asked), {'/servers/db-id', '/servers/db-id/light-snapshots'})
        self.assertEqual(asked.count('/servers/db-id/light-snapshots'), 1)
