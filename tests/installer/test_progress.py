"""A change that takes long says how it goes, and other nodes wait for it."""
import threading
import time

import pymysql
import pytest

from light_snapshot_installer import database, dburl, errors, progress, schema, sqlfiles
from test_schema import NAMES, PLAIN, SQL, Hooks


@pytest.fixture
def url(mariadb, monkeypatch):
    """A cell's database; everything is said often."""
    monkeypatch.setattr(progress, 'HEARTBEAT', 0.3)
    monkeypatch.setattr(schema, 'LOCK_SECONDS', 2)
    mariadb.make_cell('progress')
    return dburl.DatabaseUrl(mariadb.url('progress'))


@pytest.fixture
def reader(mariadb, url):
    """A transaction that has read `instances`: changes of the table wait until it has ended."""
    connection = pymysql.connect(unix_socket=mariadb.socket, user='root', db=url.database, autocommit=False)
    connection.cursor().execute('SELECT COUNT(*) FROM instances')
    yield connection
    connection.close()


class Node(threading.Thread):
    """A controller that adds the columns."""

    def __init__(self, url):
        super(Node, self).__init__()
        self.url, self.hooks, self.count, self.error = url, Hooks(), None, None
        self.start()

    def run(self):
        try:
            self.count = schema.add('c', self.url, sqlfiles.read(SQL, 'up'), self.hooks)
        except errors.InstallerError as error:
            self.error = error

    def hears(self, text):
        """Wait until it has said this."""
        deadline = time.time() + 60
        while not any(text in one for one in self.hooks.said):
            assert time.time() < deadline and self.is_alive(), self.hooks.said
            time.sleep(0.05)


def test_a_long_change_is_told_and_the_others_wait(url, reader, mariadb):
    first = Node(url)
    first.hears('metadata lock')
    assert any(text.startswith('instances: ') and ' s of about 21 s: ' in text for text in first.hooks.said)
    second, began = Node(url), time.time()
    second.hears('another node')
    # Much longer than it would wait for one that does nothing.
    second.hears('waiting for it, 5 s so far')
    assert time.time() - began > 2 * schema.LOCK_SECONDS
    reader.rollback()
    first.join(60)
    second.join(60)
    assert (first.count, second.count, first.error, second.error) == (12, 0, None, None)
    assert second.hooks.intended == []
    assert mariadb.columns('progress', 'shadow_instances') == PLAIN + NAMES


def test_one_that_does_nothing_is_not_waited_for(url, mariadb):
    with schema._locked(url) as connection:
        node = Node(url)
        node.join(60)
        assert 'has done nothing there for 2 s' in node.error.what and 'number %d' % connection.thread_id() in node.error.next_step
    assert mariadb.columns('progress') == PLAIN


def test_how_far_mariadb_is(url, monkeypatch):
    with database.session(url) as connection:
        assert progress._state(connection, url) in ('at work', '')
        real = database.query

        def query(other, sql, *arguments, **keywords):
            real(other, sql, *arguments, **keywords)
            return [('copy to tmp table', 43.2, 1, 2)]
        monkeypatch.setattr(database, 'query', query)
        assert progress._state(connection, url) == '43 %, stage 1 of 2 (copy to tmp table)'


def test_server_that_refuses_is_not_silent(url, reader, monkeypatch):
    """Too many connections, say: the change goes on."""
    monkeypatch.setattr(progress, 'SILENCE', 0.2)

    def full(*_arguments):
        raise errors.InstallerError('Too many connections')
    monkeypatch.setattr(progress, '_state', full)
    node = Node(url)
    node.hears('Too many connections')
    reader.rollback()
    node.join(60)
    assert node.count == 12
