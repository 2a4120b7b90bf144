"""In which version of our RPC a compute host is asked: an older one is asked for nothing that it does not know."""

import pytest

from oslo_messaging.rpc import dispatcher

from light_snapshot.nova import manager
from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import rpcapi


class Instance(object):
    host = 'h'


clients = []


@pytest.fixture
def asked(monkeypatch):
    """(server, version, method, arguments) of each call."""
    calls = []
    del clients[:]

    class Client(object):
        def prepare(self, server, version, timeout=None):
            class Prepared(object):
                def call(self, _context, method, **kwargs):
                    calls.append((server, version, method, sorted(kwargs)) + ((timeout,) if timeout else ()))
                    return {}
            return Prepared()
    monkeypatch.setattr(rpcapi.rpc, 'get_client', lambda _target, serializer: clients.append(serializer) or Client())
    monkeypatch.setattr(rpcapi.ComputeAPI, '_router', None)
    monkeypatch.setitem(places.PLACES, 'rpc_router', ())
    monkeypatch.setattr(places, 'rpc_client', lambda _router, _context, _instance: Client())
    monkeypatch.setattr(places, 'rpc_client_of_host', lambda _router, _context, _host: Client())
    return calls


def test_what_there_was_before_is_asked_for_in_the_first_version(asked):
    api, one = rpcapi.ComputeAPI(), Instance()
    api.points(None, one)
    api.describe(None, one, 1, 'n', None)
    for operation in sorted(set(names.TASK_STATES) - set(names.NEW)):
        api.operate(None, one, operation, {'index': 1, 'use_root': False})
    assert len(asked) == 8 and all(call[:2] == ('h', '1.0') for call in asked)


def test_what_is_new_is_asked_for_in_its_version(asked):
    api, one = rpcapi.ComputeAPI(), Instance()
    api.check(None, one)
    for operation in names.NEW:
        api.operate(None, one, operation, {})
    api.operate(None, one, 'recover', {'index': 1, 'use_root': False, 'safety': False})
    assert len(asked) == 8 and all(call[:2] == ('h', '1.1') for call in asked)


def test_the_process_has_one_client(asked):
    """Each that is made leaves connections open, in nova 14 and 15."""
    for _again in range(3):
        rpcapi.ComputeAPI().about(None, 'h')
        rpcapi.ComputeAPI().about_host(None, Instance(), 'other')
    assert len(clients) == 1
    assert asked[:2] == [('h', '1.3', 'about', [], rpcapi.ALL_TIMEOUT), ('other', '1.3', 'about', [], rpcapi.ALL_TIMEOUT)]


def test_what_a_host_runs_is_asked_for_in_its_version_and_not_for_ever(asked):
    rpcapi.ComputeAPI().about(None, 'h')
    assert asked == [('h', '1.3', 'about', [], rpcapi.ALL_TIMEOUT)]


def test_a_snapshot_of_all_is_asked_for_in_its_version_and_not_for_ever(asked):
    rpcapi.ComputeAPI().snapshot_all(None, 'h', ['u'], {})
    assert asked == [('h', '1.2', 'snapshot_all', ['args', 'uuids'], rpcapi.ALL_TIMEOUT)]
    assert rpcapi.ALL_TIMEOUT <= 30


@pytest.mark.parametrize('version, knows', [('1.0', (True, False, False, False)), ('1.1', (True, True, False, False)),
                                            ('1.2', (True, True, True, False)), ('1.3', (True, True, True, True))])
def test_a_host_of_each_version(version, knows):
    """oslo.messaging's own judgement of our endpoint's target."""
    assert manager.Endpoint.target.version == rpcapi.NEWEST == '1.3'
    is_compatible = dispatcher.RPCDispatcher._is_compatible
    target = type(manager.Endpoint.target)(namespace='light_snapshot', version=version)
    assert tuple(is_compatible(target, asked) for asked in (
        rpcapi.FIRST, rpcapi.SECOND, rpcapi.THIRD, rpcapi.NEWEST)) == knows
