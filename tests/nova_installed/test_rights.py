"""Which request asks which rule, in nova's own router: see test_api.py. What the rules are: tests/nova/test_policy.py."""

from oslo_policy import policy as oslo_policy

import nova.policy

from light_snapshot.nova import everywhere
from light_snapshot.nova import hosts
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import summary

from api_case import UUID, ApiCase

SERVER = '/servers/%s' % UUID
POINTS = SERVER + '/light-snapshots'
NAMES = {'light_snapshot': {'name': 'm'}}


def act(name, options=None):
    return 'POST', SERVER + '/action', {name: options}


#: What can be asked for, and the rules that it asks. A body is not shared: nova's validation may write into it.
REQUESTS = (
    (('index',), ('GET', POINTS, None)), (('index',), ('GET', POINTS + '/3', None)),
    (('update', 'index'), ('PUT', POINTS + '/3', NAMES)), (('delete',), ('DELETE', POINTS + '/3', None)),
    (('create',), ('POST', POINTS, NAMES)), (('create',), act('createSnapshot')),
    (('enable',), act('enableSnapshot')), (('enable',), act('enableSnapshot', {'store': False, 'daily': False})),
    (('enable', 'store'), act('enableSnapshot', {'store': True})),
    (('enable', 'daily'), act('enableSnapshot', {'daily': True})),
    (('enable', 'store', 'daily'), act('enableSnapshot', {'store': True, 'daily': True})),
    (('disable',), act('disableSnapshot')), (('recover',), act('recoverInstance')), (('preview',), act('previewInstance')),
    (('keep',), act('keepPreview')), (('undo',), act('undoPreview')), (('commit',), act('commitSnapshot')),
    (('store',), act('storeSnapshot', {'enable': True})), (('daily',), act('dailySnapshot', {'enable': False})),
    (('retain',), act('retainSnapshots', {'count': 1})), (('check',), act('checkSnapshots')),
    (('repair',), act('checkSnapshots', {'repair': True})),
    (('summary',), ('GET', '/os-light-snapshots', None)), (('summary_all',), ('GET', '/os-light-snapshots?all_projects=1', None)),
    (('hosts',), ('GET', '/os-light-snapshots/hosts', None)), (('all',), ('POST', '/os-light-snapshots', {'snapshotAll': None})))
READ, CLOUD = ('index', 'summary'), ('summary_all', 'hosts', 'all', 'repair')


class RightsTest(ApiCase):
    def setUp(self):
        super(RightsTest, self).setUp()
        self.host.answer = {'index': 3, 'findings': []}
        self.replace(everywhere.EverywhereController, 'take', lambda *_args: {})
        self.replace(hosts.HostsController, 'told', lambda *_args: {})
        self.replace(summary, 'page', lambda *_args: ([], True))

    def statuses(self):
        return [self.request(*request)[0] for _verbs, request in REQUESTS]

    def test_a_rule_that_nobody_has_forbids_its_requests_and_no_others(self):
        self.as_admin()
        self.assertEqual([], [request for (_verbs, request), code in zip(REQUESTS, self.statuses()) if code >= 300])
        # They were loaded with the first question.
        enforcer = nova.policy._ENFORCER
        for verb in sorted(set(verb for verbs, _request in REQUESTS for verb in verbs)):
            rule = policy.BASE % verb
            had = enforcer.rules[rule]
            enforcer.set_rules(oslo_policy.Rules.from_dict({rule: '!'}), overwrite=False, use_conf=False)
            for (verbs, request), code in zip(REQUESTS, self.statuses()):
                self.assertEqual(verb in verbs, code == 403, (verb, request, code))
            enforcer.rules[rule] = had

    def test_each_rule_is_asked_by_some_request(self):
        asked = set(verb for verbs, _request in REQUESTS for verb in verbs)
        self.assertEqual(set(policy._TEXTS), asked)

    def test_a_reader_reads_and_changes_nothing(self):
        if places.find('member_rule') is None:
            self.skipTest('before 26 nova knows no readers')
        self.flags(enforce_new_defaults=True, group='oslo_policy')
        self.as_somebody('reader')
        for (verbs, request), code in zip(REQUESTS, self.statuses()):
            self.assertEqual(200 if set(verbs) <= set(READ) else 403, code, request)
        self.assertEqual(([], [], [], []), (self.host.asked, self.saved, self.written, self.actions))
        self.as_somebody('member', 'reader')
        for (verbs, request), code in zip(REQUESTS, self.statuses()):
            self.assertEqual(bool(set(verbs) & set(CLOUD)), code == 403, request)
