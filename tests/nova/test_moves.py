"""A server that is to leave its host, and does not: the hooks of nova's driver with a stand-in for the engine."""

import pytest

from nova import config
from nova import exception
from nova.virt.libvirt import driver as nova_driver     # noqa: F401  nova 12 registers its options with it

from light_snapshot.engine import errors
from light_snapshot.nova import destinations
from light_snapshot.nova import driver as glue
from light_snapshot.nova import faults
from light_snapshot.nova import moves
from light_snapshot.nova import places

import stand_in


class Flavor(object):
    root_gb = ephemeral_gb = 1


class Driver(object):
    """nova's, as far as ours asks it."""

    def __init__(self):
        self.asked = []

    def _is_path_shared(self, dest, _path):
        return False

    def power_on(self, *_args):
        self.asked.append('power on')

    def _cleanup_remote_migration(self, dest, *_args):
        self.asked.append('cleanup on %s' % dest)


class Context(object):
    user_id = 'who'


@pytest.fixture
def engine(monkeypatch, tmpdir):
    config.CONF([], project='nova', default_config_files=[])
    config.CONF.set_override('instances_path', str(tmpdir))
    config.CONF.set_override('host', 'here')
    made = stand_in.Engine()
    made.has_history = lambda: False
    monkeypatch.setattr(glue, 'has_record', lambda instance: instance.uuid == stand_in.Instance.uuid)
    monkeypatch.setattr(glue, 'engine_of', lambda *_args: made)
    monkeypatch.setattr(glue, 'save_columns', lambda _context, _instance, _record: made.asked.append(('columns',)))
    monkeypatch.setattr(places, 'find', lambda word: {'is_path_shared': Driver._is_path_shared}[word])
    monkeypatch.setattr(destinations, 'of_resize', lambda _context, _instance, here: 'there')
    monkeypatch.setattr(destinations, 'check', lambda _context, _instance, host: made.asked.append(('host', host)))
    monkeypatch.setattr(moves.takers, 'by', lambda _engine, _who, operation: operation())
    monkeypatch.setattr(moves, '_send_history', lambda _directory, dest: made.asked.append(('send', dest)))
    yield made
    config.CONF.clear_override('instances_path')
    config.CONF.clear_override('host')


def resize(driver, original):
    instance = stand_in.Instance()
    instance.flavor = Flavor()
    return moves.migrate_disk_and_power_off(original, driver, Context(), instance, '192.0.2.7', Flavor(), [])


def names(engine):
    return [asked[0] for asked in engine.done()]


def refused(caught, words):
    """It is nova's exception for a server that stays as it was."""
    assert words in str(caught.value.inner_exception)


def test_a_server_that_leaves(engine):
    assert resize(Driver(), lambda *_args: 'disks') == 'disks'
    assert engine.done() == [('host', 'there'), ('commit_all',), ('finish',), ('columns',), ('send', '192.0.2.7')]


def test_on_its_own_host_nobody_is_asked(engine, monkeypatch):
    monkeypatch.setattr(destinations, 'of_resize', lambda _context, _instance, here: here)
    resize(Driver(), lambda *_args: 'disks')
    assert names(engine) == ['commit_all', 'finish', 'columns', 'send']


def test_to_a_host_without_ours_nothing_is_committed(engine, monkeypatch):
    def check(*_args):
        raise errors.Refused('not there')
    monkeypatch.setattr(destinations, 'check', check)
    with pytest.raises(exception.InstanceFaultRollback) as caught:
        resize(Driver(), lambda *_args: 1 / 0)
    refused(caught, 'not there')
    assert names(engine) == []


def test_what_cannot_be_asked_is_a_resize_that_did_not_happen(engine, monkeypatch):
    """Any other exception would put the server into ERROR."""
    def engine_of(*_args):
        raise errors.Refused('libvirt cannot be asked')
    monkeypatch.setattr(glue, 'engine_of', engine_of)
    with pytest.raises(exception.InstanceFaultRollback) as caught:
        resize(Driver(), lambda *_args: 1 / 0)
    refused(caught, 'libvirt cannot be asked')


def test_a_database_that_cannot_be_told_ends_nothing(engine, monkeypatch):
    monkeypatch.setattr(glue, 'save_columns', lambda *_args: 1 / 0)
    assert resize(Driver(), lambda *_args: 'disks') == 'disks'


def stays(*_args):
    raise exception.InstanceFaultRollback(exception.ResizeError(reason='Unable to resize disk down.'))


def test_a_running_server_that_nova_does_not_let_go_has_layers_again(engine):
    with pytest.raises(exception.InstanceFaultRollback):
        resize(Driver(), stays)
    assert names(engine) == ['host', 'commit_all', 'finish', 'columns', 'renew', 'finish', 'columns']


def test_one_that_is_off_gets_them_when_it_starts(engine):
    engine.on = False
    with pytest.raises(exception.InstanceFaultRollback):
        resize(Driver(), stays)
    assert names(engine) == ['host', 'commit_all', 'finish', 'columns']


def test_that_no_layers_can_be_made_hides_nothing(engine):
    engine.refuses = 'renew'
    with pytest.raises(exception.InstanceFaultRollback) as caught:
        resize(Driver(), stays)
    refused(caught, 'Unable to resize disk down.')


def test_a_plain_server_goes_as_ever(engine):
    instance = stand_in.Instance()
    instance.uuid = 'plain'
    given = []
    moves.migrate_disk_and_power_off(lambda *args: given.append(args[3]), Driver(), Context(), instance, '192.0.2.7', Flavor(), [])
    assert given == ['192.0.2.7'] and names(engine) == []


# ---- to another cell, and live

def test_no_server_with_layers_goes_to_another_cell(engine):
    def original(_self, _context, instance, _migration, snapshot_id='none'):
        return instance.uuid
    with pytest.raises(exception.ResizeError) as caught:
        moves.prep_snapshot_based_resize_at_source(original, None, Context(), stand_in.Instance(), 'migration')
    assert 'Disable them first' in str(caught.value)
    plain = stand_in.Instance()
    plain.uuid = 'plain'
    assert moves.prep_snapshot_based_resize_at_source(original, None, Context(), plain, 'migration', snapshot_id=None) == 'plain'


@pytest.mark.parametrize('shared', [True, False])
def test_a_live_migration_to_a_host_without_ours_comes_to_nothing(engine, monkeypatch, shared):
    """Before anything is copied; and on a shared path, where nothing is, too."""
    def check(*_args):
        raise errors.Refused('not there')
    told, rolled_back = [], []
    monkeypatch.setattr(destinations, 'check', check)
    monkeypatch.setattr(places, 'rollback_arguments', lambda *args: args)
    monkeypatch.setattr(faults, 'add', lambda _context, _instance, exc, _info: told.append(str(exc)))
    monkeypatch.setattr(moves, '_finish_later', lambda *_args: None)
    moves.live_migration(lambda *_args: 1 / 0, Driver(), Context(), stand_in.Instance(), 'there', None, lambda *args: rolled_back.append(args[2]),
                         True, {'is_shared_instance_path': shared})
    assert told == ['not there'] and rolled_back == ['there'] and names(engine) == []
