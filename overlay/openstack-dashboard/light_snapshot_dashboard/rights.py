"""What may be done with a server now, by its state and by policy."""

import logging

from openstack_dashboard import policy

from light_snapshot_dashboard.compat import gettext_lazy as _

LOG = logging.getLogger(__name__)

READY = ('ACTIVE', 'SHUTOFF')

LOOK = 'index'
ENABLE = 'enable'
DISABLE = 'disable'
TAKE = 'create'
RECOVER = 'recover'
PREVIEW = 'preview'
KEEP = 'keep'
UNDO = 'undo'
RENAME = 'update'
DELETE = 'delete'
COMMIT = 'commit'
STORE = 'store'
DAILY = 'daily'
RETAIN = 'retain'
CHECK = 'check'
REPAIR = 'repair'


class ServerState(object):
    """The parts of a server's body that decide what can be done with it."""

    def __init__(self, instance):
        # Horizon's wrapper hands out only the attributes that it knows, and
        # novaclient's resource asks the API again for one that is missing:
        # so the body itself is read.
        resource = getattr(instance, '_apiresource', instance)
        body = getattr(resource, '_info', None)
        if body is None:
            body = vars(resource)
        self.known = 'light_snapshot_enabled' in body
        self.enabled = bool(body.get('light_snapshot_enabled'))
        self.store = bool(body.get('snapshot_store'))
        self.daily = bool(body.get('snapshot_daily'))
        # Only newer APIs tell how many restore points there are.
        self.count = body.get('light_snapshot_count')
        self.status = (body.get('status') or '').upper()
        self.task = body.get('OS-EXT-STS:task_state')
        self.locked = bool(body.get('locked'))
        # Empty for a server booted from a volume.
        self.from_image = bool(body.get('image'))


def hindrance(request, instance):
    """Why the disks of this server cannot be switched now: a few words, or
    None if they can."""
    state = ServerState(instance)
    if not state.from_image and not state.enabled:
        return _('started from a volume')
    why = occupied(request, instance)
    if why is None and state.status not in READY:
        why = _('neither active nor shut off')
    return why


def occupied(request, instance):
    """Why not even a restore point's name can be changed now: a few words, or
    None if it can."""
    state = ServerState(instance)
    if state.locked and not request.user.is_superuser:
        return _('locked')
    if state.task:
        return _('a task is under way')
    return None


def permitted(request, verb, instance, unknown=True):
    """Asks Horizon's policy, if it knows the rule; nova has the last word.

    :param unknown: the answer where it does not
    """
    rule = 'os_compute_api:light-snapshot:%s' % verb
    if not _rule_known(rule):
        return unknown
    owner = getattr(instance, 'tenant_id', None)
    return policy.check((('compute', rule),), request,
                        {'project_id': owner, 'tenant_id': owner})


def _rule_known(rule):
    # A rule that is not in Horizon's copy of nova's policy would be judged by
    # that file's default rule, which says nothing about light snapshots.
    try:
        from openstack_auth import policy as engine

        enforcer = engine._get_enforcer().get('compute')
        return enforcer is not None and rule in enforcer.rules
    except Exception:
        LOG.debug('Horizon\'s policy could not be read', exc_info=True)
        return False


def offered(request, verb, instance):
    """True if this is something that this user could do to this server, were
    nothing in the way."""
    state = ServerState(instance)
    return (state.known and state.enabled != (verb == ENABLE) and
            permitted(request, verb, instance))


def can(request, verb, instance):
    """True if this user can do this to this server as it is now."""
    return (offered(request, verb, instance) and
            hindrance(request, instance) is None)
