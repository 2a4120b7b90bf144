"""The tables of hooks and places against the nova that is here, whichever release it is."""

import importlib
import inspect
import io
import os
import re

import pytest

from nova import config     # noqa: F401  nova registers its options with it

from light_snapshot.nova import hooks
from light_snapshot.nova import places
from light_snapshot.nova import refusals
from light_snapshot.nova import relied
from light_snapshot.nova import releases
from light_snapshot.nova import wrapping

NUMBER = releases.current()
HERE = [hook for hook in hooks.TABLE if releases.within(hook.releases, NUMBER)]


def test_the_release_is_known():
    assert NUMBER is not None and NUMBER >= 12


@pytest.mark.parametrize('hook', HERE, ids=[hook.where for hook in HERE])
def test_a_hook_holds(hook):
    """nova has what is extended, with the arguments that we rely on. (True with our package installed as well.)"""
    original = hooks._find(importlib.import_module(hook.module), hook)
    assert original is not None
    wrapping.check(original, hook.takes.split())
    for name in hooks.RELIES.get(hook.ours, ()):
        # Where our package is installed it has looked before the hook, and the hook is there.
        if not getattr(original, 'light_snapshot_hook', False):
            getattr(relied, name)(importlib.import_module(hook.module), original)


@pytest.mark.parametrize('word', sorted(places.PLACES))
def test_a_place_is_where_the_table_says(word):
    expected = [place for place, where in places.PLACES[word] if releases.within(where, NUMBER)]
    found = [place for place, _where in places.PLACES[word] if places.look(place) is not None]
    assert found[:1] == expected[:1]


def test_all_of_the_glue_can_be_imported():
    names = ['api', 'asking', 'beside', 'checking', 'counters', 'daily', 'destinations', 'driver', 'everywhere', 'guard', 'images', 'links', 'listing', 'manager', 'moves',
             'notifications', 'options', 'pages', 'policy', 'privileges', 'queries', 'quota', 'refusals', 'relied', 'resource', 'rpcapi', 'schedule',
             'schemas', 'state', 'summary', 'together', 'turns', 'unextended', 'views']
    names += ['extension'] if NUMBER < 16 else []
    for name in names:
        importlib.import_module('light_snapshot.nova.' + name)


def test_what_is_refused_is_nova_api_s_own():
    from nova.compute import api
    assert all(callable(getattr(api.API, name)) for name in ('shelve', 'snapshot', 'backup'))
    for name, (host, _what) in refusals.MOVES.items():
        # A resize to a host that is named came with 17.
        assert places.taken_below(getattr(api.API, name), (host,)) or (name == 'resize' and NUMBER < 17), name


def test_what_moves_a_server_takes_what_ours_gives_it():
    from nova.compute import manager
    from nova.virt.libvirt import driver, utils
    assert {'src', 'dest', 'host', 'compression'} <= set(places.arguments(utils.copy_image))
    assert places.arguments(driver.LibvirtDriver._cleanup_remote_migration)[1:5] == [
        'dest', 'inst_base', 'inst_base_resize', 'shared_storage']
    path = inspect.getsourcefile(manager)
    path = path + '.light-snapshot-orig' if os.path.exists(path + '.light-snapshot-orig') else path
    # Its decorators hide what it takes, on Python 2.
    with io.open(path, encoding='utf-8') as handle:
        taken = re.search(r'def _rollback_live_migration\(([^)]*)\)', handle.read()).group(1)
    taken = [word.partition('=')[0].strip() for word in taken.split(',')]
    given = ['context', 'instance', 'dest', 'block_migration', 'migrate_data']
    if not releases.within(places.ROLLBACK_TOLD, NUMBER):
        given.remove('block_migration')
    assert taken[1:len(given) + 1] == given
    assert list(places.rollback_arguments(*range(5)))[-1] == 4


def test_the_argument_that_tells_an_evacuation_from_a_rebuild():
    from nova.compute import manager
    original = manager.ComputeManager.rebuild_instance
    args = tuple('self context instance orig_image_ref image_ref injected_files new_pass orig_sys_metadata bdms'.split())
    assert places.argument(original, args, {'evacuate': True}, 'evacuate', 'recreate') is True
    assert places.argument(original, args, {'recreate': True}, 'evacuate', 'recreate') is True
    assert not places.argument(original, args, {}, 'evacuate', 'recreate')


def test_an_evacuation_is_told_by_position_as_well():
    """nova-compute hands on what comes by an older release's RPC so; a decorator that says (*args) stands before."""
    from nova.compute import manager
    original = manager.ComputeManager.__dict__['rebuild_instance']
    if getattr(original, 'light_snapshot_hook', False):
        pytest.skip('what nova has is below our hook here; the other nova of the matrix shows it')
    taken = places.taken_below(original, ('evacuate', 'recreate'))
    where = [number for number, name in enumerate(taken) if name in ('evacuate', 'recreate')][0]
    args = ['given'] * where
    assert places.argument(original, tuple(args + [True]), {}, 'evacuate', 'recreate') is True
    assert places.argument(original, tuple(args + [False]), {}, 'evacuate', 'recreate') is False


def test_the_arguments_that_differ():
    from nova.compute import utils as compute_utils
    assert places.takes(compute_utils.EventReporter.__init__, 'host') is (NUMBER >= 18)
    assert places.takes(places.find('db_api').get_engine, 'context') is (NUMBER >= 13)
    assert places.takes(places.find('is_volume_backed'), 'self') is (NUMBER < 14)


def test_what_nova_compute_is_given_beside_its_own_endpoint():
    """Methods that oslo.messaging can dispatch to: from 34 on nova wraps endpoints and looks for a context, and for an instance
    where there is one."""
    from light_snapshot.nova import manager
    arguments = getattr(inspect, 'getfullargspec', None) or inspect.getargspec
    methods = [name for name in vars(manager.Endpoint) if not name.startswith('_') and name != 'target']
    assert sorted(methods) == ['about', 'check', 'describe', 'operate', 'points', 'snapshot_all']
    of = {'about': [], 'snapshot_all': ['uuids']}
    for name in methods:
        assert arguments(getattr(manager.Endpoint, name)).args[:3] == ['self', 'context'] + of.get(name, ['instance'])


def test_what_runs_for_each_cell_takes_a_function_of_its_context():
    each = places.find('each_cell')
    assert each is None or places.arguments(each) == ['context', 'fn']
