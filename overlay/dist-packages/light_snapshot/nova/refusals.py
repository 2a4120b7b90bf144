"""What nova cannot do to a server with layers without a loss is refused in nova-api, before anything changes.

Shelving takes a server's files from its host, sooner or later: what the server has now goes into an image, and its history
would be gone.
"""

from __future__ import absolute_import

import functools

from nova.compute import api as compute
from webob import exc

from light_snapshot.nova import asking
from light_snapshot.nova import state


def extend():
    """Wrap the methods of nova's compute API."""
    compute.API.shelve = _guard_shelve(compute.API.shelve)


def _guard_shelve(original):
    @functools.wraps(original)
    def shelve(self, context, instance, *args, **kwargs):
        columns = state.read(getattr(instance, '_context', None) or context, [instance.uuid])
        if columns.get(instance.uuid, {}).get('light_snapshot_enable'):
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
