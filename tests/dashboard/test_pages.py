# -*- coding: utf-8 -*-
"""The tab's restore points, a page at a time."""

from base import DashboardTest
from base import TAB
from base import mock
from parsed import nameless
from parsed import parse

AJAX = {'HTTP_X_REQUESTED_WITH': 'XMLHttpRequest'}
PART = TAB + '&restore_points_page='


class PagesTest(DashboardTest):
    """25 restore points; the server stands on the newest."""

    def setUp(self):
        super(PagesTest, self).setUp()
        while len(self.db.points) < 25:
            self.db.add('last', 'number %d' % len(self.db.points))

    def page(self, address=TAB):
        response = self.client.get(address, **AJAX)
        self.assertEqual(response.status_code, 200)
        return parse(response).one('div', 'light-snapshots')

    def shown(self, page):
        return [int(row['data-object-id']) for row in page.one('tbody').all('tr')]

    def links(self, page):
        """{what it is called: where it leads} of those to other pages."""
        return dict((link.text, link['href']) for link in page.one('ul', cls='pager').all('a'))

    def test_the_page_where_the_server_stands(self):
        page = self.page()
        self.assertEqual(self.shown(page), list(range(5, 25)))
        self.assertTrue(page.has(cls='light-snapshot-here'))
        self.assertEqual(page.one(cls='light-snapshots-page').text,
                         'Restore points 6 to 25 of 25, in the order of the tree.')
        self.assertEqual(self.links(page), {'Previous Page': PART + '1', 'Show All': PART + 'all'})

    def test_another_page(self):
        page = self.page(PART + '1')
        self.assertEqual(self.shown(page), list(range(5)))
        self.assertFalse(page.has(cls='light-snapshot-here'))
        self.assertEqual(self.links(page), {'You are here': TAB, 'Show All': PART + 'all', 'Next Page': PART + '2'})

    def test_after_a_recovery_to_the_first_page(self):
        for point in self.db.points:
            point['current'] = point['index'] == 2
        page = self.page()
        self.assertIn(2, self.shown(page))
        self.assertTrue(page.has(cls='light-snapshot-here'))
        self.assertNotIn('You are here', self.links(page))

    def test_all(self):
        page = self.page(PART + 'all')
        self.assertEqual(self.shown(page), list(range(25)))
        self.assertEqual(page.one(cls='light-snapshots-page').text, 'All 25 restore points.')
        self.assertEqual(self.links(page), {'Show in Pages': TAB})

    def test_no_pages_where_all_fit(self):
        del self.db.points[20:]
        for address in (TAB, PART + 'all', PART + '2'):
            page = self.page(address)
            self.assertEqual(self.shown(page), list(range(20)))
            self.assertFalse(page.has('ul', cls='pager'))

    def test_the_page_size_of_the_user(self):
        # Under either of Horizon's names for it.
        for name in ('horizon_pagesize', 'API_RESULT_PAGE_SIZE'):
            self.client.cookies[name] = '3'
        self.assertEqual(self.shown(self.page()), [22, 23, 24])

    def test_the_way_back_leads_to_the_same_page(self):
        for part in ('1', 'all'):
            page = self.page(PART + part)
            self.assertEqual(page['data-here'], PART + part)
            self.assertEqual(page.one('form', cls='light-snapshots-choice').one('input', name='next')['value'], PART + part)
            rename = [link['href'] for link in page.all('a') if (link.get('id') or '').endswith('row_1__action_rename')]
            answer = self.client.get(rename[0])
            self.assertContains(answer, 'restore_points_page=' + part)

    def test_what_makes_no_sense_goes_no_further(self):
        page = self.page(PART + '%22%3E%3Cscript%3E&next=//elsewhere')
        self.assertEqual(page['data-here'], TAB)
        self.assertEqual(self.shown(page), list(range(5, 25)))

    def test_names_of_takers_on_this_page_alone(self):
        for point in self.db.points:
            point['taken_by'] = 'user-%d' % point['index']
        with mock.patch('light_snapshot_dashboard.project.who.tell') as tell:
            tell.side_effect = lambda _request, told: [setattr(each, 'taker', 'x') for each in told]
            self.page(PART + '1')
        self.assertEqual([each.index for each in tell.call_args[0][1]], list(range(5)))

    def test_every_control_has_a_name(self):
        self.assertEqual([control.attributes for control in nameless(self.page())], [])

    def test_in_chinese(self):
        self.client.cookies['django_language'] = 'zh-hans'
        self.assertEqual(self.page().one(cls='light-snapshots-page').text,
                         u'\u7b2c 6 \u81f3 25 \u4e2a\u6062\u590d\u70b9\uff0c\u5171 25 \u4e2a\uff0c\u6309\u6811\u7684\u987a\u5e8f\u3002')
