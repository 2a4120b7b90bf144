"""Who may do what, by oslo.policy's own judgement; and the sample of the rules beside it."""

import io
import os
import re

import pytest

from oslo_config import cfg
from oslo_policy import policy as oslo_policy

from nova import config     # noqa: F401  nova registers its options with it

from light_snapshot.nova import places
from light_snapshot.nova import policy

SAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'policy.sample.yaml')
IN_CODE = places.find('policies_in_code') is not None
ROLES = places.find('reader_rule') is not None
READ, ADMINISTER = ('index', 'summary'), ('all', 'hosts', 'repair', 'summary_all')

needs_rules_in_code = pytest.mark.skipif(not IN_CODE, reason='before 14 the rules are in a file alone')


def verbs():
    return [rule.name.rpartition(':')[2] for rule in policy.list_rules() if not rule.name.endswith('discoverable')]


@pytest.fixture(params=[False, True] if ROLES else [None], ids=lambda new: 'new defaults' if new else 'old defaults')
def allowed(request, tmpdir):
    """A function: whether somebody may do something to what is project p's."""
    tmpdir.join('policy.json').write('{}')
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    enforcer = oslo_policy.Enforcer(conf, policy_file=str(tmpdir.join('policy.json')))
    # A machine may have rules of somebody's in /etc/policy.d, where oslo.config looks.
    conf.set_override('policy_dirs', [], group='oslo_policy')
    if request.param is not None:
        conf.set_override('enforce_new_defaults', request.param, group='oslo_policy')
    base = places.look('nova.policies.base:list_rules')
    enforcer.register_defaults((base() if base else []) + policy.list_rules())

    def ask(verb, roles, project='p'):
        creds = {'roles': roles, 'project_id': project, 'user_id': 'u', 'is_admin': 'admin' in roles}
        return enforcer.enforce(policy.BASE % verb, {'project_id': 'p', 'user_id': 'someone'}, creds)
    ask.by_role = bool(request.param)
    return ask


@needs_rules_in_code
def test_who_may_do_what(allowed):
    assert len(verbs()) == 20
    for verb in verbs():
        administers = verb in ADMINISTER
        assert allowed(verb, ['admin', 'member', 'reader'], 'another'), verb
        assert allowed(verb, ['member', 'reader']) is not administers, verb
        assert not allowed(verb, ['member', 'reader'], 'another'), verb
        # Where nova goes by roles, who has none may nothing, and a reader reads.
        assert allowed(verb, ['reader']) is (verb in READ or (not allowed.by_role and not administers)), verb
        assert allowed(verb, ['whatever']) is (not allowed.by_role and not administers), verb


@needs_rules_in_code
def test_each_rule_says_what_it_is_for():
    for rule in policy.list_rules()[1:]:
        if hasattr(oslo_policy, 'DocumentedRuleDefault'):
            assert rule.description and rule.operations
            for operation in rule.operations:
                assert operation['method'] in ('GET', 'POST', 'PUT', 'DELETE') and operation['path'].startswith('/')
        if places.takes(oslo_policy.RuleDefault.__init__, 'scope_types'):
            assert rule.scope_types == ['project']


@pytest.mark.skipif(not ROLES, reason='the sample is of the defaults from 25 on')
def test_the_sample_is_what_make_docs_writes():
    """Held against what it says, since each release of oslo.policy breaks its lines in its own way."""
    with io.open(SAMPLE, encoding='utf-8') as handle:
        parts = handle.read().strip().split('\n\n')
    rules = policy.list_rules()
    assert len(parts) == len(rules)
    for part, rule in zip(parts, rules):
        lines = part.splitlines()
        assert lines[-1] == '#"%s": "%s"' % (rule.name, rule.check_str)
        if rule.name.endswith('discoverable'):
            continue
        words = re.sub(r'[#\s]+', ' ', ' '.join(lines[:-1])).strip()
        assert words == ' '.join([rule.description] + ['%(method)s %(path)s' % one for one in rule.operations] +
                                 ['Intended scope(s): project'])
