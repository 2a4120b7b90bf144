"""What nova-api refuses because of a quota, and the list of what a project uses, in nova's own router: see test_api.py."""

from oslo_config import cfg

from nova import objects

from light_snapshot.nova import options
from light_snapshot.nova import summary

from api_case import PROJECT, UUID, ApiCase

TAKE = {'light_snapshot': {}}


class QuotaTest(ApiCase):
    def setUp(self):
        super(QuotaTest, self).setUp()
        self.host.answer = {'index': 3}

    def limit(self, **values):
        options.quota(cfg.CONF)     # they are registered with their first use
        self.flags(group='light_snapshot', **values)

    def refused(self, *requests):
        """The words of the refusals, which have to be the same for all requests."""
        said = set()
        for method, path, body in requests:
            code, answer = self.ask(method, path, body)
            self.assertEqual(403, code, (method, path, body))
            said.add(answer['forbidden']['message'])
        self.assertEqual((1, [], []), (len(said), self.host.asked, self.saved))
        return said.pop()

    def test_a_server_that_has_all_it_may_have(self):
        self.limit(max_points_per_server=3)
        for self.counters['count'] in (3, 4):
            said = self.refused(('POST', '/light-snapshots', TAKE), ('POST', '/action', {'createSnapshot': None}))
            for word in (UUID, 'has %d' % self.counters['count'], '3 are allowed', 'max_points_per_server', 'Nothing was changed',
                         'Delete restore points'):
                self.assertIn(word, said)
            said = self.refused(('POST', '/action', {'recoverInstance': None}),
                                ('POST', '/action', {'recoverInstance': {'safety': True}}))
            self.assertIn('safety: false', said)
            # What a commit and a keep leave of the layers is listed as well.
            self.assertIn('Delete restore points', self.refused(('POST', '/action', {'commitSnapshot': None})))
            self.assertIn('Undo the preview; then delete', self.refused(('POST', '/action', {'keepPreview': None})))
        self.counters['count'] = 2
        self.assertEqual(202, self.ask('POST', '/light-snapshots', TAKE)[0])
        self.assertEqual(202, self.act({'recoverInstance': None})[0])

    def test_what_makes_no_more_of_them_goes_on(self):
        self.limit(max_points_per_server=1)
        for body in ({'recoverInstance': {'safety': False}}, {'previewInstance': None}, {'retainSnapshots': {'count': 1}},
                     {'undoPreview': None}, {'disableSnapshot': None}, {'storeSnapshot': {'enable': False}},
                     {'storeSnapshot': {'enable': True}}):      # which it is already
            self.assertEqual(202, self.act(body)[0], body)
        self.assertEqual(202, self.ask('DELETE', '/light-snapshots/3')[0])
        self.columns['snapshot_store'] = False      # it has the root and the last one, and never more
        for body in ({'createSnapshot': None}, {'commitSnapshot': None}, {'recoverInstance': None}):
            self.assertEqual(202, self.act(body)[0], body)

    def test_keeping_is_not_switched_on_where_there_is_no_room(self):
        """Off, some snapshots, and on again would leave more of them each time."""
        self.limit(max_points_per_server=3)
        self.columns['snapshot_store'], self.counters['count'] = False, 3
        self.assertIn('has 3', self.refused(('POST', '/action', {'storeSnapshot': {'enable': True}})))
        self.counters['count'] = 2
        self.assertEqual(202, self.act({'storeSnapshot': {'enable': True}})[0])

    def test_a_full_project_s_servers_begin_to_keep_nothing(self):
        self.limit(max_kept_gigabytes_per_project=2)
        self.kept = 2 ** 31
        self.columns['snapshot_store'] = False
        self.assertIn('2.0 GiB', self.refused(('POST', '/action', {'storeSnapshot': {'enable': True}})))
        self.columns['light_snapshot_enable'] = False
        self.counters.update(count=0, kept_bytes=0)
        self.assertIn('2.0 GiB', self.refused(('POST', '/action', {'enableSnapshot': {'store': True}})))
        for body in ({'enableSnapshot': None}, {'enableSnapshot': {'store': False, 'daily': True}}):
            self.assertEqual(202, self.act(body)[0], body)

    def test_what_another_request_has_taken_meanwhile_counts(self):
        """Asked once more with the task state, which is given back, and before there is an action."""
        self.limit(max_points_per_server=3)
        self.counters['count'] = 2
        self.replace(objects.Instance, 'refresh', lambda _instance: None)

        def save(instance, **_expected):
            self.saved.append(instance.task_state)
            self.counters['count'] = 3      # its host has just written what the other one took
        self.replace(objects.Instance, 'save', save)
        self.assertEqual(403, self.act({'createSnapshot': None})[0])
        self.assertEqual((['light_snapshot_creating', None], [], []), (self.saved, self.host.asked, self.actions))

    def test_what_is_not_known_refuses_nothing(self):
        self.limit(max_points_per_server=0)
        self.counters.update(count=None)
        self.assertEqual(403, self.act({'createSnapshot': None})[0])        # nothing at all is allowed
        self.limit(max_points_per_server=1)
        self.assertEqual(202, self.act({'createSnapshot': None})[0])

    def test_a_project_that_keeps_all_it_may_keep(self):
        self.limit(max_kept_gigabytes_per_project=2)
        self.kept = 2 ** 31 - 1
        self.assertEqual(202, self.act({'createSnapshot': None})[0])
        del self.host.asked[:], self.saved[:]
        self.kept = 5 * 2 ** 29
        said = self.refused(('POST', '/light-snapshots', TAKE), ('POST', '/action', {'createSnapshot': None}))
        for word in (PROJECT, '2.5 GiB', '2 GiB are allowed', 'max_kept_gigabytes_per_project', 'Nothing was changed'):
            self.assertIn(word, said)

    def test_without_limits_nobody_is_asked(self):
        def asked(*_args):
            raise AssertionError('the database was asked')
        self.limit(max_points_per_server=-1)
        self.replace(summary, 'of', asked)
        self.replace(summary, 'kept', asked)
        self.assertEqual(202, self.act({'createSnapshot': None})[0])
        self.assertEqual({'points': {'limit': -1, 'used': 1}, 'kept_bytes': {'limit': -1, 'used': None}},
                         self.ask('GET', '/light-snapshots?limit=0')[1]['quota'])

    def test_the_list_tells_limits_and_use(self):
        self.limit(max_points_per_server=9, max_kept_gigabytes_per_project=2)
        self.assertEqual({'points': {'limit': 9, 'used': 1}, 'kept_bytes': {'limit': 2 ** 31, 'used': 7}},
                         self.ask('GET', '/light-snapshots')[1]['quota'])


class SummaryTest(ApiCase):
    """GET /os-light-snapshots"""

    def setUp(self):
        super(SummaryTest, self).setUp()
        self.asked, self.servers, self.complete = [], [self.server(digit) for digit in '123'], True

        def page(_context, *args):
            self.asked.append(args)
            return self.servers[:args[0]], self.complete
        self.replace(summary, 'page', page)

    @staticmethod
    def server(digit):
        return {'id': UUID[:-1] + digit, 'name': 'n' + digit, 'project_id': PROJECT, 'host': 'h', 'light_snapshot_enable': True,
                'snapshot_committed': False, 'snapshot_store': True, 'snapshot_daily': False, 'count': 5,
                'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 7}

    def list(self, query=''):
        return self.request('GET', '/os-light-snapshots' + query)

    def test_the_servers_of_the_project(self):
        code, answer = self.list()
        self.assertEqual((200, 3, True), (code, len(answer['servers']), answer['complete']))
        here = 'http://localhost%s/' + '%s/servers/%s' % (PROJECT, UUID)
        self.assertEqual({
            'id': UUID, 'name': 'n1', 'project_id': PROJECT, 'store': True, 'daily': False, 'committed': False, 'count': 5,
            'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 7,
            'links': [{'rel': 'self', 'href': here % '/v2.1'}, {'rel': 'bookmark', 'href': here % ''}]}, answer['servers'][0])
        self.assertEqual({'points_per_server': {'limit': 100}, 'kept_bytes': {'limit': -1, 'used': 7}}, answer['quota'])
        self.assertEqual((None, PROJECT, None), self.asked.pop()[1:])
        self.assertEqual(200, self.list('?all_projects=false')[0])
        self.assertEqual(PROJECT, self.asked.pop()[2])
        self.complete = False
        self.assertEqual(False, self.list()[1]['complete'])

    def test_pages(self):
        answer = self.list('?limit=2')[1]
        self.assertEqual(['n1', 'n2'], [server['name'] for server in answer['servers']])
        self.assertEqual([{'rel': 'next', 'href': 'http://localhost/v2.1/%s/os-light-snapshots?limit=2&marker=%s2'
                           % (PROJECT, UUID[:-1])}], answer['servers_links'])
        self.assertEqual((3, None, PROJECT, None), self.asked.pop())
        answer = self.list('?limit=3&marker=' + UUID)[1]
        self.assertNotIn('servers_links', answer)
        self.assertEqual((4, UUID, PROJECT, None), self.asked.pop())
        answer = self.list('?limit=0')[1]
        self.assertEqual(([], False), (answer['servers'], 'servers_links' in answer))

    def test_other_projects_are_an_administrator_s(self):
        for query in ('?all_projects=1', '?project_id=p', '?host=h', '?all_projects=0&host=h'):
            self.assertEqual(403, self.list(query)[0], query)
        self.assertEqual([], self.asked)
        self.as_admin()
        for query, asked, with_quota in (('?all_projects=True', (None, None, None), False),
                                         ('?project_id=p', (None, 'p', None), True),
                                         ('?all_projects=1&host=h', (None, None, 'h'), False)):
            code, answer = self.list(query)
            self.assertEqual((200, with_quota, 'h'), (code, answer['quota'] is not None, answer['servers'][0]['host']))
            self.assertEqual(asked, self.asked.pop()[1:])

    def test_a_bad_query_is_a_400(self):
        self.as_admin()
        for query in ('colour=red', 'limit=x', 'marker=x', 'all_projects=maybe', 'host=', 'host=%F0%9F%98%80', 'project_id=a%00',
                      'project_id=' + 'x' * 256, 'sort_key=name', 'host=a&host=b'):
            self.assertEqual(400, self.list('?' + query)[0], query)
        self.assertEqual([], self.asked)

    def test_there_is_nothing_else(self):
        for method, path in (('PUT', ''), ('DELETE', ''), ('GET', '/x')):
            self.assertIn(self.request(method, '/os-light-snapshots' + path, {} if method == 'PUT' else None)[0], (404, 405))
