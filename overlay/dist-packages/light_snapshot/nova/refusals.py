"""What nova cannot yet do safely to a server with layers is refused in nova-api, before anything changes.

Each of these would read, copy or drop the file `disk` alone, or fail half way on layers that only QEMU may read.
"""

from __future__ import absolute_import

import functools

from nova import exception
from nova.compute import api as compute

from light_snapshot.nova import state

# method of nova.compute.api.API -> what the user called it
METHODS = {
    'snapshot': 'createImage',
    'backup': 'createBackup',
    'shelve': 'shelve',
    'evacuate': 'evacuate',
}


def extend():
    """Wrap the methods. The controllers turn InstanceInvalidState into a 409 that says why."""
    for method, title in METHODS.items():
        setattr(compute.API, method, _guard(getattr(compute.API, method), title))


def _guard(original, title):
    @functools.wraps(original)
    def guarded(self, context, instance, *args, **kwargs):
        columns = state.read(getattr(instance, '_context', None) or context, [instance.uuid])
        if columns.get(instance.uuid, {}).get('light_snapshot_enable'):
            raise exception.InstanceInvalidState(attr='light_snapshot', state='enabled', instance_uuid=instance.uuid,
                                                 method=title)
        return original(self, context, instance, *args, **kwargs)
    return guarded
