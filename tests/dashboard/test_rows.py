# -*- coding: utf-8 -*-
"""The rows of the tab, which Horizon draws once: the same as if it had drawn each, and what they cost."""

import re

from django.utils import html

from horizon import tables

from light_snapshot_dashboard.project import rows

from base import DashboardTest
from base import TAB
from base import mock

AJAX = {'HTTP_X_REQUESTED_WITH': 'XMLHttpRequest'}
ROW = re.compile(u'<tr[^>]*id="restore_points__row__.*?</tr>', re.S)
NASTY = (u'', u'plain', u'<b>&amp;"\'', u'{$ 1 + 1 $} {{ 2 }}', u'light0snapshot0name0mark', u'light0snapshot0actions0mark',
         u'987654321 %s %(id)s {0} \\1', u'\u8f7b\u91cf\u5feb\u7167 \U0001f600')


class RowsTest(DashboardTest):

    def rows(self):
        text = self.tab('db-id', **AJAX).content.decode('utf-8')
        return [re.sub(u'\\s+', u' ', html.strip_spaces_between_tags(row)) for row in ROW.findall(text)]

    def add_nasty(self):
        for number, name in enumerate(NASTY):
            self.db.add('last', name)
            self.db.points[-1].update(description=NASTY[number - 1], safety=bool(number % 2), daily=name or None,
                                      consistency=('stopped', 'quiesced', name)[number % 3], frees=None if number % 2 else number)

    def both(self):
        ours = self.rows()
        with mock.patch.object(rows.QuickTable, 'get_rows', tables.DataTable.get_rows):
            return ours, self.rows()

    def test_as_horizon_draws_them(self):
        self.add_nasty()
        ours, theirs = self.both()
        self.assertEqual(len(ours), 3 + len(NASTY))
        self.assertEqual(ours, theirs)

    def test_as_horizon_draws_them_without_actions(self):
        self.add_nasty()
        self.db.preview = 1
        ours, theirs = self.both()
        self.assertEqual(len(ours), 3 + len(NASTY))
        self.assertEqual(ours, theirs)
        self.assertIn('hidden', ours[0].partition('</td>')[0])

    def test_as_horizon_draws_them_in_chinese(self):
        self.add_nasty()
        self.client.cookies['django_language'] = 'zh-hans'
        ours, theirs = self.both()
        self.assertEqual(ours, theirs)
        self.assertIn(u'\u6839\u78c1\u76d8', ours[0])

    def test_no_mark_is_left(self):
        self.assertEqual([row for row in self.rows() if 'light0snapshot' in row or '987654321' in row], [])


class CostTest(DashboardTest):

    def cost(self, count, shown, part=''):
        """(requests to nova, templates drawn) of the tab with so many restore points, so many of them on this page."""
        while len(self.db.points) < count:
            self.db.add('last', 'point %d' % len(self.db.points))
        del self.stub.requests[:]
        drawn = []
        from django.template import base
        render = base.Template.render
        with mock.patch.object(base.Template, 'render', lambda template, context: drawn.append(1) or render(template, context)):
            response = self.client.get(TAB + part, **AJAX)
        self.assertContains(response, 'restore_points__row__', count=shown)
        return [(method, address) for method, address, _body in self.stub.requests], len(drawn)

    def test_two_requests_and_as_many_templates_however_many_restore_points(self):
        few, many, everything = self.cost(3, 3), self.cost(200, 20), self.cost(200, 200, '&restore_points_page=all')
        self.assertEqual(few[0], [('GET', '/servers/db-id'), ('GET', '/servers/db-id/light-snapshots')])
        self.assertEqual(many, few)
        self.assertEqual(everything, few)
