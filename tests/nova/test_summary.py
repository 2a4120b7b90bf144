"""What the database alone tells of servers, through the SQLAlchemy that this nova uses."""

import pytest
import sqlalchemy

from light_snapshot.nova import counters
from light_snapshot.nova import places
from light_snapshot.nova import state
from light_snapshot.nova import summary

COUNTED = {'count': 5, 'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 2 ** 40}


def uuid_of(number):
    return '%08d-0000-4000-8000-000000000000' % number


class Database(object):
    """nova's two tables with our columns, in a file; `queries` are the statements so far."""

    def __init__(self, path):
        self.engine = sqlalchemy.create_engine('sqlite:///%s' % path)
        self.run('CREATE TABLE instances (uuid VARCHAR(36), project_id VARCHAR(255), host VARCHAR(255), display_name VARCHAR(255), '
                 'vm_state VARCHAR(255), deleted INTEGER, %s)' % ', '.join('%s INTEGER' % column for column in state.COLUMNS))
        self.run('CREATE TABLE instance_system_metadata (instance_uuid VARCHAR(36), "key" VARCHAR(255), value VARCHAR(255), '
                 'deleted INTEGER)')
        self.queries = []
        sqlalchemy.event.listen(self.engine, 'before_cursor_execute',
                                lambda _connection, _cursor, statement, *_more: self.queries.append(statement))

    def run(self, text, **params):
        with self.engine.begin() as connection:
            connection.execute(sqlalchemy.text(text), params)

    def add(self, number, enabled=True, counted=None, deleted=0, project='p', **more):
        values = dict({'uuid': uuid_of(number), 'project_id': project, 'host': 'h', 'display_name': 's%d' % number,
                       'vm_state': 'active', 'deleted': deleted, 'light_snapshot_enable': enabled}, **more)
        self.run('INSERT INTO instances (%s) VALUES (%s)' % (', '.join(sorted(values)), ', '.join(
            ':' + name for name in sorted(values))), **values)
        if counted is not None:
            self.mark(number, counters.KEY, counters.written(counted))

    def mark(self, number, key, value, deleted=0):
        self.run('INSERT INTO instance_system_metadata (instance_uuid, "key", value, deleted) VALUES (:uuid, :key, :value, '
                 ':deleted)', uuid=uuid_of(number), key=key, value=value, deleted=deleted)


@pytest.fixture
def database(monkeypatch, tmpdir):
    made = Database(tmpdir.join('nova.sqlite'))
    monkeypatch.setattr(places, 'database_engine', lambda _context: made.engine)
    return made


def test_columns_and_counters(database):
    database.add(1, counted=COUNTED, snapshot_store=1)
    database.add(2, enabled=False)
    database.add(3)                     # its host has an older light-snapshot
    database.add(4, enabled=False, counted=COUNTED)
    for key, value in (('light_snapshot_enable', 'True'), ('image_x', 'y')):
        database.mark(1, key, value)
    database.mark(3, counters.KEY, counters.written(COUNTED), deleted=9)
    found = summary.of(None, map(uuid_of, (1, 2, 3, 4, 5)))
    assert found[uuid_of(1)] == dict(COUNTED, light_snapshot_enable=True, snapshot_committed=False, snapshot_store=True,
                                     snapshot_daily=False)
    assert [found[uuid_of(number)]['count'] for number in (2, 3, 4)] == [0, None, 0]
    assert [found[uuid_of(number)]['kept_bytes'] for number in (2, 3, 4)] == [0, None, 0]
    assert len(found) == 4 and summary.of(None, []) == {}


def test_a_deleted_server_tells_nothing(database):
    database.add(1, counted=COUNTED, deleted=1)
    assert summary.of(None, [uuid_of(1)]) == {}


def test_any_number_of_servers_is_one_query(database):
    for number in range(900):
        database.add(number, counted=dict(COUNTED, count=number))
    del database.queries[:]
    found = summary.of(None, map(uuid_of, range(900)))
    assert [found[uuid_of(number)]['count'] for number in range(900)] == list(range(900))
    assert len(database.queries) == 1


@pytest.mark.parametrize('text', [None, '', '{', '[]', '"x"', '7', 'null'])
def test_what_no_nova_compute_of_ours_has_written_is_not_known(text):
    assert counters.read(text) == counters.UNKNOWN


def test_what_is_written_is_read_and_fits():
    most = {'count': 10 ** 9, 'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 2 ** 70}
    assert counters.read(counters.written(most)) == most and len(counters.written(most)) < 255
    # One of a later release may tell more.
    assert counters.read('{"count": 1, "what": 2}') == {'count': 1, 'last_at': None, 'kept_bytes': None}
