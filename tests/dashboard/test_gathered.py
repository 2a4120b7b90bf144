# coding: utf-8
"""The page with all restore points of the project: what it asks for, filters, draws, and deletes."""

from django.utils import translation

from light_snapshot_dashboard import gathering
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import reverse
from light_snapshot_dashboard.compat import urlencode
from light_snapshot_dashboard.project import deletion

from base import mock
from parsed import nameless
from parsed import parse
from test_overview import INDEX
from test_overview import _Overview
from test_overview import owner

import stub_api

PAGE = reverse('horizon:project:light_snapshots:points')
DELETE = reverse('horizon:project:light_snapshots:points_delete')
TABLE = 'all_restore_points'


class _Gathered(_Overview):
    """`db` has the restore points 0 to 2, `db2` 0 and 1; `web` has none."""

    def setUp(self):
        super(_Gathered, self).setUp()
        self.db2 = self.stub.add_server('db2-id', 'db2')
        self.db2.flavor = self.db.flavor
        self.db2.enabled = self.db2.store = True
        self.db2.add('root')
        self.db2.add('last', 'nightly')
        self.db2.points[1].update(daily='2026-01-03', taken_by='daily', created_at='2026-01-03T00:00:00Z')
        self.answers[0]['servers'] = [owner('db2-id'), owner('db-id')]
        self.patch(deletion, 'LOOK_EVERY', 0)

    def rows(self, address=PAGE):
        table = self.page(address).one('table', id=TABLE)
        return [[cell.text for cell in row.all('td')][1:-1] for row in table.one('tbody').all('tr')
                if row.get('data-object-id')]

    def names(self, **query):
        return ['%s #%s' % (row[1], row[2].strip('#')) for row in self.rows(PAGE + '?' + urlencode(query))]

    def listed(self):
        return [address for method, address, _body in self.stub.requests
                if method == 'GET' and address.endswith('/light-snapshots')]


class PageTest(_Gathered):

    def test_rows_the_newest_first(self):
        rows = self.rows()
        self.assertEqual([(row[1], row[2]) for row in rows], [
            ('db2', '#1'), ('db', '#2'), ('db', '#1'), ('db', '#0'), ('db2', '#0')])
        self.assertEqual(rows[0], ['nightly You are here Daily#1, db2', 'db2', '#1', 'Last snapshot', '2026-01-03 00:00:00',
                                   'Daily run', '128.0 KB', '1.0 KB'])
        self.assertEqual(rows[1][5], 'u1')

    def test_one_request_a_server_and_one_for_the_list(self):
        self.rows()
        self.assertEqual([address.partition('?')[0] for _method, address, _body in self.stub.requests],
                         ['/os-light-snapshots', '/servers/db-id/light-snapshots', '/servers/db2-id/light-snapshots'])

    def test_filters(self):
        self.assertEqual(self.names(name='UPGRADE'), ['db #2', 'db #1'])
        self.assertEqual(self.names(kind='daily'), ['db2 #1'])
        self.assertEqual(self.names(kind='root'), ['db #0', 'db2 #0'])
        self.assertEqual(self.names(kind='safety'), [])
        self.assertEqual(self.names(kind='no kind at all', page='x', server='DB2'), ['db2 #1', 'db2 #0'])
        del self.stub.requests[:]
        self.names(server='db2')
        self.assertEqual(self.listed(), ['/servers/db2-id/light-snapshots'])

    def test_filter_stays_in_its_form(self):
        form = self.page(PAGE + '?' + urlencode({'name': '"x"', 'kind': 'daily'})).one('form', cls='light-snapshots-filter')
        self.assertEqual(form.one('input', name='name')['value'], '"x"')
        self.assertEqual([option['value'] for option in form.all('option') if 'selected' in option.attributes], ['daily'])
        self.assertEqual(form.one('a')['href'], PAGE)

    def test_pages(self):
        self.patch(gathering, 'SERVERS_A_PAGE', 1)
        first = self.page(PAGE + '?kind=root')
        self.assertIn('Page 1 of 2: the restore points of 1 instances', first.one(cls='light-snapshots-page').text)
        self.assertFalse(first.has('a', rel='prev'))
        following = first.one('a', rel='next')['href']
        self.assertEqual(following, PAGE + '?kind=root&page=2')
        del self.stub.requests[:]
        last = self.page(following)
        self.assertEqual(self.listed(), ['/servers/db2-id/light-snapshots'])
        self.assertEqual(last.one('a', rel='prev')['href'], PAGE + '?kind=root')
        self.assertEqual(self.page(PAGE + '?page=99').one(cls='light-snapshots-page').text[:11], 'Page 2 of 2')

    def test_server_whose_host_is_down(self):
        handle = self.stub.handle

        def down(method, address, *args, **kwargs):
            if address == '/servers/db-id/light-snapshots':
                return 409, {}, {'conflictingRequest': {'code': 409, 'message': 'The compute host is down.'}}
            return handle(method, address, *args, **kwargs)
        self.stub.handle = down
        response = self.client.get(PAGE)
        self.assertIn('The restore points of "db" (The compute host is down) could not be read.', self.told(response)[0])
        self.assertEqual(self.names(), ['db2 #1', 'db2 #0'])

    def test_api_without_a_list(self):
        self.answers = [stub_api.Refused(404, 'Not here.')]
        page = self.page(PAGE)
        self.assertIn('has no list of all light snapshots', page.one(role='alert').text)
        self.assertFalse(page.has('table', id=TABLE))

    def test_row_actions_lead_to_the_forms(self):
        page = self.page(PAGE + '?kind=daily')
        link = page.one('a', id=TABLE + '__row_1_db2-id__action_delete')
        self.assertEqual(link['href'], self.form('delete', 'db2-id', 1) + '?' + urlencode({'next': PAGE + '?kind=daily'}))
        for name, form in (('recover', 'recover_to'), ('preview', 'preview'), ('rename', 'rename')):
            self.assertTrue(page.one('a', id='%s__row_1_db2-id__action_%s' % (TABLE, name))['href'].startswith(
                self.form(form, 'db2-id', 1)))

    def test_link_to_the_instance(self):
        table = self.page(PAGE + '?kind=daily').one('table', id=TABLE)
        self.assertTrue(table.has('a', href=reverse('horizon:project:instances:detail', args=['db2-id']) +
                                  '?tab=instance_details__light_snapshots'))

    def test_policy(self):
        self.patch(rights, 'permitted', lambda _request, verb, _server, **_more: verb == 'index')
        page = self.page(PAGE)
        self.assertIn('hidden', page.one('table', id=TABLE).heads()[0].classes)
        self.assertFalse(page.has(id=TABLE + '__action_delete_several'))
        self.assertFalse(page.has('a', id=TABLE + '__row_1_db2-id__action_delete'))
        self.assertTrue(self.page(INDEX).has('a', href=PAGE))
        self.patch(rights, 'permitted', lambda *_args, **_more: False)
        self.assertFalse(self.page(INDEX).has('a', href=PAGE))

    def test_every_control_has_a_name(self):
        content = self.page(PAGE).one(cls='light-snapshots-all')
        self.assertEqual([control.attributes for control in nameless(content)
                          if 'dropdown-toggle' not in control.classes], [])

    def test_tabs_of_the_panel(self):
        for address in (INDEX, PAGE):
            pages = self.page(address).one('ul', cls='light-snapshots-pages')
            self.assertEqual([(link.text, link['href'], link.get('aria-current')) for link in pages.all('a')], [
                ('Instances', INDEX, 'page' if address == INDEX else None),
                ('Restore Points', PAGE, 'page' if address == PAGE else None)])

    def test_chinese(self):
        with translation.override('zh-hans'):
            self.client.cookies['django_language'] = 'zh-hans'
            page = self.page(PAGE)
        self.assertIn(u'\u6062\u590d\u70b9', page.one('ul', cls='light-snapshots-pages').text)


class ChartTest(_Gathered):

    def test_drawn_of_what_is_kept(self):
        # Kept: db #0 and #1, 64 and 128 KiB, db2 #0.
        chart = self.page(PAGE).one('figure', cls='light-snapshots-chart')
        picture = chart.one('svg')
        self.assertEqual(picture['role'], 'img')
        named = dict((each.get('id'), each.text) for each in picture.all() if each.get('id'))
        self.assertEqual(sorted(named), sorted(picture['aria-labelledby'].split()))
        self.assertIn('3 restore points, taken from 2026-01-02 on, keep 256.0 KB on', named['light_snapshots_chart_desc'])
        self.assertEqual([text.text for text in picture.all('text')][:3], ['256.0 KB', '128.0 KB', '0 bytes'])
        self.assertIn('What was deleted since is not in it;', chart.one('figcaption').text)

    def test_the_same_as_a_table(self):
        table = self.page(PAGE).one('table', cls='light-snapshots-chart-rows')
        self.assertEqual([[cell.text for cell in row.all() if cell.tag in ('th', 'td')] for row in table.one('tbody').all('tr')], [
            ['2026-01-02 03:04:00', '2', '128.0 KB'], ['2026-01-02 03:04:01', '3', '256.0 KB']])

    def test_in_the_zone_of_the_user(self):
        self.client.cookies['django_timezone'] = 'Asia/Shanghai'
        table = self.page(PAGE).one('table', cls='light-snapshots-chart-rows')
        self.assertEqual(next(table.one('tbody').all('th')).text, '2026-01-02 11:04:00')

    def test_nothing_kept(self):
        for server in (self.db, self.db2):
            for point in server.points:
                point['kept'] = False
        self.assertFalse(self.page(PAGE).has('svg', role='img'))


class DeletionTest(_Gathered):

    def setUp(self):
        super(DeletionTest, self).setUp()
        delete = self.stub._delete

        def busy(server, arguments):
            delete(server, arguments)
            server.busy_for = 2
        self.stub._delete = busy

    def address(self, *of):
        return DELETE + '?' + urlencode([('of', each) for each in of] + [('next', PAGE)])

    def deleted(self):
        return [tuple(address.split('/')[2::2]) for address, _body in self.asked('DELETE')]

    def send(self, *of, **changes):
        address = self.address(*of)
        return self.client.post(address, self.filled(address, **changes))

    def test_ticked_rows_lead_to_the_page_that_asks(self):
        response = self.client.post(PAGE, {'action': TABLE + '__delete_several',
                                           'object_ids': ['2_db-id', '0_db-id', '1_db2-id']})
        self.assertRedirectsNoFollow(response, self.address('db-id:0,2', 'db2-id:1'))
        self.assertEqual(self.deleted(), [])

    def test_says_what_is_lost_of_each(self):
        page = parse(self.client.get(self.address('db-id:1,2', 'db2-id:0')))
        text = page.one(id='light_snapshot_server_db-id').text
        self.assertIn('To be deleted: #1 "before upgrade", taken on 2026-01-02 03:04:01; #2', text)
        self.assertIn('These restore points go away for good: #1 "before upgrade", #2', text)
        self.assertIn('About 3.0 KB of space comes back.', text)
        self.assertIn('The restore points that stand on them stay', page.one(id='light_snapshot_server_db2-id').text)
        self.assertEqual(self.deleted(), [])

    def test_newest_first_and_all_servers_at_a_time(self):
        response = self.send('db-id:0,1,2', 'db2-id:1')
        self.assertDone(response, PAGE)
        self.assertEqual(self.deleted()[:2], [('db-id', '2'), ('db2-id', '1')])
        self.assertEqual(self.deleted()[2:], [('db-id', '1'), ('db-id', '0')])
        told, = self.told(response)
        self.assertIn('Deleted: "db": #2 "after <b>upgrade</b>", #1 "before upgrade", #0; "db2": #1 "nightly".'.replace(
            '<', '&lt;' if '&lt;' in told else '<').replace('>', '&gt;' if '&gt;' in told else '>'), told.replace('&quot;', '"'))

    def test_server_that_stays_busy(self):
        self.patch(deletion, 'PATIENCE', -1)
        told = self.told(self.send('db-id:0,1', 'db2-id:1'))
        self.assertEqual(self.deleted(), [('db-id', '1'), ('db2-id', '1')])
        self.assertIn('Not deleted: "db": #0 (the instance is still busy with the others; delete these again in a moment).', told[0])
        self.assertIn('Deleted: "db": #1 "before upgrade"; "db2": #1 "nightly".', told[1])

    def test_refusal_of_one_server(self):
        deleting = self.stub._delete

        def refuse(server, arguments):
            if server is self.db:
                raise stub_api.Refused(409, 'The compute host is down.')
            deleting(server, arguments)
        self.stub._delete = refuse
        told = self.told(self.send('db-id:0,1', 'db2-id:1'))
        self.assertIn('Not deleted: "db": #1 "before upgrade", #0 (The compute host is down).', told[0])
        self.assertIn('Deleted: "db2": #1 "nightly".', told[1])

    def test_old_page(self):
        address = self.address('db-id:1', 'db2-id:1')
        data = self.filled(address)
        self.db.add('last', 'taken meanwhile')
        told = self.told(self.client.post(address, data))
        self.assertIn('Not deleted: "db" (the restore points have changed since this page was opened).', told[0])
        self.assertEqual(self.deleted(), [('db2-id', '1')])

    def test_others_than_the_user_has_read_of(self):
        address = self.address('db-id:1')
        for seen in ('{"db-id": ["", [1]]}', '{"db-id": 7}', '{"db-id": ["", ["x"]]}', 'x', '[]', '{"db-id": ["", []]}'):
            self.client.post(address, {'seen': seen})
        self.assertEqual(self.deleted(), [])

    def test_what_is_gone_or_hindered(self):
        self.db.preview = 1
        page = parse(self.client.get(self.address('db-id:1', 'db2-id:1,7')))
        self.assertIn('Left out: a preview is shown.', page.one(id='light_snapshot_server_db-id').text)
        self.assertIn('Left out: some of the restore points are not there any more.',
                      page.one(id='light_snapshot_server_db2-id').text)
        self.send('db-id:1', 'db2-id:1,7')
        self.assertEqual(self.deleted(), [])

    def test_nothing_ticked(self):
        for of in ((), ('db-id',), ('db-id:x',), (':1',)):
            response = self.client.get(self.address(*of))
            self.assertRedirectsNoFollow(response, PAGE)
            self.assertIn('Tick the restore points to delete first.', self.told(response)[0])

    def test_too_many_servers(self):
        response = self.client.get(self.address(*['s%d:1' % number for number in range(51)]))
        self.assertIn('Tick restore points of 50 instances at most.', self.told(response)[0])

    def test_without_a_place_to_go_back_to(self):
        response = self.client.get(DELETE + '?of=x')
        self.assertRedirectsNoFollow(response, PAGE)
        response = self.client.get(DELETE + '?of=x&next=http://elsewhere/')
        self.assertRedirectsNoFollow(response, PAGE)


def test_chosen_and_told():
    assert gathering.chosen(['a:2,1', 'b:0', 'a:1,3']) == {'a': [1, 2, 3], 'b': [0]}
    assert gathering.told([('b', 0), ('a', '2'), ('a', '1')]) == ['a:1,2', 'b:0']
    assert gathering.chosen([]) == {} == gathering.chosen(['a:1', 'a:'])


def test_names_in_any_writing():
    wanted = gathering.Wanted({'name': u'\u00dcber', 'page': '0'})
    point = mock.Mock()
    point.name = u'\u00fcbergang'
    assert wanted.points([point]) == [point] and wanted.page == 1
    assert urlencode(wanted.query(2)) == 'name=%C3%9Cber&page=2'
