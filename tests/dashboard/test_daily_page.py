"""The administrator's page of daily snapshots."""

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import gathering
from light_snapshot_dashboard.admin import daily
from light_snapshot_dashboard.compat import reverse

from base import mock
from test_overview import _Overview
from test_overview import as_admin
from test_overview import owner

import stub_api

PAGE = reverse('horizon:admin:light_snapshots:daily')
FAR = '2126-01-01T00:00:00Z'


class DailyPageTest(_Overview):

    def setUp(self):
        super(DailyPageTest, self).setUp()
        as_admin(self)
        self.patch(dashboard_api.keystone, 'tenant_list', lambda *_args, **_kwargs: ([self.tenants.first()], False))
        self.project = self.tenants.first()
        self.db.points[1].update(daily='2126-01-01', created_at=FAR)
        self.db.retention = {'count': 5, 'days': 30}
        self.web.enabled = True
        self.web.add('root')
        self.answers = [{'servers': [
            owner('web-id', daily=True, host='compute-2', project_id='gone'),
            owner('db-id', daily=True, last_at=FAR, host='compute-1', project_id=self.project.id),
            owner('not-id', daily=False)], 'quota': None}]

    def rows(self):
        table = self.page(PAGE).one('table', id='light_snapshots_daily')
        return [[cell.text for cell in row.all('td')][1:-1] for row in table.one('tbody').all('tr') if row.get('data-object-id')]

    def test_rows_the_longest_without_first(self):
        self.assertEqual(self.rows(), [
            ['web', 'gone', 'compute-2', 'none', '2026-01-02 03:04:05', '-', 'None for two days or longer.'],
            ['db', self.project.name, 'compute-1', '2126-01-01', '2126-01-01 00:00:00',
             'at most 5 restore points, for 30 days', '-']])

    def test_what_is_known_of_all(self):
        page = self.page(PAGE)
        self.assertEqual(page.one(cls='light-snapshots-summary').text,
                         'Instances with a daily snapshot: 2. Of these without a snapshot for two days or longer: 1.')
        self.assertIn('from 02:00 UTC, for four hours, unless', page.one('p', cls='light-snapshots-note').text)
        self.assertEqual(page.one('a', aria_current='page').text, 'Daily Schedule')

    def test_requests(self):
        self.rows()
        asked = [address for _method, address, _body in self.stub.requests]
        self.assertEqual([address.partition('?')[0] for address in asked], [
            '/os-light-snapshots', '/servers/web-id/light-snapshots', '/servers/web-id/os-instance-actions',
            '/servers/db-id/light-snapshots'])
        self.assertIn('daily=true', asked[1])
        self.assertIn('limit=1', asked[1])

    def test_what_is_in_the_way(self):
        self.web.preview = 0
        self.db.committed = True
        self.assertEqual([row[-1] for row in self.rows()], [
            'A preview is shown: none is taken until it is kept or undone.',
            'All layers are committed: none is taken until it is hard rebooted or started.'])

    def test_first_one_is_yet_to_come(self):
        self.answers[0]['servers'] = [owner('web-id', daily=True, last_at=FAR)]
        self.assertEqual(self.rows()[0][-1], 'None yet: the first one is that of the next window.')

    def failed(self, **more):
        self.web.records['req-7'] = dict({
            'action': 'light_snapshot_create', 'request_id': 'req-7', 'user_id': None, 'message': 'Error',
            'start_time': '2026-01-04T02:00:00.000000', 'events': [{'result': 'Error', 'details': 'There is no space.'}]}, **more)

    def test_why_none_was_taken(self):
        self.failed()
        self.assertEqual(self.rows()[0][-1],
                         'None for two days or longer. Last tried 2026-01-04 02:00:00: There is no space.')

    def test_nothing_of_what_users_have_asked_for(self):
        for more in ({'user_id': 'u1'}, {'message': None}, {'action': 'reboot'}, {'events': []}):
            self.failed(**more)
            self.assertEqual(self.rows()[0][-1], 'None for two days or longer.')

    def test_cloud_that_does_not_tell_why(self):
        self.failed()
        handle = self.stub.handle

        def older(method, address, body=None, version=(2, 1), **more):
            if version > (2, 1):
                return 400, {}, {'badRequest': {'code': 400, 'message': 'Version 2.84 is not supported.'}}
            return handle(method, address, body, version=version, **more)
        self.stub.handle = older
        self.assertEqual(self.rows()[0][-1], 'None for two days or longer.')

    def test_so_many_are_asked_why(self):
        self.patch(daily, 'MOST_ASKED', 0)
        self.failed()
        self.assertEqual(self.rows()[0][-1], 'None for two days or longer.')

    def test_host_that_is_down(self):
        self.answers[0]['servers'][0]['id'] = 'nowhere'
        self.assertIn('could not be found', self.rows()[0][-1])

    def test_pages(self):
        self.patch(gathering, 'SERVERS_A_PAGE', 1)
        page = self.page(PAGE)
        self.assertIn('Page 1 of 2', page.one(cls='light-snapshots-page').text)
        following = self.page(page.one('a', rel='next')['href'])
        self.assertIn('Page 2 of 2', following.one(cls='light-snapshots-page').text)
        self.assertEqual(following.one('a', rel='prev')['href'], PAGE + '?page=1')

    def test_older_api_that_takes_no_query(self):
        self.db.points[0].update(daily='2026-01-02')
        self.assertEqual([row[3] for row in self.rows()][1], '2126-01-01')

    def test_api_that_has_no_list(self):
        self.answers = [stub_api.Refused(403, 'Policy says no.')]
        page = self.page(PAGE)
        self.assertIn('Policy says no.', page.one(role='alert').text)
        self.assertFalse(page.has('table', id='light_snapshots_daily'))

    def test_nobody_has_one(self):
        self.answers[0]['servers'] = []
        with mock.patch.object(dashboard_api.keystone, 'tenant_list', mock.Mock(side_effect=AssertionError)):
            self.assertIn('No instance has a daily snapshot.', self.page(PAGE).text)
