"""What may be done with a server now, by its state and by policy."""

import logging

from openstack_dashboard import policy

LOG = logging.getLogger(__name__)

READY = ('ACTIVE', 'SHUTOFF')

ENABLE = 'enable'
DISABLE = 'disable'
TAKE = 'create'
RECOVER = 'recover'
RENAME = 'update'
STORE = 'store'
DAILY = 'daily'


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
        self.status = (body.get('status') or '').upper()
        self.task = body.get('OS-EXT-STS:task_state')
        self.locked = bool(body.get('locked'))
        # Empty for a server booted from a volume.
        self.from_image = bool(body.get('image'))

    def ready(self, request):
        """True if the server is in a state in which its disks can be switched."""
        if self.locked and not request.user.is_superuser:
            return False
        return self.status in READY and not self.task


def permitted(request, verb, instance):
    """Asks Horizon's policy, if it knows the rule; nova has the last word."""
    rule = 'os_compute_api:light-snapshot:%s' % verb
    if not _rule_known(rule):
        return True
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


def can(request, verb, instance):
    """True if this user can do this to this server as it is now."""
    state = ServerState(instance)
    if not state.known or not state.ready(request):
        return False
    if verb == ENABLE:
        fits = state.from_image and not state.enabled
    else:
        fits = state.enabled
    return fits and permitted(request, verb, instance)
