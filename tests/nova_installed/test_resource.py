"""The resource /servers/{id}/light-snapshots in nova's own router: see test_api.py."""

import webob

from api_case import FOREIGN, HERE, POINT, UUID, ApiCase, linked


class ResourceTest(ApiCase):
    def indices(self, query=''):
        code, answer = self.ask('GET', '/light-snapshots' + query)
        self.assertEqual(200, code, (query, answer))
        return [point['index'] for point in answer['light_snapshots']]

    def several(self):
        self.host.more = {'points': [dict(POINT, index=index, name='n%d' % index, state='kept', kept=True, current=False)
                                     for index in range(4)] + [dict(POINT, index=4)]}

    # ---- take

    def test_a_post_takes_one_as_the_action_does(self):
        self.host.answer = {'index': 3}
        self.assertEqual(202, self.ask('POST', '/light-snapshots', {'light_snapshot': {
            'name': 'n', 'description': 'd', 'quiesce': True}})[0])
        self.assertEqual(202, self.act({'createSnapshot': {'name': 'n', 'description': 'd', 'quiesce': True}})[0])
        self.assertEqual([('snapshot', {'name': 'n', 'description': 'd', 'quiesce': True})] * 2, self.host.asked)
        self.assertEqual(['light_snapshot_creating'] * 2, self.saved)

    def test_its_answer_says_where_it_is(self):
        self.host.answer = {'index': 3}
        request = webob.Request.blank('/v2.1' + HERE, method='POST', content_type='application/json',
                                      body=b'{"light_snapshot": {}}')
        answer = request.get_response(self.app)
        self.assertEqual(202, answer.status_int)
        self.assertEqual('http://localhost/v2.1%s/3' % HERE, answer.headers['Location'])
        self.assertEqual({'light_snapshot': linked({'index': 3, 'name': '', 'description': ''})}, answer.json)

    def test_a_bad_post_is_a_400_and_reaches_nobody(self):
        for body in ({}, [], {'light_snapshot': None}, {'light_snapshot': {'nome': 'x'}}, {'light_snapshot': []},
                     {'light_snapshot': {'name': 'x' * 256}}, {'light_snapshot': {'quiesce': 'yes'}},
                     {'light_snapshot': {}, 'more': 1}, {'createSnapshot': None}):
            self.assertEqual(400, self.ask('POST', '/light-snapshots', body)[0], body)
        self.assertEqual(403, self.ask('POST', '/light-snapshots', {'light_snapshot': {}}, uuid=FOREIGN)[0])
        self.assertEqual(404, self.ask('POST', '/light-snapshots', {'light_snapshot': {}}, uuid=UUID[:-1] + '9')[0])
        self.vm_state = 'paused'
        self.assertEqual(409, self.ask('POST', '/light-snapshots', {'light_snapshot': {}})[0])
        self.assertEqual(([], []), (self.host.asked, self.saved))

    # ---- list

    def test_each_has_its_links(self):
        self.assertEqual([linked()], self.ask('GET', '/light-snapshots')[1]['light_snapshots'])
        for method, body in (('GET', None), ('PUT', {'light_snapshot': {'name': 'm'}})):
            self.assertEqual({'light_snapshot': linked()}, self.ask(method, '/light-snapshots/3', body)[1])

    def test_pages(self):
        self.several()
        code, answer = self.ask('GET', '/light-snapshots?limit=2&sort_dir=desc&state=kept&state=last&name=n1&name=n1')
        self.assertEqual(400, code)     # a name is said once
        found, path = [], '?limit=2&sort_key=state&sort_key=index&sort_dir=desc&state=kept&state=last'
        while path:
            answer = self.ask('GET', '/light-snapshots' + path)[1]
            found.append([point['index'] for point in answer['light_snapshots']])
            (following,) = answer.get('light_snapshots_links') or [{'href': ''}]
            path = following['href'].partition('/light-snapshots')[2]
            if path:
                self.assertEqual('next', following['rel'])
                self.assertTrue(following['href'].startswith('http://localhost/v2.1%s?' % HERE))
            # How things stand with the server is said on each page.
            self.assertEqual((True, True), (answer['enabled'], answer['store']))
        self.assertEqual([[4, 0], [1, 2], [3]], found)

    def test_a_limit_beyond_nova_s_own(self):
        self.flags(**({'max_limit': 3, 'group': 'api'} if self.has_group_api() else {'osapi_max_limit': 3}))
        self.several()
        self.assertEqual([0, 1, 2, 3, 4], self.indices())       # who asks for no page gets all, as ever
        if self.has_group_api():        # before, it is a default that was taken when nova was imported
            self.assertEqual([0, 1, 2], self.indices('?limit=4'))

    @staticmethod
    def has_group_api():
        from oslo_config import cfg
        return 'api' in cfg.CONF and 'max_limit' in cfg.CONF.api

    def test_filters_and_order(self):
        self.several()
        self.assertEqual([4, 3, 2, 1, 0], self.indices('?sort_dir=desc'))
        self.assertEqual([2], self.indices('?name=n2'))
        self.assertEqual([4], self.indices('?state=last&kept=False'))
        self.assertEqual([], self.indices('?created_since=2026-01-01T00:00:00Z'))

    def test_a_bad_query_is_a_400(self):
        for query in ('colour=red', 'limit=-1', 'limit=x', 'limit=', 'limit=9999999999', 'limit=1&limit=2', 'marker=x',
                      'marker=77', 'sort_key=colour', 'sort_key=', 'sort_dir=up', 'sort_dir=asc&sort_dir=asc', 'state=gone',
                      'kept=yes', 'daily=', 'safety=2', 'created_since=yesterday', 'created_before=', 'name=' + 'x' * 256,
                      'created_since=0001-01-01T00:00:00%2B23:59', 'name=%ff', '%ff=1', 'all_tenants=1'):
            code, answer = self.ask('GET', '/light-snapshots?' + query)
            self.assertEqual(400, code, query)
            self.assertTrue(answer['badRequest']['message'], query)

    def test_a_plain_server_has_an_empty_page(self):
        self.columns['light_snapshot_enable'] = False
        self.assertEqual([], self.indices('?limit=1&sort_key=size'))
        self.assertEqual(400, self.ask('GET', '/light-snapshots?marker=0')[0])

    def test_an_index_in_a_url_is_a_number(self):
        for index in ('%C2%B3', '%D9%A3', '3x', '+3', '03', '3.0'):
            for method, body in (('GET', None), ('DELETE', None), ('PUT', {'light_snapshot': {'name': 'm'}})):
                self.assertEqual(404, self.ask(method, '/light-snapshots/' + index, body)[0], (method, index))
        self.assertEqual([], self.host.asked)
        self.assertEqual(202, self.ask('DELETE', '/light-snapshots/0')[0])
        self.assertEqual([('delete', {'index': 0})], self.host.asked)

    # ---- rename

    def rename(self):
        return self.ask('PUT', '/light-snapshots/3', {'light_snapshot': {'name': 'm', 'description': 'd'}})

    def test_of_a_server_in_any_state_the_host_is_asked_to_rename_a_restore_point(self):
        """What the host does of a rescued or suspended one: tests/nova/test_driver.py, tests/engine/test_holds.py."""
        for self.vm_state in ('active', 'stopped', 'paused', 'suspended', 'error', 'rescued'):
            self.assertEqual(200, self.rename()[0], self.vm_state)
            self.assertEqual(('describe', 3, 'm', 'd'), self.host.asked.pop())

    def test_not_while_somebody_else_is_at_it(self):
        """During a migration the record is copied; what is written into it where the server may go back from is lost."""
        for self.task_state in ('migrating', 'resize_migrating', 'light_snapshot_committing'):
            self.assertIn(self.task_state, self.rename()[1]['conflictingRequest']['message'])
        self.task_state, self.vm_state = None, 'resized'
        self.assertIn('confirmed or reverted', self.rename()[1]['conflictingRequest']['message'])
        self.vm_state, self.locked = 'active', True
        self.assertIn('it is locked', self.rename()[1]['conflictingRequest']['message'])
        self.assertEqual(([], [], [], []), (self.host.asked, self.actions, self.events, self.told()))
        self.as_admin()
        self.assertEqual(200, self.rename()[0])

    def test_a_rename_that_is_refused_is_told_so(self):
        self.host.describes = {'code': 409, 'message': 'The server shows a preview'}
        code, answer = self.rename()
        self.assertEqual((409, 'The server shows a preview'), (code, answer['conflictingRequest']['message']))
        self.assertEqual([('api_light_snapshot_update', 'The server shows a preview')], self.events)
        self.assertEqual(['compute.instance.light_snapshot_update.start', 'compute.instance.light_snapshot_update.error'],
                         [one[0] for one in self.told()])
