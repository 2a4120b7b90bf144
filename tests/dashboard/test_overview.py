"""The panels: the servers that use light snapshots, of the project and of the administrator."""

try:
    from urllib.parse import parse_qs
except ImportError:
    from urlparse import parse_qs

from openstack_dashboard import api

from light_snapshot_dashboard import overview
from light_snapshot_dashboard.compat import reverse

from base import DashboardTest
from base import mock
from parsed import nameless
from parsed import parse

import stub_api

INDEX = reverse('horizon:project:light_snapshots:index')
ADMIN = reverse('horizon:admin:light_snapshots:index')
TAKE_ALL = reverse('horizon:admin:light_snapshots:take_all')


def owner(server_id, **more):
    return dict({'id': server_id, 'name': server_id[:-3], 'project_id': '1', 'store': True, 'daily': False, 'committed': False,
                 'count': 3, 'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 2 ** 20}, **more)


def as_admin(test):
    """The session is an administrator's."""
    test.setActiveUser(id=test.user.id, token=test.token, username=test.user.name, domain_id=test.domain.id,
                       tenant_id=test.tenant.id, service_catalog=test.service_catalog,
                       roles=[{'name': 'admin'}], authorized_tenants=test.tenants.list())


class _Overview(DashboardTest):

    def setUp(self):
        super(_Overview, self).setUp()
        self.answers = [{'servers': [owner('db-id'), owner('old-id', count=None, last_at=None, kept_bytes=None, store=False)],
                         'complete': True, 'quota': {'points_per_server': {'limit': 100},
                                                     'kept_bytes': {'limit': 4 * 2 ** 20, 'used': 2 ** 20}}}]
        self.queries, handle = [], self.stub.handle

        def answer(method, address, body=None, **more):
            path, _mark, query = address.partition('?')
            if path != '/os-light-snapshots':
                return handle(method, address, body, **more)
            self.stub.requests.append((method, address, body))
            self.queries.append(dict((key, value[0]) for key, value in parse_qs(query).items()))
            found = self.answers[min(len(self.queries), len(self.answers)) - 1]
            if isinstance(found, stub_api.Refused):
                return found.code, {}, {stub_api.KINDS[found.code]: {'code': found.code, 'message': str(found)}}
            return 200, {}, found
        self.stub.handle = answer

    def page(self, address=INDEX):
        response = self.client.get(address)
        self.assertEqual(response.status_code, 200)
        return parse(response)

    def cells(self, page):
        return [[cell.text for cell in row.all('td')][1:-1]
                for row in page.one('table', id='light_snapshots').one('tbody').all('tr')]


class ProjectTest(_Overview):

    def test_in_the_navigation(self):
        self.assertTrue(self.page().has('a', href=INDEX))

    def test_rows(self):
        page = self.page()
        self.assertEqual(self.cells(page), [
            ['db', 'On History', '3', '2026-01-02 03:04:05', '1.0 MB'],
            ['old', 'On', 'not known', 'unknown', 'not known']])
        link = next(link for link in page.one('table', id='light_snapshots').one('tbody').all('a') if link.text == 'db')
        self.assertEqual(link['href'], reverse('horizon:project:instances:detail', args=['db-id']) +
                         '?tab=instance_details__light_snapshots')

    def test_times_in_the_zone_of_the_user(self):
        self.client.cookies['django_timezone'] = 'Asia/Shanghai'
        self.assertEqual(self.cells(self.page())[0][3], '2026-01-02 11:04:05')

    def test_quota(self):
        page = self.page()
        self.assertEqual(page.one(cls='light-snapshots-quota').one('p').text,
                         'History of the project: 1.0 MB of 4.0 MB.')
        self.assertEqual(page.one(role='progressbar')['aria-valuenow'], '25')
        self.assertEqual(page.one(cls='light-snapshots-quota-points').text, 'Each instance may have 100 restore points.')

    def test_no_quota(self):
        self.answers[0]['quota'] = {'points_per_server': {'limit': -1}, 'kept_bytes': {'limit': -1, 'used': None}}
        page = self.page()
        self.assertFalse(page.has(cls='light-snapshots-quota') or page.has(cls='light-snapshots-quota-points'))

    def test_actions(self):
        page = self.page()
        self.assertTrue(page.one('a', id='light_snapshots__row_db-id__action_take')['href'].startswith(
            self.form('take', 'db-id') + '?next='))
        self.assertTrue(page.has('a', id='light_snapshots__row_db-id__action_recover'))
        self.assertTrue(page.has('button', id='light_snapshots__action_light_snapshot_batch_take'))
        self.assertFalse(page.has(id='light_snapshots__action_light_snapshot_batch_enable'))
        self.assertEqual([box['value'] for box in page.all('input', name='object_ids')], ['db-id', 'old-id'])
        response = self.client.post(INDEX, {'action': 'light_snapshots__light_snapshot_batch_take',
                                            'object_ids': ['db-id']})
        self.assertRedirectsNoFollow(response, '%s?id=db-id&next=%s' % (
            reverse('horizon:project:light_snapshots:batch_take'), INDEX.replace('/', '%2F')))

    def test_every_control_has_a_name(self):
        content = self.page().one(cls='light-snapshots-overview')
        # Horizon's own filter is named by what stands in it while it is empty.
        self.assertEqual([control.attributes for control in nameless(content)
                          if not control.get('placeholder')], [])

    def test_all_pages_are_read(self):
        self.answers = [{'servers': [owner('a%d-id' % number)], 'servers_links': [{'rel': 'next', 'href': 'x'}]}
                        for number in range(2)] + [{'servers': [owner('z-id')]}]
        self.assertEqual([row[0] for row in self.cells(self.page())], ['a0', 'a1', 'z'])
        self.assertEqual([query.get('marker') for query in self.queries], [None, 'a0-id', 'a1-id'])
        self.assertTrue(all('all_projects' not in query for query in self.queries))

    def test_what_is_missing_is_said(self):
        self.assertFalse(self.page().has(cls='light-snapshots-incomplete'))
        self.answers[0]['complete'] = False
        self.assertTrue(self.page().has(cls='light-snapshots-incomplete'))

    def test_endless_pages(self):
        self.answers = [{'servers': [owner('a-id')], 'servers_links': [{'rel': 'next', 'href': 'x'}]}]
        with mock.patch('light_snapshot_dashboard.api.MOST_PAGES', 3):
            self.assertTrue(self.page().has(cls='light-snapshots-incomplete'))
        self.assertEqual(len(self.queries), 3)

    def test_api_without_the_list(self):
        self.answers = [stub_api.Refused(404, 'The resource could not be found.')]
        page = self.page()
        self.assertEqual(page.one(cls='light-snapshots-overview').one(role='alert').text,
                         'This cloud\'s compute API has no list of all light snapshots. Each instance has a tab with its own.')
        self.assertFalse(page.has('table', id='light_snapshots'))

    def test_refusal(self):
        self.answers = [stub_api.Refused(403, 'Policy does not allow this.')]
        self.assertEqual(self.page().one(cls='light-snapshots-overview').one(role='alert').text,
                         'The light snapshots could not be read. Policy does not allow this.')

    def test_nobody_uses_them(self):
        self.answers[0]['servers'] = []
        self.assertIn('No instance uses light snapshots.', self.page().text)


class AdminTest(_Overview):

    def setUp(self):
        super(AdminTest, self).setUp()
        as_admin(self)
        self.project = self.tenants.first()
        self.patch(api.keystone, 'tenant_list', lambda *_args, **_kwargs: ([self.project], False))
        self.answers = [{'servers': [owner('db-id', host='compute-1', project_id=self.project.id),
                                     owner('web-id', host='compute-2', project_id='gone', daily=True, kept_bytes=None),
                                     owner('www-id', host='compute-2', project_id=self.project.id)], 'quota': None}]

    def test_rows(self):
        self.assertEqual([row[:3] for row in self.cells(self.page(ADMIN))], [
            [self.project.name, 'compute-1', 'db'], ['gone', 'compute-2', 'web'], [self.project.name, 'compute-2', 'www']])
        self.assertEqual(self.queries[0]['all_projects'], '1')

    def test_shares(self):
        hosts, projects = self.page(ADMIN).all('table', 'light-snapshots-shares')
        rows = [[[cell.text for cell in row.all() if cell.tag in ('th', 'td')]
                 for row in table.one('tbody').all('tr')] for table in (hosts, projects)]
        self.assertEqual(rows[0], [['compute-1', '1', '0', '3', '1.0 MB'], ['compute-2', '2', '1', '6', '1.0 MB']])
        self.assertEqual(rows[1], [[self.project.name, '2', '0', '6', '2.0 MB'], ['gone', '1', '1', '3', '0 bytes']])

    def test_links_lead_to_the_administrators_pages(self):
        page = self.page(ADMIN)
        self.assertTrue(page.has('a', href=reverse('horizon:admin:instances:detail', args=['db-id']) +
                                 '?tab=instance_details__light_snapshots'))
        self.assertEqual(page.one('a', id='light_snapshots__action_take_all')['href'], TAKE_ALL)
        self.assertTrue(page.one('a', id='light_snapshots__row_db-id__action_take')['href'].endswith(
            '?next=' + ADMIN.replace('/', '%2F')))

    def test_keystone_that_does_not_answer(self):
        self.patch(api.keystone, 'tenant_list', mock.Mock(side_effect=RuntimeError))
        self.assertEqual(self.cells(self.page(ADMIN))[0][0], self.project.id)

    def test_filter_without_a_script(self):
        page = parse(self.client.post(ADMIN, {'light_snapshots__filter__q': 'COMPUTE-2'}))
        self.assertEqual([row[2] for row in self.cells(page)], ['web', 'www'])

    def test_members_have_no_such_page(self):
        self.setActiveUser(id=self.user.id, token=self.token, username=self.user.name, domain_id=self.domain.id,
                           tenant_id=self.tenant.id, service_catalog=self.service_catalog,
                           roles=[{'name': 'member'}], authorized_tenants=self.tenants.list())
        self.assertNotEqual(self.client.get(ADMIN).status_code, 200)
        self.assertEqual(self.queries, [])

    # Take one of all.

    def take_all(self, answer, **data):
        self.answers = [answer]
        return self.client.post(TAKE_ALL, data)

    def test_take_all(self):
        response = self.take_all({'light_snapshot_all': {'request_id': 'req-1', 'cells_left_out': ['cell-2'], 'servers': [
            {'id': 'db-id', 'name': 'db', 'host': 'compute-1', 'status': 'accepted', 'reason': None},
            {'id': 'web-id', 'name': 'web', 'host': 'compute-2', 'status': 'host_down', 'reason': 'The host is down.'}]}},
            daily='on', name='n')
        self.assertDone(response, ADMIN)
        self.assertEqual(self.asked(), [('/os-light-snapshots', {'snapshotAll': {
            'daily': True, 'name': 'n', 'description': '', 'quiesce': False}})])
        told = ' '.join(self.told(response))
        self.assertIn('Light snapshots of 1 instances are being taken.', told)
        self.assertIn('req-1', told)
        self.assertIn('None is taken of "web" on compute-2 (The host is down).', told)
        self.assertIn('Cells that did not answer, whose instances are left out: cell-2.', told)

    def test_take_all_of_a_large_cloud(self):
        servers = [{'id': str(number), 'name': 'n', 'host': 'h', 'status': 'skipped', 'reason': 'r'} for number in range(25)]
        told = self.told(self.take_all({'light_snapshot_all': {'request_id': 'req-1', 'servers': servers}}))
        self.assertIn('"n" on h (r), 15 more.', told[1])

    def test_api_that_takes_none_of_all(self):
        for code in (404, 403):
            response = self.take_all(stub_api.Refused(code, 'The API says no.'))
            self.assertFormErrors(response, 1)
            self.assertContains(response, 'No light snapshot was taken. ' + (
                'This cloud&#x27;s compute API takes none of all instances.' if code == 404 else 'The API says no.').replace(
                    '&#x27;', self.apostrophe(response)))

    @staticmethod
    def apostrophe(response):
        return '&#x27;' if b'&#x27;' in response.content else '&#39;'


def test_share_of_the_quota():
    found = overview.Overview()
    assert found.kept_percent is None
    for limit, used, percent in ((100, 25, 25), (100, 300, 100), (0, 0, 100), (-1, 5, None), (100, None, None)):
        found.add({'servers': [], 'quota': {'kept_bytes': {'limit': limit, 'used': used}}})
        assert found.kept_percent == percent
