"""What observers are told, through nova's own notifiers and oslo.messaging's driver for tests."""

import json
import threading

import oslo_messaging as messaging
import pytest
from oslo_messaging.notify import _impl_test

import nova.context
from nova import config
from nova import rpc

from light_snapshot.engine import errors
from light_snapshot.nova import driver
from light_snapshot.nova import manager
from light_snapshot.nova import names
from light_snapshot.nova import notifications
from light_snapshot.nova import places
from light_snapshot.nova import releases

from stand_in import Instance
from test_work import Manager, engine     # noqa: F401  a fixture

WHO = {'action_initiator_user': 'who', 'action_initiator_project': 'where'}


def context():
    # What it is said to be, nova need not ask its policy for.
    return nova.context.RequestContext('who', 'where', is_admin=False)


def notifier():
    """As rpc.init makes them, without a message queue."""
    config.CONF([], project='nova', default_config_files=[])
    make = getattr(messaging, 'get_notification_transport', messaging.get_transport)
    return messaging.Notifier(make(config.CONF, url='fake:/'), driver='test',
                              serializer=rpc.RequestContextSerializer(rpc.JsonPayloadSerializer()))


@pytest.fixture
def sent(monkeypatch):
    """[(the context, the message)] that were sent, in order; each has to be plain data."""
    monkeypatch.setattr(rpc, 'NOTIFIER', notifier())
    if hasattr(rpc, 'LEGACY_NOTIFIER'):
        monkeypatch.setattr(rpc, 'LEGACY_NOTIFIER', notifier())
    _impl_test.reset()
    yield lambda: [json.loads(json.dumps(entry[:2])) for entry in _impl_test.NOTIFICATIONS]
    _impl_test.reset()


def run(operation, **args):
    instance = Instance(names.TASK_STATES[operation])
    work = manager.Work(Manager(driver.engine_of(None, None)), context(), instance, operation, args)
    work.run()
    work.notices.wait()
    return work.answer


VERSIONED = releases.current() >= 13


def told(sent):
    """(versioned ones, old ones): [(type, priority, publisher, payload)]."""
    found = [(one['event_type'], one['priority'], one['publisher_id'], one['payload']) for _context, one in sent()]
    versioned = [one for one in found if one[0].startswith('instance.')]
    assert bool(versioned) == VERSIONED
    return versioned, [one for one in found if one[0].startswith('compute.instance.')]


def test_a_snapshot(engine, sent):
    engine.snapshot = lambda *_args: 7
    assert run('snapshot', name='n', description='', quiesce=False) == {'index': 7}
    versioned, old = told(sent)
    assert all(entry[0]['user_id'] == 'who' and entry[0]['request_id'] for entry in sent())
    facts = dict(WHO, display_name='web', tenant_id='its project', user_id='its owner', host='h', state='active',
                 operation='snapshot', name='n', enable=None)
    if VERSIONED:
        assert [one[:3] for one in versioned] == [
            ('instance.light_snapshot_create.start', 'INFO', 'nova-compute:h'),
            ('instance.light_snapshot_create.end', 'INFO', 'nova-compute:h')]
        assert [dict(one[3], **{'nova_object.data': None}) for one in versioned] == [
            {'nova_object.name': 'LightSnapshotPayload', 'nova_object.namespace': 'light_snapshot',
             'nova_object.version': '1.1', 'nova_object.data': None}] * 2
        assert [one[3]['nova_object.data'] for one in versioned] == [
            dict(facts, uuid=Instance.uuid, fault=None, index=None, task_state='light_snapshot_creating'),
            dict(facts, uuid=Instance.uuid, fault=None, index=7, task_state=None)]
    assert old == [
        ('compute.instance.light_snapshot_create.start', 'INFO', 'compute.h',
         dict(facts, instance_id=Instance.uuid, index=None, task_state='light_snapshot_creating')),
        ('compute.instance.light_snapshot_create.end', 'INFO', 'compute.h',
         dict(facts, instance_id=Instance.uuid, index=7, task_state=None))]


@pytest.mark.parametrize('operation, args, refuses', [
    ('recover', {'index': 9, 'use_root': False}, 'check_recover'),      # refused
    ('recover', {'index': 9, 'use_root': False}, 'recover')])           # failed on its way
def test_what_fails(engine, sent, operation, args, refuses):
    engine.refuses = refuses
    run(operation, **args)
    versioned, old = told(sent)
    if VERSIONED:
        assert [one[:2] for one in versioned] == [('instance.light_snapshot_recover.start', 'INFO'),
                                                  ('instance.light_snapshot_recover.error', 'ERROR')]
        data = versioned[1][3]['nova_object.data']
        assert data['index'] == 9 and data['fault']['nova_object.name'] == 'ExceptionPayload'
        assert data['fault']['nova_object.data'] == {
            'exception': 'Refused', 'exception_message': '%s is refused' % refuses, 'function_name': 'method',
            'module_name': 'light_snapshot.engine.errors'}
    assert [one[:2] for one in old] == [('compute.instance.light_snapshot_recover.start', 'INFO'),
                                        ('compute.instance.light_snapshot_recover.error', 'ERROR')]
    assert (old[1][3]['exception'], old[1][3]['message']) == ('Refused', '%s is refused' % refuses)
    assert 'fault' not in old[1][3]


def test_an_error_that_nobody_expects(engine, sent):
    def snapshot(*_args):
        raise ZeroDivisionError('a mistake')
    engine.snapshot = snapshot
    assert run('snapshot', name='', description='', quiesce=False)['code'] == 500
    assert told(sent)[1][1][3]['exception'] == 'ZeroDivisionError'


@pytest.mark.parametrize('operation', sorted(names.ACTIONS))
def test_each_operation_has_its_types(sent, operation):
    notices = notifications.Notices(context(), 'h', Instance(), operation, {})
    notices.start()
    notices.end({})
    notices.wait()
    assert [one[0] for one in told(sent)[1]] == ['compute.instance.%s.%s' % (names.ACTIONS[operation], suffix)
                                                for suffix in ('start', 'end')]


@pytest.mark.parametrize('operation, args, told_of', [
    ('update', {'index': 3, 'name': 'm', 'description': None}, (3, 'm', None)), ('daily', {'enable': False}, (None, None, False))])
def test_what_nova_api_does_by_itself(sent, operation, args, told_of):
    notices = notifications.Notices(context(), 'h', Instance(), operation, args, ('api', 'controller'))
    notices.start()
    notices.end({})
    notices.wait()
    versioned, old = told(sent)
    event = 'instance.light_snapshot_%s.end' % operation
    assert old[1][:3] == ('compute.' + event, 'INFO', 'api.controller')
    if VERSIONED:
        assert versioned[1][:3] == (event, 'INFO', 'nova-api:controller')
    payload = old[1][3]
    assert (payload['index'], payload['name'], payload['enable']) == told_of and payload['host'] == 'h'


# ---- nothing breaks

def test_a_notifier_that_fails_breaks_nothing(engine, sent, monkeypatch, caplog):
    def broken(*_teller):
        raise RuntimeError('no notifier today')
    monkeypatch.setattr(places, 'notifiers', broken)
    engine.snapshot = lambda *_args: 7
    assert run('snapshot', name='n', description='', quiesce=False) == {'index': 7}
    assert engine.done()[-2:] == [('finish',), ('columns',)]
    assert 'no notifier today' in caplog.text and sent() == []


def test_a_payload_that_cannot_be_made_breaks_nothing(engine, sent, monkeypatch, caplog):
    monkeypatch.delattr(Instance, 'display_name')
    engine.snapshot = lambda *_args: 7
    assert run('snapshot', name='n', description='', quiesce=False) == {'index': 7}
    assert 'display_name' in caplog.text and sent() == []


def test_a_message_queue_that_hangs_holds_nothing_up(engine, sent, monkeypatch):
    hangs, real = threading.Event(), places.notifiers

    def notifiers(*teller):
        assert hangs.wait(60)
        return real(*teller)
    monkeypatch.setattr(places, 'notifiers', notifiers)
    engine.snapshot = lambda *_args: 7
    instance = Instance(names.TASK_STATES['snapshot'])
    work = manager.Work(Manager(engine), context(), instance, 'snapshot', {'name': '', 'description': '', 'quiesce': False})
    work.run()
    assert work.answer == {'index': 7} and instance.task_state is None and sent() == []
    hangs.set()
    work.notices.wait()
    assert [one[0].rpartition('.')[2] for one in told(sent)[1]] == ['start', 'end']


def test_where_nova_has_set_up_none(monkeypatch, caplog):
    for name in ('NOTIFIER', 'LEGACY_NOTIFIER'):
        monkeypatch.setattr(rpc, name, None, raising=False)
    if not VERSIONED:
        monkeypatch.delattr(rpc, 'LEGACY_NOTIFIER')
    assert places.notifiers('compute', 'h') == []
    notices = notifications.Notices(context(), 'h', Instance(), 'snapshot', {})
    notices.start()
    notices.wait()
    assert not caplog.records


@pytest.mark.skipif(releases.current() < 16, reason='notification_format is in another group of options before nova 16')
@pytest.mark.parametrize('wanted, kinds', [('unversioned', ['compute.instance']), ('versioned', ['instance']),
                                           ('both', ['compute.instance', 'instance'])])
def test_nova_s_own_option_decides(wanted, kinds):
    config.CONF([], project='nova', default_config_files=[])
    options = (('notification_format', wanted, 'notifications'), ('driver', ['test'], 'oslo_messaging_notifications'))
    config.CONF.set_override('transport_url', 'fake:/')
    rpc.init(config.CONF)           # registers the driver's option
    rpc.cleanup()
    for name, value, group in options:
        config.CONF.set_override(name, value, group=group)
    rpc.init(config.CONF)
    _impl_test.reset()
    try:
        notices = notifications.Notices(context(), 'h', Instance(), 'snapshot', {})
        notices.failed(errors.Refused('no'))
        notices.end({})
        notices.wait()
        assert sorted(one[1]['event_type'] for one in _impl_test.NOTIFICATIONS) == [
            kind + '.light_snapshot_create.error' for kind in kinds]
    finally:
        rpc.cleanup()
        config.CONF.clear_override('transport_url')
        for name, _value, group in options:
            config.CONF.clear_override(name, group=group)
        _impl_test.reset()
