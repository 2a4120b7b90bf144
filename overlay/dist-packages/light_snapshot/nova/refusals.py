"""What nova cannot do to a server with layers without a loss is refused in nova-api, before anything changes.

Shelving takes a server's files from its host, sooner or later: what the server has now goes into an image, and its history
would be gone. No image is made during a preview: what the server shows then is not what it is. The host would refuse that when
nova has made an empty image and, for a shelve, has switched the server off. An evacuation to a host without light-snapshot would
start the server from an old state of its disk.
"""

from __future__ import absolute_import

import functools

from nova import objects
from nova import servicegroup
from nova.compute import api as compute
from webob import exc

from light_snapshot.nova import asking
from light_snapshot.nova import destinations
from light_snapshot.nova import places
from light_snapshot.nova import state


#: Methods of nova's compute API that have an image made of a server -> what the user wants, for 'Cannot ... server'.
IMAGES = {'snapshot': 'make an image of', 'backup': 'make a backup of', 'shelve': 'shelve'}

#: Those that send a server to another host -> (their argument that names it, what the user wants). A cold migration is a resize.
MOVES = {'evacuate': ('host', 'evacuate'), 'live_migrate': ('host_name', 'migrate'), 'resize': ('host_name', 'migrate')}


def extend():
    """Wrap the methods of nova's compute API."""
    for name in sorted(IMAGES):
        setattr(compute.API, name, _guard_image(getattr(compute.API, name), name))
    for name in sorted(MOVES):
        setattr(compute.API, name, _guard_move(getattr(compute.API, name), name))


def _cell_of(context, instance):
    """A context that reaches a server's cell."""
    return getattr(instance, '_context', None) or context


def _is_enabled(context, instance):
    return state.is_enabled(_cell_of(context, instance), instance)


def _guard_image(original, name):
    @functools.wraps(original)
    def guarded(self, context, instance, *args, **kwargs):
        if _is_enabled(context, instance):
            _refuse_image(context, instance, name)
        return original(self, context, instance, *args, **kwargs)
    return guarded


def _refuse_image(context, instance, name):
    """409 during a preview, and for the shelve of a server that has kept restore points; it goes by what its host says, not by the
    columns."""
    ask = asking.Controller()
    ask.check_host(context, instance)
    told = ask.call('points', context, instance)
    if told.get('preview') is not None:     # a host with an older light-snapshot does not tell
        raise exc.HTTPConflict(
            explanation='Cannot %s server %s: it shows restore point %d as a preview. Nothing was changed. Keep the preview or undo it '
                        'first, then try again.' % (IMAGES[name], instance.uuid, told['preview']))
    kept = [point for point in told['points'] if point['kept']] if name == 'shelve' else []
    if kept:
        raise exc.HTTPConflict(
            explanation='Cannot shelve server %s: it keeps %d light snapshots, which lie on its compute host and would be '
                        'lost with its disk. Nothing was changed. Disable light snapshots first (this removes them), or '
                        'stop the server instead.' % (instance.uuid, len(kept)))


def _guard_move(original, name):
    @functools.wraps(original)
    def guarded(self, context, instance, *args, **kwargs):
        if _is_enabled(context, instance):
            host = places.argument(original, (self, context, instance) + args, kwargs, MOVES[name][0])
            _refuse_move(_cell_of(context, instance), instance, name, host)
        return original(self, context, instance, *args, **kwargs)
    return guarded


def _refuse_move(context, instance, name, host):
    """409 where a host that may be meant is none for a server with layers.

    :param host: None where nova chooses. Of a server that moves the source, or nova-conductor, asks then
    """
    hosts = [host] if host else _hosts_for(context) if name == 'evacuate' else []
    why = destinations.first_wrong(context, instance, [one for one in hosts if one != instance.host])
    if why:
        raise exc.HTTPConflict(explanation='Cannot %s server %s%s. %s' % (
            MOVES[name][1], instance.uuid, '' if host else ' to a host that nova chooses', why))


def _hosts_for(context):
    """The compute hosts of a server's cell that nova may choose: those that are up and enabled."""
    services = [one for one in objects.ServiceList.get_all(context.elevated()) if one.binary == 'nova-compute']
    is_up = servicegroup.API().service_is_up
    return [one.host for one in services if not one.disabled and is_up(one)]
