"""The six columns through the SQLAlchemy that this nova uses."""

import pytest
import sqlalchemy

from light_snapshot.nova import places
from light_snapshot.nova import state

HOST = 'compute-1'
ONE, TWO, GONE = ('%08d-0000-4000-8000-000000000000' % number for number in (1, 2, 3))


@pytest.fixture
def database(monkeypatch, tmpdir):
    """A database with our columns and two instances, in a file: each connection sees the same one."""
    engine = sqlalchemy.create_engine('sqlite:///%s' % tmpdir.join('nova.sqlite'))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(
            'CREATE TABLE instances (uuid VARCHAR(36), host VARCHAR(255), deleted INTEGER, vm_state VARCHAR(255), '
            'display_name VARCHAR(255), %s)' % ', '.join(
                '%s INTEGER' % column for column in state.COLUMNS)))
        for uuid in (ONE, TWO):
            connection.execute(sqlalchemy.text('INSERT INTO instances (uuid, host, deleted) VALUES (:uuid, :host, 0)'),
                               {'uuid': uuid, 'host': HOST})
    monkeypatch.setattr(places, 'database_engine', lambda _context: engine)
    return engine


def test_columns_nobody_has_written_are_off(database):
    found = state.read(None, [ONE, TWO, GONE])
    assert sorted(found) == [ONE, TWO]
    assert found[ONE] == {'light_snapshot_enable': False, 'snapshot_committed': False, 'snapshot_index': None,
                          'root_index': None, 'snapshot_store': False, 'snapshot_daily': False}
    assert state.read(None, []) == {}


def test_what_is_written_is_read(database):
    state.write(None, ONE, {'light_snapshot_enable': True, 'snapshot_index': 7})
    found = state.read(None, [ONE, TWO])
    assert (found[ONE]['light_snapshot_enable'], found[ONE]['snapshot_index']) == (True, 7)
    assert found[TWO]['light_snapshot_enable'] is False
    with pytest.raises(ValueError):
        state.write(None, ONE, {'vm_state = 1, uuid': 'x'})


def test_a_deleted_instance_is_left_alone(database):
    with database.begin() as connection:
        connection.execute(sqlalchemy.text('UPDATE instances SET deleted = 1'))
    state.write(None, ONE, {'snapshot_index': 7})
    with database.connect() as connection:
        assert connection.execute(sqlalchemy.text('SELECT snapshot_index FROM instances')).fetchall()[0][0] is None
    assert state.read(None, [ONE]) == {}


def test_the_object_that_nova_compute_has(database):
    context = None
    made = state.LightSnapshotState.put(context, ONE, {'snapshot_store': True})
    assert made.uuid == ONE and made.snapshot_store is True and made.snapshot_index is None
    assert state.LightSnapshotState.get(context, GONE).light_snapshot_enable is False
    primitive = made.obj_to_primitive()
    assert primitive['nova_object.name'] == 'LightSnapshotState' and primitive['nova_object.version'] == '1.0'


def test_when_the_daily_ones_were_switched_on(database):
    class Server(object):
        def __init__(self, uuid):
            with database.connect() as connection:
                self.system_metadata = dict(connection.execute(sqlalchemy.text(
                    'SELECT "key", value FROM instance_system_metadata WHERE deleted = 0 AND instance_uuid = :uuid'), {'uuid': uuid}).fetchall())
    with database.begin() as connection:
        connection.execute(sqlalchemy.text(
            'CREATE TABLE instance_system_metadata (id INTEGER PRIMARY KEY, instance_uuid VARCHAR(36), "key" VARCHAR(255), '
            'value VARCHAR(255), deleted INTEGER)'))
        connection.execute(sqlalchemy.text('INSERT INTO instance_system_metadata (instance_uuid, "key", value, deleted) VALUES '
                                           '(:uuid, :key, :value, 0)'), {'uuid': ONE, 'key': 'other', 'value': 'x'})
    assert state.daily_since(Server(ONE)) == 0
    for now, enable, since in ((100, True, 100), (200, True, 100),       # it was on
                               (300, False, 100), (400, True, 400)):
        state.switch_daily(None, ONE, enable, now + 0.7)
        assert (state.read(None, [ONE])[ONE]['snapshot_daily'], state.daily_since(Server(ONE))) == (enable, since)
        assert sorted(Server(ONE).system_metadata) == ['light_snapshot_daily_since', 'other']
    assert Server(TWO).system_metadata == {} and state.read(None, [TWO])[TWO]['snapshot_daily'] is False
    state.switch_daily(None, GONE, True, 500)
    assert Server(GONE).system_metadata == {}


def test_the_daily_servers_of_a_host(database):
    def listed(host=HOST):
        return list(state.LightSnapshotDaily.get(None, host).uuids)
    assert listed() == []
    state.write(None, ONE, {'snapshot_daily': True})
    assert listed() == []           # its light snapshots are off
    state.write(None, ONE, {'light_snapshot_enable': True})
    state.write(None, TWO, {'light_snapshot_enable': True, 'snapshot_daily': False})
    assert listed() == [ONE] and listed('compute-2') == []
    with database.begin() as connection:
        connection.execute(sqlalchemy.text('UPDATE instances SET deleted = 1'))
    assert listed() == []
    primitive = state.LightSnapshotDaily(host=HOST, uuids=[ONE]).obj_to_primitive()
    assert (primitive['nova_object.name'], primitive['nova_object.version']) == ('LightSnapshotDaily', '1.0')


def test_the_servers_of_a_snapshot_of_all(database):
    with database.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE instances SET vm_state = 'active', display_name = 'n' || uuid"))
    assert state.enabled(None, False) == []
    state.write(None, ONE, {'light_snapshot_enable': True, 'snapshot_daily': True})
    state.write(None, TWO, {'light_snapshot_enable': True})
    one = {'id': ONE, 'name': 'n' + ONE, 'host': HOST, 'vm_state': 'active'}
    assert state.enabled(None, True) == [one]
    assert state.enabled(None, False) == [one, dict(one, id=TWO, name='n' + TWO)]
    state.write(None, ONE, {'light_snapshot_enable': False})
    assert state.enabled(None, True) == []
    with database.begin() as connection:
        connection.execute(sqlalchemy.text('UPDATE instances SET deleted = 1'))
    assert state.enabled(None, False) == []
