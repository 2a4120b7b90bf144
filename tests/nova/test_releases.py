"""The tables of hooks and places against the nova that is here, whichever release it is."""

import importlib

import pytest

from nova import config     # noqa: F401  nova registers its options with it

from light_snapshot.nova import hooks
from light_snapshot.nova import places
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


@pytest.mark.parametrize('word', sorted(places.PLACES))
def test_a_place_is_where_the_table_says(word):
    expected = [place for place, where in places.PLACES[word] if releases.within(where, NUMBER)]
    found = [place for place, _where in places.PLACES[word] if places.look(place) is not None]
    assert found[:1] == expected[:1]


def test_all_of_the_glue_can_be_imported():
    names = ['api', 'driver', 'manager', 'options', 'policy', 'privileges', 'refusals', 'rpcapi', 'state', 'views']
    names += ['extension'] if NUMBER < 16 else []
    for name in names:
        importlib.import_module('light_snapshot.nova.' + name)


def test_what_is_refused_is_nova_api_s_own():
    from nova.compute import api
    from light_snapshot.nova import refusals
    assert all(callable(getattr(api.API, method)) for method in refusals.METHODS)


def test_the_arguments_that_differ():
    from nova.compute import utils as compute_utils
    assert places.takes(compute_utils.EventReporter.__init__, 'host') is (NUMBER >= 18)
    assert places.takes(places.find('db_api').get_engine, 'context') is (NUMBER >= 13)
    assert places.takes(places.find('is_volume_backed'), 'self') is (NUMBER < 14)


def test_what_nova_compute_is_given_beside_its_own_endpoint():
    """Methods that oslo.messaging can dispatch to: from 34 on nova wraps endpoints and asks for these arguments."""
    import inspect
    from light_snapshot.nova import manager
    arguments = getattr(inspect, 'getfullargspec', None) or inspect.getargspec
    methods = [name for name in vars(manager.Endpoint) if not name.startswith('_') and name != 'target']
    assert sorted(methods) == ['describe', 'operate', 'points']
    assert all(arguments(getattr(manager.Endpoint, name)).args[:3] == ['self', 'context', 'instance']
               for name in methods)
