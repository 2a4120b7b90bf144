"""The one table of what is extended in nova, where, in which releases, and why; and how it is done.

Adding a release is adding a row, or a bound to one. What is only called, and stands elsewhere from release to
release, is in the table of places.py. A hook that finds nothing to extend, or something of another signature or that
does not do what ours relies on (relied.py), switches the feature off (`problems`) and says so in the log; so does one
that nova does not pass by any more (`see`). nova itself runs on, and servers that have layers start from them (guard.py).
"""

from __future__ import absolute_import

import collections
import importlib
import logging
import sys

from light_snapshot.nova import releases
from light_snapshot.nova import wrapping

LOG = logging.getLogger(__name__)

DRIVER = 'nova.virt.libvirt.driver'
IMAGES = 'nova.virt.libvirt.imagebackend'
MANAGER = 'nova.compute.manager'
CONDUCTOR = 'nova.conductor.manager'
ROUTES = 'nova.api.openstack.compute.routes'

#: module, where: what of nova's is wrapped. releases: in which it has to be there; in others it is left alone.
#: takes: the names of its first arguments, which our function relies on. ours: module:function of ours. why.
Hook = collections.namedtuple('Hook', 'module where releases takes ours why')

TABLE = (
    Hook(DRIVER, 'LibvirtDriver._get_guest_xml', '12-',
         'self context instance network_info disk_info image_meta rescue', 'driver:get_guest_xml',
         'every start: layers are made again where all were committed'),
    Hook(DRIVER, 'LibvirtDriver._get_guest_config', '12-', 'self instance', 'driver:get_guest_config',
         'every start: the guest boots its active layer, not `disk`'),
    Hook(DRIVER, 'LibvirtDriver._soft_reboot', '12-', 'self instance', 'driver:soft_reboot',
         'libvirt restarts from its own saved definition; go by ours where they differ'),
    Hook(DRIVER, 'LibvirtDriver._get_instance_disk_info', '12-15', 'self instance_name xml',
         'driver:disk_info_from_xml',
         'what looks for the disk\'s image-cache file must see `disk`, not a layer'),
    Hook(DRIVER, 'LibvirtDriver._get_instance_disk_info_from_config', '16-', 'self guest_config',
         'driver:disk_info_from_config', 'the same'),
    Hook(DRIVER, 'LibvirtDriver.migrate_disk_and_power_off', '12-', 'self context instance dest',
         'moves:migrate_disk_and_power_off',
         'resize and cold migration copy `disk` alone: commit first; the history travels'),
    Hook(DRIVER, 'LibvirtDriver.finish_migration', '12-', 'self context migration instance',
         'moves:finish_migration', 'a record on the new host, so that the layers are made again'),
    Hook(DRIVER, 'LibvirtDriver.check_can_live_migrate_source', '12-', 'self context instance',
         'moves:check_can_live_migrate_source', 'nothing may be under way, and there have to be layers'),
    Hook(DRIVER, 'LibvirtDriver.live_migration', '12-', 'self context instance dest post_method recover_method',
         'moves:live_migration', 'block live migration copies the top layer alone: what is below it goes ahead'),
    Hook(DRIVER, 'LibvirtDriver.post_live_migration_at_destination', '12-', 'self context instance',
         'moves:post_live_migration_at_destination', 'what was written while the layers were copied is merged back'),
    Hook(DRIVER, 'LibvirtDriver.snapshot', '12-', 'self context instance', 'images:snapshot',
         'of which server an image is made: of one whose memory is saved no layer may be changed'),
    Hook(DRIVER, 'LibvirtDriver._live_snapshot', '12-',
         'self context instance guest disk_path out_path source_format image_format', 'images:live_snapshot',
         'an image of a running server: nova\'s user may read no layer, and knows no chain'),
    Hook(IMAGES, 'Qcow2.snapshot_extract', '12-', 'self target out_format', 'images:snapshot_extract',
         'the same of a server that is off'),
    Hook(MANAGER, 'ComputeManager.__init__', '12-', 'self', 'manager:init', 'our RPC endpoint beside nova\'s own'),
    Hook(MANAGER, 'ComputeManager.init_host', '12-', 'self', 'manager:init_host',
         'jobs that a crash cut off are finished or undone when nova-compute starts; daily snapshots run from then on'),
    Hook(MANAGER, 'ComputeManager.cleanup_host', '12-', 'self', 'manager:cleanup_host',
         'no daily snapshot begins while the service stops'),
    Hook(MANAGER, 'ComputeManager._init_instance', '12-', 'self context instance', 'manager:init_instance',
         'which servers of this host are ours, without a query of our own'),
    Hook(MANAGER, 'ComputeManager.rebuild_instance', '12-', 'self context instance', 'manager:rebuild_instance',
         'a rebuild turns light snapshots off'),
    Hook(MANAGER, 'ComputeManager._prep_snapshot_based_resize_at_source', '21-', 'self ctxt instance',
         'moves:prep_snapshot_based_resize_at_source', 'a resize to another cell would leave layers and history behind'),
    Hook(CONDUCTOR, 'ConductorManager.__init__', '12-', 'self', 'state:registered',
         'our object is known to the conductor, which reads and writes the six columns for nova-compute, and asks where a server goes'),
    Hook(ROUTES, 'APIRouterV21.__init__', '16-', 'self', 'api:add_routes',
         'our actions and our resource, before the routes are built'),
)

#: What nova loads by itself from our distribution's entry points: (group, releases, what, why).
ENTRY_POINTS = (
    ('nova.api.v21.extensions', '12-15', 'light_snapshot.nova.extension:LightSnapshots',
     'our actions and our resource, in the releases that have no list of routes'),
)

#: What a row of the table relies on beyond names and arguments: function of ours -> what looks at nova's module for it,
#: in relied.py. Where it does not hold the row is left out.
RELIES = {
    'driver:get_guest_xml': ('guests',),
    'driver:get_guest_config': ('disks_written',),
    'driver:soft_reboot': ('guests',),
    'driver:disk_info_from_config': ('disks_read',),
    'moves:migrate_disk_and_power_off': ('guests', 'exceptions'),
    'moves:check_can_live_migrate_source': ('guests', 'exceptions'),
    'moves:live_migration': ('guests', 'shared_paths'),
    'moves:prep_snapshot_based_resize_at_source': ('exceptions',),
    'manager:init': ('endpoints',),
    'manager:rebuild_instance': ('evacuations',),
}

#: Without these rows a server would start from `disk` alone: guard.py does what is left.
STARTS = ('driver:get_guest_xml', 'driver:get_guest_config')

#: What runs where guests are started: whichever of these comes first puts libvirt's binding on guard.
GUARDED = (DRIVER, IMAGES)

problems = []


def apply(module):
    """Apply the table's rows for one of nova's modules, which has just been run. Raises nothing."""
    rows = [hook for hook in TABLE if hook.module == module.__name__]
    number = releases.current() if rows else None
    for hook in rows:
        try:
            if _applies(module, hook, number):
                _apply_row(module, hook)
        except Exception as exc:
            refuse('%s (%s): %s' % (_named(hook), hook.why, exc))
            if hook.ours in STARTS:
                _guard(needed=True)
    if module.__name__ in GUARDED:
        _guard()


def see(modules):
    """Look whether each row that is for this nova is in force in some of its modules, and refuse where it is not: a module that
    nova has made a package, or moved, runs without passing by our file. Raises nothing.

    :param modules: names of nova's modules that this service runs
    :returns: whether all are
    """
    number, well = releases.current(), True
    for name in modules:
        rows = [hook for hook in TABLE if hook.module == name and (number is None or releases.within(hook.releases, number))]
        if not rows:
            continue
        try:
            module = importlib.import_module(name)
        except Exception as exc:
            # Of a nova without a number: what not every release has may be missing.
            bare, why = [hook for hook in rows if number or hook.releases == '12-'], '%s: %s' % (type(exc).__name__, exc)
        else:
            bare = [hook for hook in rows if _ought(module, hook, number) and not _in_force(module, hook)]
            why = 'nova has it in %s, where light-snapshot has no file' % getattr(module, '__file__', 'no file')
        well = well and not bare
        # `apply` has said what it could not extend.
        bare = [hook for hook in bare if not any(problem.startswith(_named(hook) + ' (') for problem in problems)]
        if bare:
            refuse('light-snapshot does not extend %s (%s): %s' % (name, ', '.join(hook.where for hook in bare), why))
        if name in GUARDED:
            _guard(needed=any(hook.ours in STARTS for hook in bare))
    return well


def refuse(problem):
    """Switch the feature off in this service."""
    problems.append(problem)
    LOG.error('%s. Light snapshots are refused; nova itself runs on.', problem)


def _named(hook):
    return 'light-snapshot cannot extend %s.%s' % (hook.module, hook.where)


def _guard(needed=False):
    """Put libvirt's binding on guard.

    :param needed: the hook of the starts does not hold
    """
    try:
        from light_snapshot.nova import guard
        guard.install()
    except Exception as exc:
        # A controller may import nova's driver, and have no libvirt.
        (LOG.error if needed else LOG.debug)('light-snapshot: what libvirt is given cannot be put right: %s. Do not start servers that '
                                             'have layers on this host.', exc)
    else:
        if needed:
            LOG.warning('light-snapshot: servers that have layers start from them all the same: what libvirt is given is put right.')


def hold(*names):
    """Import what of ours this service may need later, now: after an upgrade of this package, and until the service
    restarts, it goes on with the code that it began with.

    :param names: modules beside those of the rows whose modules are in use
    """
    used = set('light_snapshot.nova.' + hook.ours.partition(':')[0] for hook in TABLE if hook.module in sys.modules)
    for name in sorted(used | set(names)):
        try:
            importlib.import_module(name)
        except Exception as exc:
            refuse('light-snapshot cannot use this nova: %s: %s: %s' % (name, type(exc).__name__, exc))


def _applies(module, hook, number):
    """Whether the row is for the nova that runs here. Of a nova without a number: whether it has such a method, or
    ought to, since every release has."""
    if number is None:
        return hook.releases == '12-' or _find(module, hook) is not None
    return releases.within(hook.releases, number)


def _find(module, hook):
    class_name, method = hook.where.split('.')
    return getattr(module, class_name).__dict__.get(method)


def _ought(module, hook, number):
    try:
        return _applies(module, hook, number)
    except AttributeError:
        # There is no such class: no release is without it where the row is for every release.
        return number is not None or hook.releases == '12-'


def _in_force(module, hook):
    try:
        return getattr(_find(module, hook), 'light_snapshot_hook', False)
    except AttributeError:
        return False


def _apply_row(module, hook):
    class_name, method = hook.where.split('.')
    original = _find(module, hook)
    if original is None:
        raise AttributeError('%s has no %s of its own' % (class_name, method))
    if getattr(original, 'light_snapshot_hook', False):
        return
    wrapping.check(original, hook.takes.split())
    for name in RELIES.get(hook.ours, ()):
        getattr(importlib.import_module('light_snapshot.nova.relied'), name)(module, original)
    setattr(getattr(module, class_name), method, _wrap(original, hook.ours))


def _wrap(original, ours):
    module, function = ours.split(':')

    def call(*args, **kwargs):
        # Imported at the first call: nova's modules import each other, and ours would close the circle.
        hook = getattr(importlib.import_module('light_snapshot.nova.' + module), function)
        return hook(original, *args, **kwargs)

    hooked = wrapping.like(original, call)
    hooked.light_snapshot_hook = True
    return hooked
