"""The one table of what is extended in nova, where, and why; and how it is done.

Adding a release is adding a row. A hook that finds nothing to extend switches the feature off (`problems`) and
says so in the log; nova itself runs on.
"""

from __future__ import absolute_import

import functools
import importlib
import inspect
import logging

LOG = logging.getLogger(__name__)

DRIVER = 'nova.virt.libvirt.driver'
MANAGER = 'nova.compute.manager'
CONDUCTOR = 'nova.conductor.manager'
ROUTES = 'nova.api.openstack.compute.routes'

# (nova's module, what is wrapped there, our function, why)
# A name with '?' is wrapped where a release has it; any other has to be there.
TABLE = (
    (DRIVER, 'LibvirtDriver._get_guest_xml', 'driver:get_guest_xml',
     'every start: layers are made again where all were committed'),
    (DRIVER, 'LibvirtDriver._get_guest_config', 'driver:get_guest_config',
     'every start: the guest boots its active layer, not `disk`'),
    (DRIVER, 'LibvirtDriver._soft_reboot', 'driver:soft_reboot',
     'libvirt restarts from its own saved definition; go by ours where they differ'),
    (DRIVER, 'LibvirtDriver._get_instance_disk_info_from_config?', 'driver:disk_info_from_config',
     '16+: what looks for the disk\'s image-cache file must see `disk`, not a layer'),
    (DRIVER, 'LibvirtDriver.migrate_disk_and_power_off', 'driver:migrate_disk_and_power_off',
     'resize and cold migration copy `disk` alone: commit first; the history travels'),
    (DRIVER, 'LibvirtDriver.finish_migration', 'driver:finish_migration',
     'a record on the new host, so that the layers are made again'),
    (DRIVER, 'LibvirtDriver.check_can_live_migrate_source', 'driver:check_can_live_migrate_source',
     'block live migration copies the top layer alone: commit first'),
    (DRIVER, 'LibvirtDriver.post_live_migration_at_destination', 'driver:post_live_migration_at_destination',
     'a record on the new host, so that the layers are made again at the next start'),
    (MANAGER, 'ComputeManager.__init__', 'manager:init',
     'our RPC endpoint beside nova\'s own'),
    (MANAGER, 'ComputeManager.init_host', 'manager:init_host',
     'jobs that a crash cut off are finished or undone when nova-compute starts'),
    (MANAGER, 'ComputeManager.rebuild_instance', 'manager:rebuild_instance',
     'a rebuild turns light snapshots off'),
    (CONDUCTOR, 'ConductorManager.__init__', 'state:registered',
     'our object is known to the conductor, which reads and writes the six columns for nova-compute'),
    (ROUTES, 'APIRouterV21.__init__', 'api:add_routes',
     '16+: our actions and our resource, before the routes are built'),
)

problems = []


def apply(module):
    """Apply the table's rows for one of nova's modules, which has just been run. Raises nothing."""
    for name, where, ours, why in TABLE:
        if name != module.__name__:
            continue
        try:
            _apply_row(module, where, ours)
        except Exception as exc:
            problem = 'light-snapshot cannot extend %s.%s (%s): %s' % (name, where, why, exc)
            problems.append(problem)
            LOG.error('%s. Light snapshots are refused; nova itself runs on.', problem)


def _apply_row(module, where, ours):
    optional, where = where.endswith('?'), where.rstrip('?')
    class_name, method = where.split('.')
    cls = getattr(module, class_name)
    if method not in cls.__dict__:
        if optional:
            return
        raise AttributeError('%s has no %s of its own' % (class_name, method))
    original = cls.__dict__[method]
    if getattr(original, 'light_snapshot_hook', False):
        return
    setattr(cls, method, _wrap(original, ours))


def _wrap(original, ours):
    module, function = ours.split(':')

    @functools.wraps(original)
    def hooked(*args, **kwargs):
        # Imported at the first call: nova's modules import each other, and ours would close the circle.
        hook = getattr(importlib.import_module('light_snapshot.nova.' + module), function)
        return hook(original, *args, **kwargs)

    if hasattr(inspect, 'signature'):
        hooked.__signature__ = inspect.signature(original)
    hooked.light_snapshot_hook = True
    return hooked
