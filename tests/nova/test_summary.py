"""What the database alone tells of servers, through the SQLAlchemy that this nova uses."""

import pytest
import sqlalchemy

from oslo_config import cfg

from light_snapshot.nova import counters
from light_snapshot.nova import options
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


# ---- all cells

@pytest.fixture
def cells(database, monkeypatch):
    """One cell; what else a test appends answers as well."""
    more = []
    monkeypatch.setattr(places, 'in_each_cell', lambda context, function: (
        [function(context)] + [one for one in more if one is not None], ['down' for one in more if one is None]))
    return more


def test_what_a_project_keeps(database, cells):
    database.add(1, counted=COUNTED)
    database.add(2, counted=dict(COUNTED, kept_bytes=3))
    database.add(3)
    database.add(4, counted=COUNTED, project='another')
    database.add(5, counted=COUNTED, enabled=False)
    database.add(6, counted=COUNTED, deleted=1)
    database.add(7, counted=dict(COUNTED, kept_bytes=4), vm_state='soft-delete')    # its files are still there
    del database.queries[:]
    assert summary.kept(None, 'p') == (2 ** 40 + 7, True) and len(database.queries) == 1
    assert summary.kept(None, 'nobody') == (0, True)
    cells.extend([[100, 2], None])
    assert summary.kept(None, 'p') == (2 ** 40 + 109, False)


def test_what_a_project_keeps_is_not_added_up_for_each_server(database, cells, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(summary.time, 'time', lambda: clock[0])
    for number in range(50):
        database.add(number, counted=dict(COUNTED, kept_bytes=2))
    del database.queries[:]
    assert [summary.lately(summary.kept, None, 'p') for _server in range(50)] == [(100, True)] * 50
    assert len(database.queries) == 1
    assert summary.lately(summary.kept, None, 'nobody') == (0, True)
    database.add(50, counted=dict(COUNTED, kept_bytes=2))
    clock[0] += summary.LATELY - 1
    assert summary.lately(summary.kept, None, 'p') == (100, True)
    for changed in (1, -3600):      # its time is over; the clock was set back
        clock[0] += changed
        database.add(100 - changed, counted=dict(COUNTED, kept_bytes=2))
        del database.queries[:]
        assert summary.lately(summary.kept, None, 'p')[0] == {1: 104, -3600: 106}[changed] and len(database.queries) == 1
    clock[0] += summary.LATELY
    summary.lately(summary.kept, None, 'nobody')
    assert len(summary._added_up) == 1, 'what is over is forgotten'


def test_a_daily_window_adds_up_once_for_many_servers(database, cells, monkeypatch):
    database.add(1, counted=dict(COUNTED, kept_bytes=5 * 2 ** 29))
    options.quota(cfg.CONF)
    cfg.CONF.set_override('max_kept_gigabytes_per_project', 2, group='light_snapshot')
    del database.queries[:]
    try:
        said = [state.LightSnapshotQuota.get(None, 'a window\'s').exceeded for _server in range(20)]
    finally:
        cfg.CONF.clear_override('max_kept_gigabytes_per_project', group='light_snapshot')
    assert said == [None] * 20 and len(database.queries) == 1


def test_a_conductor_that_cannot_ask_the_cells_counts_its_own(database, cells, monkeypatch):
    monkeypatch.setattr(summary, 'LATELY', 0)
    database.add(1, counted=dict(COUNTED, kept_bytes=3 * 2 ** 29))
    cells.append([2 ** 30])
    assert summary.kept_nearby(None, 'p') == 5 * 2 ** 29
    options.quota(cfg.CONF)
    cfg.CONF.set_override('max_kept_gigabytes_per_project', 2, group='light_snapshot')
    try:
        said = state.LightSnapshotQuota.get(None, 'p').exceeded
        assert 'project p take 2.5 GiB' in said and '2 GiB are allowed' in said

        def no_way(*_args):
            raise RuntimeError('no connection to nova_api')
        monkeypatch.setattr(places, 'in_each_cell', no_way)
        assert summary.kept_nearby(None, 'p') == 3 * 2 ** 29
        assert state.LightSnapshotQuota.get(None, 'p').exceeded is None
        database.add(2, counted=dict(COUNTED, kept_bytes=2 ** 29))
        assert '2.0 GiB' in state.LightSnapshotQuota.get(None, 'p').exceeded
    finally:
        cfg.CONF.clear_override('max_kept_gigabytes_per_project', group='light_snapshot')
    del database.queries[:]
    assert state.LightSnapshotQuota.get(None, 'p').exceeded is None and database.queries == []     # without a limit


def ids(*args):
    return [int(server['id'][:8]) for server in summary.page(None, *args)[0]]


def test_a_page_of_servers(database, cells):
    database.add(3, counted=COUNTED, snapshot_daily=1)
    database.add(1, host='elsewhere', vm_state=None)
    database.add(2, enabled=False)
    database.add(4, project='another')
    database.add(5, deleted=1)
    database.add(6, vm_state='soft-delete')
    del database.queries[:]
    assert ids(9, None, 'p') == [1, 3] and len(database.queries) == 1
    assert summary.page(None, 9, None, 'p')[0][1] == dict(
        COUNTED, id=uuid_of(3), name='s3', project_id='p', host='h', light_snapshot_enable=True, snapshot_committed=False,
        snapshot_store=False, snapshot_daily=True)
    assert (ids(9), ids(2), ids(0), ids(9, uuid_of(1))) == ([1, 3, 4], [1, 3], [], [3, 4])
    assert (ids(9, uuid_of(2)), ids(9, uuid_of(9))) == ([3, 4], [])     # a marker that is gone
    assert (ids(9, None, None, 'elsewhere'), ids(9, None, 'another', 'h'), ids(9, None, "' OR 1=1")) == ([1], [4], [])


def test_pages_over_cells(database, cells):
    for number in (1, 4):
        database.add(number)
    cells.extend([[{'id': uuid_of(number)} for number in (2, 3, 4)], None])
    assert ids(3) == [1, 2, 3] and ids(9) == [1, 2, 3, 4]
    assert summary.page(None, 9)[1] is False
