"""The page that checks servers and has them repaired, and what the administrator's panel says of their health."""

from django.core.cache import cache

from openstack_dashboard import api

from light_snapshot_dashboard import health
from light_snapshot_dashboard import overview
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import reverse
from light_snapshot_dashboard.compat import urlencode
from light_snapshot_dashboard.project import checks

from base import DashboardTest
from base import INDEX
from base import TAB
from base import mock
from parsed import parse
from test_overview import ADMIN
from test_overview import _Overview
from test_overview import as_admin
from test_overview import owner

import stub_api

CHECK = reverse('horizon:project:light_snapshots:batch_check')
ATTENTION = reverse('horizon:admin:light_snapshots:attention')
GONE = {'code': 'missing', 'severity': 'error', 'file': 'disk.light-1', 'message': 'The file is gone.', 'repaired': False}
LEFTOVER = {'code': 'orphan', 'severity': 'warning', 'file': 'disk.light-9', 'message': 'Nothing <needs> it.',
            'repaired': False}


class _Check(DashboardTest):

    def address(self, *server_ids):
        return CHECK + '?' + urlencode([('id', each) for each in server_ids] + [('next', INDEX)])

    def page(self, *server_ids):
        return parse(self.client.get(self.address(*server_ids)))

    def form_of(self, page):
        return page.one('form', id='light_snapshot_batch_form')

    def press(self, page):
        """Sends the form as it stands on the page."""
        form = self.form_of(page)
        return self.client.post(form['action'], dict(
            (field['name'], field.get('value') or '') for field in form.all('input', type='hidden')))

    def verbs(self):
        """The checks (False) and repairs (True) that the API was asked for: [(server, which)]."""
        return [(address.split('/')[2], bool((body['checkSnapshots'] or {}).get('repair')))
                for address, body in self.asked() if 'checkSnapshots' in body]


class CheckTest(_Check):

    def test_nothing_found(self):
        page = self.page('db-id')
        said = page.one(id='light_snapshot_server_db-id')
        self.assertIn('Nothing is wrong with its layers', said.text)
        self.assertFalse(said.has(cls='light-snapshot-losses'))
        self.assertFalse(self.form_of(page).has('input', type='submit'))
        self.assertEqual(self.verbs(), [('db-id', False)])

    def test_findings_in_words(self):
        self.db.findings = [GONE, LEFTOVER]
        said = self.page('db-id').one(cls='light-snapshot-losses').text
        self.assertEqual(said, 'Error: The file is gone. Warning: Nothing <needs> it.')

    def test_members_are_told_who_repairs(self):
        self.db.findings = [GONE]
        page = self.page('db-id')
        self.assertEqual(page.one(cls='light-snapshot-help').text, 'An administrator can have it repaired.')
        self.assertFalse(self.form_of(page).has('input', type='submit'))
        self.client.post(self.form_of(page)['action'], {'of': 'db-id', 'agreed': 'x'})
        self.assertEqual([repair for _server, repair in self.verbs()], [False, False])

    def test_several_what_is_wrong_first(self):
        self.stub.add_server('old-id', 'old').flavor = self.db.flavor
        self.stub.servers['old-id'].enabled = True
        self.stub.servers['old-id'].findings = [GONE]
        page = self.page('web-id', 'db-id', 'old-id', 'nowhere')
        self.assertEqual([part['id'][len('light_snapshot_server_'):] for part in page.all(cls='light-snapshot-server')],
                         ['old-id', 'db-id', 'nowhere', 'web-id'])
        self.assertIn('Left out: light snapshots are not enabled.', page.one(id='light_snapshot_server_web-id').text)
        self.assertIn('could not be found', page.one(id='light_snapshot_server_nowhere').text)
        self.assertEqual(self.verbs(), [('db-id', False), ('old-id', False)])

    def test_time_that_is_over(self):
        self.patch(checks, 'PATIENCE', -1)
        self.stub.add_server('old-id', 'old').flavor = self.db.flavor
        self.stub.servers['old-id'].enabled = True
        page = self.page('old-id', 'db-id')
        self.assertIn('check it again by itself', page.one(id='light_snapshot_server_old-id').text)
        self.assertEqual(self.verbs(), [('db-id', False)])

    def test_none_or_too_many(self):
        for ids, words in (((), 'Tick the instances first.'), (map(str, range(21)), 'Tick 20 instances at most.')):
            response = self.client.get(self.address(*ids))
            self.assertRedirectsNoFollow(response, INDEX)
            self.assertIn(words, self.told(response)[-1])

    def test_policy(self):
        self.patch(rights, 'permitted', lambda _request, verb, _server, **_more: verb != 'check')
        self.assertIn('Left out', self.page('db-id').one(id='light_snapshot_server_db-id').text)
        self.assertEqual(self.verbs(), [])

    def test_button_in_the_tab(self):
        page = parse(self.tab('db-id'))
        self.assertEqual(page.one('a', id='restore_points__action_check')['href'],
                         CHECK + '?' + urlencode({'id': 'db-id', 'next': TAB}))
        self.db.task, self.db.busy_for = 'light_snapshot_committing', 9
        self.assertTrue(parse(self.tab('db-id')).has('a', id='restore_points__action_check'))
        self.assertFalse(parse(self.tab('web-id')).has('a', id='restore_points__action_check'))


class RepairTest(_Check):

    def setUp(self):
        super(RepairTest, self).setUp()
        as_admin(self)
        self.db.findings = [GONE, LEFTOVER]

    def test_asked_twice_and_then_done(self):
        first = self.page('db-id')
        second = self.press(first)
        self.assertContains(second, 'Nothing was repaired yet.')
        self.assertEqual([repair for _server, repair in self.verbs()], [False, False])
        response = self.press(parse(second))
        self.assertRedirectsNoFollow(response, INDEX)
        self.assertEqual(self.verbs()[-1], ('db-id', True))
        self.assertEqual([text.replace('&quot;', '"') for text in self.told(response)],
                         ['Repaired in "db": 2. Nothing is left.'])

    def test_other_findings_than_the_user_agreed_to(self):
        second = parse(self.press(self.page('db-id')))
        self.db.findings = [dict(GONE, file='disk.light-2', message='Another file is gone.')]
        third = self.press(second)
        self.assertContains(third, 'Nothing was repaired yet.')
        self.assertNotIn(True, [repair for _server, repair in self.verbs()])

    def test_what_a_repair_leaves(self):
        self.stub._checkSnapshots = lambda server, _arguments: {'findings': [GONE, dict(LEFTOVER, repaired=True)]}
        told, = self.told(self.press(parse(self.press(self.page('db-id')))))
        self.assertIn('Repaired in "db": 1. Left: Error: The file is gone.', told.replace('&quot;', '"'))

    def test_refusal(self):
        second = parse(self.press(self.page('db-id')))
        begin = self.stub._begin

        def refuse(server, action, arguments):
            if action == 'checkSnapshots':
                raise stub_api.Refused(409, 'Another task is under way.')
            return begin(server, action, arguments)
        self.stub._begin = refuse
        self.assertIn('was not repaired. Another task is under way.', self.told(self.press(second))[0])

    def test_healed_meanwhile(self):
        first = self.page('db-id')
        self.db.findings = []
        response = self.press(first)
        self.assertIn('There is nothing to repair.', self.told(response)[0])
        self.assertNotIn(True, [repair for _server, repair in self.verbs()])


class HealthTest(_Overview):

    def setUp(self):
        super(HealthTest, self).setUp()
        as_admin(self)
        self.patch(api.keystone, 'tenant_list', lambda *_args, **_kwargs: ([], False))
        now = '2126-01-01T00:00:00Z'
        self.answers = [{'servers': [owner('db-id', last_at=now), owner('web-id', committed=True, last_at=now),
                                     owner('old-id', count=None), owner('late-id', daily=True)], 'quota': None}]

    def health(self, address=ADMIN):
        table = next(self.page(address).all('table', cls='datatable'))
        place = [cell.text for cell in table.heads()].index('Health')
        rows = [[cell.text for cell in row.all('td')] for row in table.one('tbody').all('tr')]
        return dict((row[3], row[place]) for row in rows if len(row) > place)

    def test_what_the_list_tells(self):
        self.assertEqual(self.health(), {'db': 'not checked', 'web': 'Committed', 'old': 'Not known', 'late': 'Late'})

    def test_those_that_need_attention(self):
        self.assertEqual(sorted(self.health(ATTENTION)), ['late', 'old', 'web'])
        page = self.page(ATTENTION)
        self.assertIn('what you have found by checks', page.one('p', cls='light-snapshots-note').text)
        self.assertFalse(page.has('table', cls='light-snapshots-shares'))
        self.assertEqual(page.one('a', aria_current='page').text, 'Needs Attention')

    def test_what_a_check_has_found_is_remembered(self):
        self.patch(checks, '_session_travels', lambda: False)
        self.remembered()

    def test_in_the_cache_where_the_session_is_a_cookie(self):
        self.patch(checks, '_session_travels', lambda: True)
        self.patch(checks, '_cache_is_shared', lambda: True)
        cache.clear()
        self.remembered()
        self.assertNotIn('light_snapshot_checked', self.client.session)

    def remembered(self):
        self.db.findings = [GONE, GONE, LEFTOVER]
        self.client.get(CHECK + '?id=db-id')
        self.assertEqual(self.health()['db'], 'errors: 2, warnings: 1')
        self.assertIn('db', self.health(ATTENTION))
        self.db.findings = []
        self.client.get(CHECK + '?id=db-id')
        self.assertEqual(self.health()['db'], 'No fault')
        self.assertNotIn('db', self.health(ATTENTION))

    def test_nowhere_where_each_process_has_a_cache_of_its_own(self):
        self.patch(checks, '_session_travels', lambda: True)
        self.patch(checks, '_cache_is_shared', lambda: False)
        self.client.get(CHECK + '?id=db-id')
        self.assertEqual(self.health()['db'], 'not checked')

    def test_what_is_shared(self):
        for backend, shared in (('locmem.LocMemCache', False), ('memcached.PyMemcacheCache', True)):
            with mock.patch.object(checks, 'settings', mock.Mock(
                    CACHES={'default': {'BACKEND': 'django.core.cache.backends.' + backend}})):
                self.assertEqual(checks._cache_is_shared(), shared)
        for engine in ('cache', 'signed_cookies'):
            with mock.patch.object(checks, 'settings', mock.Mock(SESSION_ENGINE='django.contrib.sessions.backends.' + engine)):
                self.assertEqual(checks._session_travels(), engine == 'signed_cookies')

    def test_ticked_rows_lead_to_the_check(self):
        for address, table in ((ADMIN, 'light_snapshots'), (ATTENTION, 'light_snapshots_attention')):
            response = self.client.post(address, {'action': table + '__light_snapshot_batch_check',
                                                  'object_ids': ['web-id', 'late-id']})
            self.assertRedirectsNoFollow(response, CHECK + '?' + urlencode(
                [('id', 'web-id'), ('id', 'late-id'), ('next', address)]))
        page = self.page(ADMIN)
        self.assertEqual(page.one('a', id='light_snapshots__row_db-id__action_check')['href'],
                         CHECK + '?' + urlencode({'id': 'db-id', 'next': ADMIN}))


def test_symptoms():
    taken = 1767323045      # 2026-01-02T03:04:05Z

    def of(now, **more):
        return health.symptoms(overview.Owner(owner('x-id', **more)), now)
    assert of(taken) == of(taken + 10 ** 9) == []
    assert of(taken + health.OVERDUE, daily=True) == []
    assert of(taken + health.OVERDUE + 1, daily=True) == [health.LATE]
    assert of(taken + 10 ** 9, daily=True, last_at=None, count=None) == [health.UNKNOWN]
    assert of(taken, committed=True) == [health.COMMITTED]


def test_counts():
    assert checks.counts(0, 0) == 'No fault'
    assert checks.counts(1, 2) == 'errors: 1, warnings: 2'


def test_fingerprint_of_findings():
    assert health.Found([]).fingerprint == health.Found([dict(GONE, repaired=True)]).fingerprint == ''
    assert health.Found([GONE]).fingerprint != health.Found([LEFTOVER]).fingerprint
