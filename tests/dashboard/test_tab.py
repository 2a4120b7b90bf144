# -*- coding: utf-8 -*-
"""The tab on the instance page."""

import re

from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import reverse
from light_snapshot_dashboard.project import labels

from base import DashboardTest
from base import mock
from parsed import nameless
from parsed import parse

import stub_api

AJAX = {'HTTP_X_REQUESTED_WITH': 'XMLHttpRequest'}


class _Tab(DashboardTest):

    def page(self, server_id='db-id'):
        """The tab as the browser loads it."""
        response = self.tab(server_id, **AJAX)
        self.assertEqual(response.status_code, 200)
        return parse(response).one('div', 'light-snapshots')

    def row(self, page, index):
        return page.one('tr', id='restore_points__row__%s' % index)

    def offered(self, page, prefix):
        """The names of the actions whose ids begin like this."""
        return [element['id'][len(prefix):] for element in page.all()
                if (element.get('id') or '').startswith(prefix)]

    def on_table(self, page):
        return self.offered(page, 'restore_points__action_')

    def on_row(self, page, index):
        return self.offered(page, 'restore_points__row_%s__action_' % index)


class TabTest(_Tab):

    def test_page_has_the_tab(self):
        self.assertContains(self.tab('db-id'), 'Light Snapshots')

    def test_rows(self):
        page = self.page()
        titles = [cell.text for cell in page.heads()]
        self.assertEqual(titles[1:], ['Name', 'Index', 'State', 'Parent', 'Created At', 'Size', 'Deletion Frees',
                                      'Consistency', 'Taken By', 'Description', 'Actions'])
        cells = [[cell.text for cell in row.all('td')][2:10] for row in page.one('tbody').all('tr')]
        self.assertEqual(cells, [
            ['#0', 'Root disk', '-', '2026-01-02 03:04:00', '64.0 KB', '0 bytes', 'Crash-consistent', '-'],
            ['#1', 'Kept', '#0', '2026-01-02 03:04:01', '128.0 KB', '1.0 KB', 'Crash-consistent', 'u1'],
            ['#2', 'Last snapshot', '#1', '2026-01-02 03:04:02', '192.0 KB', '2.0 KB', 'Crash-consistent', 'u1']])
        self.assertEqual([name.text for name in page.all(cls='light-snapshot-name')],
                         ['(no name)', 'before upgrade', 'after <b>upgrade</b>'])
        self.assertEqual(self.row(page, 2).one(cls='light-snapshot-here').text, 'You are here')
        self.assertFalse(self.row(page, 1).has(cls='light-snapshot-here'))

    def test_badges(self):
        self.db.points[0].update(consistency='quiesced', daily='2026-01-02')
        self.db.points[1].update(consistency='stopped', safety=True, frees=None)
        page = self.page()
        first, second = self.row(page, 0), self.row(page, 1)
        self.assertEqual(first.one(cls='light-snapshot-consistency').text, 'Quiesced')
        self.assertEqual(first.one(cls='light-snapshot-daily')['title'], '2026-01-02')
        self.assertFalse(first.has(cls='light-snapshot-safety'))
        self.assertEqual(second.one(cls='light-snapshot-safety').text, 'Safety')
        self.assertEqual(second.one(cls='light-snapshot-consistency')['title'], 'The instance was shut off.')
        self.assertIn('not known', second.text)

    def test_badges_can_be_read(self):
        for colour in labels.COLOURS.values():
            parts = [int(colour[place:place + 2], 16) / 255.0 for place in (1, 3, 5)]
            red, green, blue = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
            self.assertGreaterEqual(1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05), 4.5, colour)

    def test_tree(self):
        # Recovered to 0, and on from there: 1 and 2 are a branch.
        for point in self.db.points:
            point['current'] = point['index'] == 0
        self.db.add('last', 'elsewhere')
        page = self.page()
        self.assertEqual([row['data-object-id'] for row in page.one('tbody').all('tr')], ['0', '1', '2', '3'])
        self.assertEqual([tree.text for tree in page.all(cls='light-snapshot-tree')], [u'├─', u'│'])
        for tree in page.all(cls='light-snapshot-tree'):
            self.assertEqual(tree['aria-hidden'], 'true')
        self.assertTrue(self.row(page, 3).has(cls='light-snapshot-here'))

    def test_times_in_the_zone_of_the_user(self):
        # Horizon itself sets no zone for a tab that the browser loads alone.
        self.client.cookies['django_timezone'] = 'Asia/Shanghai'
        self.assertIn('2026-01-02 11:04:02', self.row(self.page(), 2).text)

    def test_headers_in_the_language_of_the_reader(self):
        for language, name in (('zh-hans', u'\u521b\u5efa\u65f6\u95f4'), ('en', 'Created At')):
            self.client.cookies['django_language'] = language
            self.assertContains(self.tab('db-id', **AJAX), name, count=1)

    def test_usage(self):
        self.db.points[2]['size'] = 2 * 2 ** 20
        page = self.page()
        # 64 and 128 KB are kept; the last snapshot and 3 MB since then are not.
        self.assertEqual(page.one(cls='light-snapshots-usage').one('p').text,
                         'History: 192.0 KB. Live layers: 5.0 MB.')
        widths = [bar['style'] for bar in page.one(cls='light-snapshots-usage').all(cls='progress-bar')]
        self.assertEqual(widths, ['width: 3%', 'width: 97%'])
        self.assertEqual(page.one(cls='light-snapshots-written').text, '3.0 MB')
        self.assertFalse(page.has(cls='light-snapshots-limits'))

    def test_what_an_older_host_does_not_tell(self):
        listing = dict(self.db.listing(), written=None, progress=None, preview=None)
        listing['light_snapshots'] = [
            dict((key, value) for key, value in point.items() if key not in ('kept', 'frees', 'safety', 'daily', 'children'))
            for point in listing['light_snapshots']]
        del listing['retention']
        self.db.listing = lambda: listing
        page = self.page()
        self.assertEqual(len(list(page.one('tbody').all('tr'))), 3)
        self.assertFalse(page.has(cls='light-snapshots-written'))

    def test_limits(self):
        self.db.retention = {'count': 5, 'days': 30}
        self.assertEqual(self.page().one(cls='light-snapshots-limits').text, 'at most 5 restore points, for 30 days')

    def test_quota(self):
        self.assertFalse(self.page().has(cls='light-snapshots-quota'))
        listing = dict(self.db.listing(), quota={'points': {'limit': 100, 'used': 3}})
        self.db.listing = lambda: listing
        self.assertEqual(self.page().one(cls='light-snapshots-quota').text, '3 of 100')

    def test_every_control_has_a_name(self):
        for server_id in ('db-id', 'web-id'):
            self.assertEqual([control.attributes for control in nameless(self.page(server_id))], [])

    def test_small_screens_see_what_matters(self):
        page = self.page()
        shown = [cell for cell in self.row(page, 1).all('td') if 'hidden-xs' not in cell.classes]
        self.assertEqual(len(shown), 4)
        self.assertIn('#1', shown[1].text)
        self.assertIn('before upgrade', shown[1].text)
        self.assertTrue(self.row(page, 1).has(cls='visible-xs-inline'))

    def test_api_without_light_snapshots(self):
        self.db.listing = mock.Mock(side_effect=stub_api.Refused(404, 'The resource could not be found.'))
        page = self.page()
        self.assertEqual(page.one(role='alert').text,
                         'The restore points could not be read. The resource could not be found.')
        self.assertContains(self.tab('db-id'), 'Overview')


class ActionsTest(_Tab):

    ROW = ['recover', 'preview', 'rename', 'delete']

    def test_actions(self):
        page = self.page()
        self.assertEqual(self.on_table(page), ['take', 'settings', 'limits', 'delete_several', 'check', 'commit', 'disable'])
        self.assertEqual(self.on_row(page, 1), self.ROW)
        response = self.tab('db-id', **AJAX)
        for name, args in (('take', ['db-id']), ('settings', ['db-id']), ('disable', ['db-id']), ('limits', ['db-id']),
                           ('commit', ['db-id']), ('recover_to', ['db-id', 1]), ('rename', ['db-id', 1]),
                           ('preview', ['db-id', 1]), ('delete', ['db-id', 1])):
            self.assertContains(response, self.form(name, *args) + '?next=')
        self.assertNotContains(response, self.form('enable', 'db-id'))

    def test_each_row_has_its_own_links(self):
        page = self.page()
        for index in (0, 1, 2):
            for name, form in (('recover', 'recover_to'), ('preview', 'preview'), ('rename', 'rename'), ('delete', 'delete')):
                link = self.row(page, index).one('a', id='restore_points__row_%d__action_%s' % (index, name))
                self.assertTrue(link['href'].startswith(self.form(form, 'db-id', index) + '?next='), link['href'])

    def test_rows_are_chosen_by_a_form_that_changes_nothing(self):
        form = self.page().one('form')
        self.assertEqual((form['method'], form['action']), ('get', self.form('delete_several', 'db-id')))
        boxes = list(form.all('input', name='object_ids'))
        self.assertEqual([(box['value'], box['aria-label']) for box in boxes], [
            ('0', 'Choose #0'), ('1', 'Choose #1 "before upgrade"'), ('2', 'Choose #2 "after <b>upgrade</b>"')])
        self.assertTrue(form.has('button', id='restore_points__action_delete_several', type='submit'))
        self.assertTrue(form.one('input', name='next')['value'].startswith(
            reverse('horizon:project:instances:detail', args=['db-id'])))

    def test_nothing_to_choose_for(self):
        self.db.status = 'PAUSED'
        page = self.page()
        self.assertNotIn('delete_several', self.on_table(page))
        for cell in page.all(cls='multi_select_column'):
            self.assertIn('hidden', cell.classes)
        self.db.status = 'ACTIVE'
        for cell in self.page().all(cls='multi_select_column'):
            self.assertNotIn('hidden', cell.classes)

    def test_not_enabled(self):
        page = self.page('web-id')
        self.assertIn('Light snapshots are not enabled for this instance.', page.text)
        self.assertEqual(self.on_table(page), ['enable'])

    def test_started_from_a_volume(self):
        self.extra_body = {'image': ''}
        page = self.page('web-id')
        self.assertIn('started from a volume', page.text)
        self.assertEqual(self.on_table(page), [])

    def test_state_that_forbids(self):
        self.db.status = 'PAUSED'
        page = self.page()
        self.assertEqual(page.one(cls='light-snapshots-hindrance').text,
                         'Nothing can be done with the layers now: neither active nor shut off.')
        self.assertEqual((self.on_table(page), self.on_row(page, 1)), (['check'], ['rename']))

    def test_committed(self):
        self.db.committed = True
        page = self.page()
        self.assertIn('Committed to the root disk', page.text)
        self.assertEqual(self.on_table(page), ['settings', 'limits', 'delete_several', 'check', 'disable'])
        self.assertEqual(self.on_row(page, 1), ['rename', 'delete'])

    def test_preview(self):
        self.db.preview = 1
        page = self.page()
        self.assertEqual(page.one(cls='light-snapshots-preview').text,
                         'The instance shows a preview of restore point #1 "before upgrade". Keep the preview or undo it '
                         'before anything else.')
        self.assertEqual(self.row(page, 1).one(cls='light-snapshot-previewed').text, 'Previewed')
        self.assertEqual(self.on_table(page), ['keep', 'undo'])
        self.assertEqual([self.on_row(page, index) for index in (0, 1, 2)], [[], [], []])

    def test_reader(self):
        rules = dict.fromkeys('os_compute_api:light-snapshot:' + verb for verb in (
            'index', 'create', 'update', 'delete', 'enable', 'disable', 'recover', 'preview', 'commit', 'store', 'daily',
            'retain', 'check'))
        with mock.patch('openstack_auth.policy._get_enforcer', return_value={'compute': mock.Mock(rules=rules)}), \
                mock.patch.object(rights.policy, 'check', lambda rule, *_args, **_more: rule[0][1].endswith(':index')):
            page = self.page()
            self.assertEqual((self.on_table(page), self.on_row(page, 1)), ([], []))
            self.assertEqual(len(list(page.one('tbody').all('tr'))), 3)
        with mock.patch('openstack_auth.policy._get_enforcer', return_value={'compute': mock.Mock(rules=rules)}), \
                mock.patch.object(rights.policy, 'check', return_value=False):
            self.assertFalse(parse(self.tab('db-id')).has(id='instance_details__light_snapshots'))
        self.assertTrue(parse(self.tab('db-id')).has(id='instance_details__light_snapshots'))


class BusyTest(_Tab):

    def setUp(self):
        super(BusyTest, self).setUp()
        self.db.task, self.db.busy_for = 'light_snapshot_committing', 99
        self.db.progress = {'operation': 'commit-all', 'done': 2 ** 20, 'total': 4 * 2 ** 20, 'percent': 25}

    def test_busy(self):
        page = self.page()
        self.assertEqual(page.one(cls='light-snapshots-status')['data-busy'], 'true')
        self.assertEqual(page.one(role='status').text, 'A task is under way: Committing Light Snapshots. Look again')
        self.assertEqual((self.on_table(page), self.on_row(page, 1)), (['check'], []))
        self.assertFalse(page.has(cls='light-snapshots-hindrance'))

    def test_progress(self):
        page = self.page()
        bar = page.one(role='progressbar')
        self.assertEqual((bar['aria-valuenow'], bar.text), ('25', '25%'))
        self.assertEqual(page.one(cls='light-snapshots-progress').one('p').text, '1.0 MB of 4.0 MB')
        self.db.progress['percent'] = None
        self.assertFalse(self.page().has(role='progressbar'))

    def test_without_a_script_it_is_looked_at_by_hand(self):
        link = self.page().one('a', 'light-snapshots-look-again')
        self.assertEqual(link['href'], reverse('horizon:project:instances:detail', args=['db-id']) +
                         '?tab=instance_details__light_snapshots')

    def test_the_script_finds_what_it_needs(self):
        page = self.page()
        self.assertEqual(page['data-status-url'], self.form('status', 'db-id'))
        self.assertTrue(int(page['data-interval']) > 0)
        script = self.client.get(page.one('script')['src'])
        self.assertEqual(script['Content-Type'], 'application/javascript')
        text = script.content.decode('utf-8')
        # All that it looks for is there: in the tab, or in the lines about the task.
        for attribute in re.findall(r"getAttribute\('(data-[a-z-]+)'\)", text):
            self.assertTrue(attribute == 'data-looking' or any(
                attribute in element.attributes for element in [page] + list(page.all())), attribute)
        looks_again, reachable = text.split('/* What Horizon\'s scripts leave out')
        for cls in re.findall(r"'\.([a-z-]+)'", looks_again):
            self.assertTrue(cls in page.classes or page.has(cls=cls), cls)
        self.db.task, self.db.busy_for, self.db.progress = None, 0, None
        page = self.page()
        for cls in re.findall(r"'\.(dropdown-[a-z-]+)'", reachable):
            self.assertTrue(page.has(cls=cls), cls)
        self.assertEqual(page['data-choose-all'], 'Choose all')

    def test_status(self):
        response = self.client.get(self.form('status', 'db-id'), **AJAX)
        part = parse(response)
        self.assertEqual(part.one(cls='light-snapshots-status')['data-busy'], 'true')
        self.assertEqual(part.one(role='progressbar')['aria-valuenow'], '25')
        self.assertFalse(part.has('table'))
        self.db.busy_for, self.db.progress = 0, None
        self.db.task = None
        part = parse(self.client.get(self.form('status', 'db-id'), **AJAX))
        self.assertEqual(part.one(cls='light-snapshots-status')['data-busy'], 'false')
        self.assertEqual(part.one(cls='light-snapshots-status').text, '')

    def test_status_of_nothing(self):
        self.assertEqual(self.client.get(self.form('status', 'nobody'), **AJAX).status_code, 404)

    def test_every_control_has_a_name(self):
        self.assertEqual([control.attributes for control in nameless(self.page())], [])
