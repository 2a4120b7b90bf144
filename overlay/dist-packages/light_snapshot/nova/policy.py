"""Who may do what: who may read a project lists, who may change its servers does all else; an admin alone repairs, sees all
projects, and has snapshots taken of all servers. One rule a verb, to be changed in nova's policy files.

From 26 on (readers: 25) these are nova's own rules of readers and members, so that an operator's changes of those, and what nova does for
clouds that have no such roles yet, hold here too. Before, nova knows the project alone.
"""

from __future__ import absolute_import

import nova.policy
from oslo_policy import policy

from light_snapshot.nova import places

BASE = 'os_compute_api:light-snapshot:%s'
ANYONE = '@'
OWNER = 'is_admin:True or project_id:%(project_id)s'
ADMIN = 'is_admin:True'

# verb -> (what it is, the requests that it is asked for)
_ACTION = 'POST /servers/{server_id}/action'
_POINTS = '/servers/{server_id}/light-snapshots'
_TEXTS = {
    'index': ('List and show the light snapshots of a server', 'GET %s, GET %s/{index}' % (_POINTS, _POINTS)),
    'summary': ('List the servers of the project that use light snapshots', 'GET /os-light-snapshots'),
    'summary_all': ('List those of all projects, with their hosts', 'GET /os-light-snapshots'),
    'hosts': ('Ask every compute host which release of light-snapshot it runs', 'GET /os-light-snapshots/hosts'),
    'all': ('Take a light snapshot of every server that uses them (snapshotAll)', 'POST /os-light-snapshots'),
    'update': ('Rename a light snapshot', 'PUT %s/{index}' % _POINTS),
    'delete': ('Delete a light snapshot', 'DELETE %s/{index}' % _POINTS),
    'enable': ('Enable light snapshots (enableSnapshot)', _ACTION),
    'disable': ('Disable light snapshots (disableSnapshot)', _ACTION),
    'create': ('Take a light snapshot (createSnapshot)', '%s, POST %s' % (_ACTION, _POINTS)),
    'recover': ('Recover a server (recoverInstance)', _ACTION),
    'preview': ('Preview a restore point (previewInstance)', _ACTION),
    'keep': ('Keep a previewed restore point (keepPreview)', _ACTION),
    'undo': ('Undo a preview (undoPreview)', _ACTION),
    'retain': ('Say how many light snapshots are kept, and how long (retainSnapshots)', _ACTION),
    'check': ('Check the light snapshots of a server (checkSnapshots)', _ACTION),
    'repair': ('Repair what a check finds (checkSnapshots with repair)', _ACTION),
    'commit': ('Commit all layers of a server (commitSnapshot)', _ACTION),
    'store': ('Keep every light snapshot or not (storeSnapshot, enableSnapshot with store)', _ACTION),
    'daily': ('Take a light snapshot every day or not (dailySnapshot, enableSnapshot with daily)', _ACTION),
}
_ADMIN_ONLY, _READS = ('all', 'hosts', 'repair', 'summary_all'), ('index', 'summary')


def list_rules():
    """The defaults in code, for nova 14 and later and for oslo.policy's generators."""
    rules = [policy.RuleDefault(BASE % 'discoverable', ANYONE)]
    # With oslo.policy 1.30 and nova 17.
    scope = {'scope_types': ['project']} if places.takes(policy.RuleDefault.__init__, 'scope_types') else {}
    for verb, (text, asked) in sorted(_TEXTS.items()):
        if hasattr(policy, 'DocumentedRuleDefault'):        # oslo.policy 1.21, with nova 16
            rules.append(policy.DocumentedRuleDefault(BASE % verb, _who(verb), text, _operations(asked), **scope))
        else:
            rules.append(policy.RuleDefault(BASE % verb, _who(verb)))
    return rules


def _who(verb):
    if verb in _ADMIN_ONLY:
        return ADMIN
    return places.find('reader_rule' if verb in _READS else 'member_rule') or OWNER


def _operations(asked):
    """Out of 'GET /path, POST /path'."""
    return [dict(zip(('method', 'path'), one.split())) for one in asked.split(', ')]


def register():
    """Make our rules known to nova's enforcer. Before 14, rules come from files: ours from policy.d."""
    if places.find('policies_in_code') is None:
        return
    nova.policy.init()
    known = nova.policy._ENFORCER.registered_rules
    nova.policy._ENFORCER.register_defaults([rule for rule in list_rules() if rule.name not in known])


def authorize(context, verb, instance):
    """:raises PolicyNotAuthorized: nova's own, a 403"""
    _authorize(context, verb, instance.project_id, instance.user_id)


def authorize_project(context, verb):
    """The same of the project that the request is of."""
    _authorize(context, verb, context.project_id, context.user_id)


def _authorize(context, verb, project_id, user_id):
    register()
    places.find('check_policy')(context, BASE % verb, {'project_id': project_id, 'user_id': user_id})
