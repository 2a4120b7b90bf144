"""Who may do what: the owner of a server, or an admin; an admin alone repairs, or asks for all servers. One rule a verb,
to be changed in nova's policy files."""

from __future__ import absolute_import

import nova.policy
from oslo_policy import policy

from light_snapshot.nova import places

BASE = 'os_compute_api:light-snapshot:%s'
ANYONE = '@'
OWNER = 'is_admin:True or project_id:%(project_id)s'
ADMIN = 'is_admin:True'

_TEXTS = {
    'index': ('List and show the light snapshots of a server', 'GET', '/servers/{server_id}/light-snapshots'),
    'update': ('Rename a light snapshot', 'PUT', '/servers/{server_id}/light-snapshots/{index}'),
    'delete': ('Delete a light snapshot', 'DELETE', '/servers/{server_id}/light-snapshots/{index}'),
    'enable': ('Enable light snapshots (enableSnapshot)', 'POST', '/servers/{server_id}/action'),
    'disable': ('Disable light snapshots (disableSnapshot)', 'POST', '/servers/{server_id}/action'),
    'create': ('Take a light snapshot (createSnapshot)', 'POST', '/servers/{server_id}/action'),
    'recover': ('Recover a server (recoverInstance)', 'POST', '/servers/{server_id}/action'),
    'preview': ('Preview a restore point (previewInstance)', 'POST', '/servers/{server_id}/action'),
    'keep': ('Keep a previewed restore point (keepPreview)', 'POST', '/servers/{server_id}/action'),
    'undo': ('Undo a preview (undoPreview)', 'POST', '/servers/{server_id}/action'),
    'retain': ('Say how many light snapshots are kept, and how long (retainSnapshots)', 'POST',
               '/servers/{server_id}/action'),
    'check': ('Check the light snapshots of a server (checkSnapshots)', 'POST', '/servers/{server_id}/action'),
    'repair': ('Repair what a check finds (checkSnapshots with repair)', 'POST', '/servers/{server_id}/action'),
    'commit': ('Commit all layers of a server (commitSnapshot)', 'POST', '/servers/{server_id}/action'),
    'store': ('Keep every light snapshot or not (storeSnapshot)', 'POST', '/servers/{server_id}/action'),
    'daily': ('Take a light snapshot every day or not (dailySnapshot)', 'POST', '/servers/{server_id}/action'),
    'all': ('Take a light snapshot of every server that uses them (snapshotAll)', 'POST', '/os-light-snapshots'),
}
_ADMIN_ONLY = ('all', 'repair')


def list_rules():
    """The defaults in code, for nova 14 and later and for oslo.policy's generators."""
    rules = [policy.RuleDefault(BASE % 'discoverable', ANYONE)]
    for verb, (text, method, path) in sorted(_TEXTS.items()):
        who = ADMIN if verb in _ADMIN_ONLY else OWNER
        if hasattr(policy, 'DocumentedRuleDefault'):        # oslo.policy 1.21, with nova 16
            rules.append(policy.DocumentedRuleDefault(BASE % verb, who, text, [{'method': method, 'path': path}]))
        else:
            rules.append(policy.RuleDefault(BASE % verb, who))
    return rules


def register():
    """Make our rules known to nova's enforcer. Before 14, rules come from files: ours from policy.d."""
    if places.find('policies_in_code') is None:
        return
    nova.policy.init()
    known = nova.policy._ENFORCER.registered_rules
    nova.policy._ENFORCER.register_defaults([rule for rule in list_rules() if rule.name not in known])


def authorize(context, verb, instance=None):
    """:param instance: None for what is about no server of its own
    :raises PolicyNotAuthorized: nova's own, a 403
    """
    register()
    of = context if instance is None else instance
    target = {'project_id': of.project_id, 'user_id': of.user_id}
    places.find('check_policy')(context, BASE % verb, target)
