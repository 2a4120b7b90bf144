"""A database server that is down, hangs, or dies in the middle of a change: each is named, and nothing waits for ever."""
import os
import signal
import socket
import tempfile
import threading
import time

import pymysql
import pytest

from installer_fakes import MariaDB
from light_snapshot_installer import database, dburl, progress
from test_schema import NAMES, PLAIN

TABLES = ('instances', 'shadow_instances')


@pytest.fixture(scope='module')
def server():
    """A MariaDB that tests may kill; one that was killed starts again."""
    one = MariaDB(tempfile.mkdtemp(prefix='lsdead'))
    yield one
    one.stop()


@pytest.fixture
def controller(node, server, monkeypatch):
    """A controller whose API database names one cell, with all on one server."""
    monkeypatch.setattr(database, 'CONNECT_SECONDS', 2)
    for name in ('nova', 'nova_api'):
        server.make_cell(name, TABLES if name == 'nova' else ())
    server.query('CREATE TABLE cell_mappings (id int PRIMARY KEY AUTO_INCREMENT, uuid varchar(36), name varchar(255),'
                 ' database_connection text)', 'nova_api')
    server.query("INSERT INTO cell_mappings (uuid, name, database_connection) VALUES ('1', 'one', '%s')" % server.url('nova'), 'nova_api')
    node.add_nova(compute=False, controller=True, config=u'[database]\nconnection = %s\n[api_database]\nconnection = %s\n' % (
        server.url('nova'), server.url('nova_api')))
    return node


@pytest.fixture
def hung():
    """The port of a server that takes connections and never speaks."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(20)
    yield listener.getsockname()[1]
    listener.close()


def stop(server):
    """Stop a server; returns when each of its threads is."""
    os.kill(server.process.pid, signal.SIGSTOP)
    tasks, deadline = '/proc/%d/task' % server.process.pid, time.time() + 60
    while [one for one in os.listdir(tasks) if open('%s/%s/stat' % (tasks, one)).read().rpartition(') ')[2][0] != 'T']:
        assert time.time() < deadline
        time.sleep(0.01)


def refused(node, *words):
    """install ends with exit code 1, says these words, and has changed nothing."""
    before, began = node.tree(), time.time()
    code, out, err = node.run('install')
    assert code == 1, out
    for word in words + ('Nothing was changed', 'Next:'):
        assert word in err, err
    assert 'secret' not in err and node.tree() == before
    assert time.time() - began < 45


def test_cell_that_hangs(controller, server, hung):
    server.query("INSERT INTO cell_mappings (uuid, name, database_connection) VALUES ('2', 'far',"
                 " 'mysql+pymysql://n:secret@127.0.0.1:%d/nova')" % hung, 'nova_api')
    refused(controller, 'cell far', 'nova on 127.0.0.1:%d does not answer' % hung)
    assert server.columns('nova') == PLAIN
    code, out, _err = controller.run('verify')
    assert code == 1


def test_api_database_that_is_down(controller, server):
    config = controller.top + '/etc/nova/nova.conf'
    text = open(config).read().replace(server.url('nova_api'), 'mysql+pymysql://n:secret@127.0.0.1:1/nova_api')
    with open(config, 'w') as stream:
        stream.write(text)
    refused(controller, 'nova_api on 127.0.0.1:1 does not answer')


def test_server_that_is_stopped(controller, server):
    stop(server)
    try:
        refused(controller, 'nova_api on', 'does not answer')
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def test_server_that_is_stopped_between_two_statements(controller, server):
    url = dburl.DatabaseUrl(server.url('nova'))
    try:
        with pytest.raises(database.Silent) as caught:
            with database.session(url) as connection:
                database.query(connection, 'SELECT 1')
                stop(server)
                database.query(connection, 'SELECT 2', patience=1)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert 'broke' in caught.value.what


@pytest.fixture
def tcp(server):
    """The URL of the cell's database over TCP, which leads to the server's socket."""
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(1)

    def pump(one, other):
        for data in iter(lambda: one.recv(4096), b''):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)

    def serve():
        near, far = listener.accept()[0], socket.socket(socket.AF_UNIX)
        for one in (near, far):
            # Not those of what is tested, in whose time these are made.
            one.settimeout(None)
        far.connect(server.socket)
        back = threading.Thread(target=pump, args=(far, near))
        back.start()
        pump(near, far)
        back.join()
        near.close()
        far.close()
    thread = threading.Thread(target=serve)
    thread.start()
    yield 'mysql+pymysql://root@127.0.0.1:%d/nova' % listener.getsockname()[1]
    thread.join(60)
    listener.close()


def test_time_to_connect_is_not_a_statements(controller, tcp):
    """PyMySQL 0.6 leaves it on the socket of a connection over TCP, and newer ones are given it for the greeting."""
    with database.session(dburl.DatabaseUrl(tcp)) as connection:
        assert database.query(connection, 'SELECT SLEEP(3)')[0][0] == 0
        assert database.query(connection, 'SELECT SLEEP(3)', patience=None)[0][0] == 0


def test_certificate_that_is_not_there(controller, server):
    server.query("INSERT INTO cell_mappings (uuid, name, database_connection) VALUES ('2', 'far',"
                 " 'mysql+pymysql://n:secret@127.0.0.1:1/nova?ssl_ca=/no/such.pem')", 'nova_api')
    refused(controller, 'cell far', '/no/such.pem', 'ssl_ca')


def busy(server, sql):
    """Wait until the server is at a statement that begins so."""
    deadline = time.time() + 60
    while not [row for row in server.query('SELECT info, state FROM information_schema.processlist') if (row[0] or '').startswith(sql)
               and 'metadata lock' in row[1]]:
        assert time.time() < deadline
        time.sleep(0.05)


def reader(server):
    """A transaction that has read `instances`, so that changes of the table wait for it."""
    connection = pymysql.connect(unix_socket=server.socket, user='root', db='nova', autocommit=False)
    connection.cursor().execute('SELECT COUNT(*) FROM instances')
    return connection


@pytest.mark.parametrize('command,left', [(('install',), PLAIN), (('rollback', '--drop-columns'), PLAIN + NAMES)])
def test_server_that_dies_in_a_change(controller, server, command, left):
    if command[0] == 'rollback':
        assert controller.run('install')[0] == 0
    held, answers = reader(server), []
    thread = threading.Thread(target=lambda: answers.append(controller.run(*command)))
    thread.start()
    busy(server, 'ALTER')
    server.process.kill()
    server.process.wait()
    thread.join(120)
    server.start()
    try:
        held.close()
    except pymysql.MySQLError:
        pass
    code, _out, err = answers[0]
    assert code == 1 and 'the connection to the database nova on' in err, err
    assert 'so far: none. ' in err and 'under way' in err and 'Nothing was changed' not in err
    assert server.columns('nova') == left
    assert controller.run(*command)[0] == 0
    assert server.columns('nova', 'shadow_instances') == (PLAIN + NAMES if command[0] == 'install' else PLAIN)
    assert controller.run('rollback', '--drop-columns')[0] == 0
    assert server.columns('nova') == PLAIN


def test_server_that_is_stopped_in_a_change(controller, server, monkeypatch):
    """It is asked on another connection how it goes; where that has no answer for long, nobody waits any more."""
    monkeypatch.setattr(progress, 'HEARTBEAT', 0.2)
    monkeypatch.setattr(progress, 'SILENCE', 1)
    held, answers = reader(server), []
    thread = threading.Thread(target=lambda: answers.append(controller.run('install')))
    thread.start()
    busy(server, 'ALTER')
    stop(server)
    try:
        thread.join(120)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    code, out, err = answers[0]
    assert code == 1 and 'its server does not answer' in out and 'under way' in err
    held.close()
    assert controller.run('install')[0] == 0
    assert server.columns('nova', 'shadow_instances') == PLAIN + NAMES
