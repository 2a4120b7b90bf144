"""What nova has moved, renamed or changed between releases, in one place: the rest of our code asks here.

Adding a release is adding a row. Each is looked for where it is, the newest place first; which releases have it
where is written beside it and held against each nova by tests/nova.
"""

from __future__ import absolute_import

import importlib
import inspect

from light_snapshot.nova import releases

#: what we call it -> ((where nova has it, in which releases), ...)
PLACES = {
    'db_api': (
        ('nova.db.main.api', '24-'),
        ('nova.db.sqlalchemy.api', '12-23')),
    'expected_errors': (
        ('nova.api.openstack.wsgi:expected_errors', '17-'),
        ('nova.api.openstack.extensions:expected_errors', '12-16')),
    'query_schema': (           # a decorator: query parameters against a schema
        ('nova.api.validation:query_schema', '15-'),),
    'check_policy': (
        ('nova.policy:authorize', '14-'),
        ('nova.policy:enforce', '12-13')),
    'policies_in_code': (
        ('nova.policies', '14-'),),
    'reader_rule': (            # who may read what is a project's, or an administrator
        ('nova.policies.base:PROJECT_READER_OR_ADMIN', '25-'),),
    'member_rule': (            # who may change it
        ('nova.policies.base:PROJECT_MEMBER_OR_ADMIN', '26-'),),
    'privsep': (
        ('nova.privsep:sys_admin_pctxt', '17-'),),
    'is_volume_backed': (       # (context, instance); (compute API, context, instance)
        ('nova.compute.utils:is_volume_backed_instance', '14-'),
        ('nova.compute.api:API.is_volume_backed_instance', '12-13')),
    'is_path_shared': (         # (driver, destination, path)
        ('nova.virt.libvirt.driver:LibvirtDriver._is_path_shared_with', '21-'),
        ('nova.virt.libvirt.driver:LibvirtDriver._is_storage_shared_with', '12-20')),
    'server_views': (           # the class that builds the bodies of servers
        ('nova.api.openstack.compute.views.servers:ViewBuilderV21', '12-13'),
        ('nova.api.openstack.compute.views.servers:ViewBuilder', '14-')),
    'resource': (               # what dispatches to a controller, and knows microversions
        ('nova.api.openstack.wsgi:ResourceV21', '12-16'),
        ('nova.api.openstack.wsgi:Resource', '17-')),
    'server_schemas': (         # of requests; from 33 on of answers, too
        ('nova.api.openstack.compute.schemas.servers', '12-'),),
    'remotable_classmethod': (
        ('nova.objects.base:remotable_classmethod', '12-33'),),
    'remotable': (
        ('nova.objects.base:remotable', '12-'),),
    'versioned_notifier': (
        ('nova.rpc:get_versioned_notifier', '13-'),),
    'rpc_router': (             # RPC clients by cell
        ('nova.rpc:ClientRouter', '14-'),),
    'each_cell': (              # runs a function for every cell but cell0
        ('nova.context:scatter_gather_skip_cell0', '16-'),),
}


def find(word):
    """What nova has in the place of `word`; None where this release has nothing of the kind.

    :raises KeyError: not a word of the table
    """
    for place, _releases in PLACES[word]:
        found = look(place)
        if found is not None:
            return found
    return None


def look(place):
    """What is at 'module' or 'module:name.name', or None."""
    module, _colon, names = place.partition(':')
    try:
        found = importlib.import_module(module)
    except ImportError:
        return None
    for name in names.split('.') if names else ():
        found = getattr(found, name, None)
    return found


# ---- where the arguments differ as well

def arguments(function):
    """Names of a function's arguments."""
    spec = inspect.getfullargspec(function) if hasattr(inspect, 'getfullargspec') else inspect.getargspec(function)
    return spec.args


def takes(function, name):
    """Whether one of a function's named arguments is `name`."""
    return name in arguments(function)


#: Releases whose rollback of a live migration is told whether it was a block migration.
ROLLBACK_TOLD = '12-14'


def rollback_arguments(context, instance, dest, block_migration, migrate_data):
    """What nova's method for a live migration that came to nothing takes."""
    told = (block_migration,) if releases.within(ROLLBACK_TOLD, releases.current()) else ()
    return (context, instance, dest) + told + (migrate_data,)


def argument(function, args, kwargs, *names):
    """What a call gives for the argument that is called by one of `names`, as the release has it; None if nothing."""
    taken = taken_below(function, names)
    for name in names:
        if name in kwargs:
            return kwargs[name]
        if name in taken and taken.index(name) < len(args):
            return args[taken.index(name)]
    return None


def taken_below(function, names):
    """What a function takes, or the one below its decorators that takes one of `names`; [] if none does."""
    taken = list(inspect.signature(function).parameters) if hasattr(inspect, 'signature') else \
        inspect.getargspec(function).args
    if set(names) & set(taken):
        return taken
    # oslo.messaging's decorators, and all on Python 2, say (*args) and not what they stand before.
    for cell in getattr(function, '__closure__', None) or ():
        below = taken_below(cell.cell_contents, names) if inspect.isfunction(cell.cell_contents) else []
        if below:
            return below
    return []


def database_engine(context):
    """SQLAlchemy's engine for the database of the context's cell; nova 12 has one database."""
    get_engine = find('db_api').get_engine
    return get_engine(context=context) if takes(get_engine, 'context') else get_engine()


def is_volume_backed(compute_api, context, instance):
    """Whether a server boots from a volume."""
    check = find('is_volume_backed')
    if takes(check, 'self'):        # 12, 13
        return check(compute_api, context, instance)
    return check(context, instance)


def remotable_classmethod(function):
    """A class method of an object that nova-compute has the conductor run; from 34 on it is said in two words."""
    whole = find('remotable_classmethod')
    return whole(function) if whole is not None else classmethod(find('remotable')(function))


def event_reporter(context, host, name, uuid):
    """nova's reporter for an action's event; before 18 there is no host in it."""
    from nova.compute import utils as compute_utils
    reporter = compute_utils.EventReporter
    if takes(reporter.__init__, 'host'):
        return reporter(context, name, host, uuid)
    return reporter(context, name, uuid)


def network_info(instance):
    """What the instance's network looks like, as nova's driver takes it."""
    if hasattr(instance, 'get_network_info'):       # 13 and later
        return instance.get_network_info()
    return instance.info_cache.network_info


def rpc_client(router, context, instance):
    """The RPC client for an instance's cell.

    :param router: nova's router of RPC clients, or the one client that there is before nova 14
    """
    if hasattr(router, 'client'):                   # 16 and later: the context knows the cell
        return router.client(context)
    if hasattr(router, 'by_instance'):              # 14, 15
        return router.by_instance(context, instance)
    return router


def rpc_client_of_host(router, context, host):
    """The same for the cell of a host, of which the context was made."""
    if hasattr(router, 'by_host'):                  # 14, 15
        return router.by_host(context, host)
    return rpc_client(router, context, None)


def in_each_cell(context, function):
    """What function(context of the cell) gives for each cell that may have servers on hosts; before 16 there is one.

    :returns: ([what it gave], [uuids of the cells that failed or gave no answer in nova's time])
    """
    each = find('each_cell')
    if each is None:
        return [function(context)], []
    found, silent = [], []
    # nova puts into the place of an answer what stands for none; which, differs. A tuple is none of them.
    for cell, given in sorted(each(context, lambda cell_context: (function(cell_context),)).items()):
        if isinstance(given, tuple):
            found += given
        else:
            silent.append(cell)
    return found, silent


def notifiers(service, host):
    """nova's notifiers of a service ('compute', 'api') on a host: [(whether it takes versioned payloads, the notifier)]. What notification_format does
    not ask for goes nowhere: nova sees to that. None at all where nova has not set them up.

    The old one is taken without the wrapper by which nova warns of types that are not on its own list (14 and later).
    """
    from nova import rpc
    versioned, found = find('versioned_notifier'), []
    if versioned is not None and rpc.NOTIFIER is not None:
        found.append((True, versioned('nova-%s:%s' % (service, host))))
    old = rpc.LEGACY_NOTIFIER if versioned is not None else rpc.NOTIFIER
    if old is not None:
        found.append((False, old.prepare(publisher_id='%s.%s' % (service, host))))
    return found
