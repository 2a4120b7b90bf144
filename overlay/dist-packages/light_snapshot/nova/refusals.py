"""What nova cannot do to a server with layers without a loss is refused in nova-api, before anything changes.

Shelving takes a server's files from its host, sooner or later: what the server has now goes into an image, and its history
would be gone. An evacuation to a host without light-snapshot would start the server from an old state of its disk.
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


def extend():
    """Wrap the methods of nova's compute API."""
    compute.API.shelve = _guard_shelve(compute.API.shelve)
    compute.API.evacuate = _guard_evacuate(compute.API.evacuate)


def _cell_of(context, instance):
    """A context that reaches a server's cell."""
    return getattr(instance, '_context', None) or context


def _is_enabled(context, instance):
    return state.read(_cell_of(context, instance), [instance.uuid]).get(instance.uuid, {}).get('light_snapshot_enable')


def _guard_shelve(original):
    @functools.wraps(original)
    def shelve(self, context, instance, *args, **kwargs):
        if _is_enabled(context, instance):
            _refuse_with_history(context, instance)
        return original(self, context, instance, *args, **kwargs)
    return shelve


def _refuse_with_history(context, instance):
    """409 for a server that has kept restore points; it goes by what its host says, not by the columns."""
    ask = asking.Controller()
    ask.check_host(context, instance)
    kept = [point for point in ask.call('points', context, instance)['points'] if point['kept']]
    if kept:
        raise exc.HTTPConflict(
            explanation='Cannot shelve server %s: it keeps %d light snapshots, which lie on its compute host and would be '
                        'lost with its disk. Nothing was changed. Disable light snapshots first (this removes them), or '
                        'stop the server instead.' % (instance.uuid, len(kept)))


def _guard_evacuate(original):
    @functools.wraps(original)
    def evacuate(self, context, instance, *args, **kwargs):
        if _is_enabled(context, instance):
            host = places.argument(original, (self, context, instance) + args, kwargs, 'host')
            cell = _cell_of(context, instance)
            why = destinations.first_wrong(cell, instance, [host] if host else _hosts_for(cell, instance))
            if why:
                raise exc.HTTPConflict(explanation='Cannot evacuate server %s%s. %s' % (
                    instance.uuid, '' if host else ' to a host that nova chooses', why))
        return original(self, context, instance, *args, **kwargs)
    return evacuate


def _hosts_for(context, instance):
    """The compute hosts of a server's cell that nova may choose: those that are up and enabled."""
    services = [one for one in objects.ServiceList.get_all(context.elevated()) if one.binary == 'nova-compute']
    is_up = servicegroup.API().service_is_up
    return [one.host for one in services if one.host != instance.host and not one.disabled and is_up(one)]
