"""The six columns, against a real server."""
import os
import subprocess
import threading

import pytest

from installer_fakes import TREE
from light_snapshot_installer import cells, database, dburl, errors, ini, schema, sqlfiles

SQL = os.path.join(TREE, 'sql')
NAMES = ['light_snapshot_enable', 'snapshot_committed', 'snapshot_index', 'root_index', 'snapshot_store',
         'snapshot_daily']
PLAIN = ['id', 'uuid', 'deleted']


@pytest.fixture
def cloud(node, mariadb):
    """A controller with a cell, cell0 by a template, and an API database."""
    for name in ('nova', 'nova_cell0'):
        mariadb.make_cell(name)
    mariadb.query('DROP DATABASE IF EXISTS nova_api')
    mariadb.query('CREATE DATABASE nova_api')
    mariadb.query('CREATE TABLE cell_mappings (id int PRIMARY KEY AUTO_INCREMENT, uuid varchar(36), name varchar(255),'
                  ' database_connection text)', 'nova_api')
    mariadb.query("INSERT INTO cell_mappings (uuid, name, database_connection) VALUES ('0', 'cell0', '%s'),"
                  " ('1', NULL, '{scheme}://{username}:{password}@{hostname}/{path}?{query}')" % (
                      mariadb.url('nova_cell0')), 'nova_api')
    mariadb.account('nova', 'p@ss/word:%41')
    for name in ('nova', 'nova_cell0', 'nova_api'):
        mariadb.query('GRANT ALL ON %s.* TO nova@localhost' % name)
    connection = mariadb.url('nova', 'nova', 'p%40ss%2Fword%3A%2541')
    node.add_nova(compute=False, controller=True, config=u'[database]\nconnection = %s\n[api_database]\nconnection = %s'
                  % (connection, mariadb.url('nova_api')))
    node.database = mariadb
    return node


def test_install_adds_to_every_cell_and_rollback_keeps(cloud):
    code, out, err = cloud.run('install')
    assert code == 0, out + err
    for database in ('nova', 'nova_cell0'):
        for table in ('instances', 'shadow_instances'):
            assert cloud.database.columns(database, table) == PLAIN + NAMES
    assert 'cell cell0 (nova_cell0 on' in out and '12 columns added' in out
    assert 'ss/word' not in out and '%2F' not in out
    with open(cloud.top + '/var/lib/light-snapshot/state.json') as stream:
        assert 'ss%2Fword' not in stream.read()
    assert cloud.run('verify')[0] == 0
    code, out, _err = cloud.run('rollback')
    assert code == 0 and '24 columns that this node added stay' in out
    assert cloud.database.columns('nova') == PLAIN + NAMES


def test_rollback_drops_what_it_added_and_only_that(cloud):
    cloud.database.query('ALTER TABLE instances ADD COLUMN root_index int(11)', 'nova')
    assert cloud.run('install')[0] == 0
    code, out, err = cloud.run('rollback', '--drop-columns')
    assert code == 0, out + err
    assert cloud.database.columns('nova') == PLAIN + ['root_index']
    assert cloud.database.columns('nova', 'shadow_instances') == PLAIN
    assert cloud.database.columns('nova_cell0') == PLAIN


def test_columns_of_the_last_time_are_still_ours(cloud):
    cloud.run('install')
    cloud.run('rollback')
    cloud.run('install')
    assert cloud.run('rollback', '--drop-columns')[0] == 0
    assert cloud.database.columns('nova') == PLAIN


def test_columns_are_not_dropped_under_an_enabled_server(cloud):
    cloud.run('install')
    cloud.database.query("INSERT INTO instances (uuid, light_snapshot_enable) VALUES ('abc', 1)", 'nova')
    code, _out, err = cloud.run('rollback', '--drop-columns')
    assert code == 3
    assert 'abc' in err and 'Nothing was changed' in err
    assert cloud.run('verify')[0] == 0


def test_verify_finds_a_missing_and_a_wrong_column(cloud):
    cloud.run('install')
    cloud.database.query('ALTER TABLE shadow_instances DROP COLUMN snapshot_daily', 'nova_cell0')
    cloud.database.query('ALTER TABLE instances MODIFY snapshot_index varchar(9)', 'nova')
    code, out, _err = cloud.run('verify', '--quiet')
    assert code == 1
    assert 'nova_cell0: shadow_instances.snapshot_daily' in out and 'missing' in out
    assert 'is varchar, not int(11)' in out


def test_wrong_column_is_found_before_anything_changes(cloud):
    cloud.database.query('ALTER TABLE instances ADD COLUMN root_index varchar(9)', 'nova')
    before = cloud.tree()
    code, _out, err = cloud.run('install')
    assert code == 1
    assert 'instances.root_index' in err and 'Nothing was changed' in err
    assert cloud.database.columns('nova_cell0') == PLAIN
    assert cloud.tree() == before


def test_cell_that_is_down_is_named_and_nothing_changes(cloud):
    cloud.database.query("INSERT INTO cell_mappings (uuid, name, database_connection) VALUES"
                         " ('2', 'far', 'mysql+pymysql://n:secret@127.0.0.1:1/nova')", 'nova_api')
    code, _out, err = cloud.run('install')
    assert code == 1
    assert 'cell far' in err and 'nova on 127.0.0.1:1' in err and 'secret' not in err
    assert cloud.database.columns('nova') == PLAIN
    assert cloud.run('verify')[0] == 1


def test_wrong_password(cloud):
    cloud.database.account('nova', 'other')
    code, out, err = cloud.run('install')
    assert code == 1
    assert 'Access denied' in err and 'ss/word' not in err + out


def test_database_before_db_sync(cloud):
    cloud.database.query('DROP TABLE shadow_instances', 'nova_cell0')
    code, _out, err = cloud.run('install')
    assert code == 1
    assert 'shadow_instances' in err and 'db sync' in err


def test_without_an_api_database_only_the_cell(cloud):
    cloud.database.query('DROP TABLE cell_mappings', 'nova_api')
    code, out, _err = cloud.run('install')
    assert code == 0 and 'cell [database] (nova on' in out
    assert cloud.database.columns('nova_cell0') == PLAIN


def test_pure_compute_host_leaves_the_database_alone(cloud):
    for name in ('nova-conductor', 'nova-api'):
        os.rename(cloud.top + '/usr/bin/' + name, cloud.top + '/usr/bin/nova-compute')
    assert cloud.run('install')[0] == 0
    assert cloud.database.columns('nova') == PLAIN


class Hooks(object):
    """What happens, written down."""

    def __init__(self):
        self.intended, self.withdrawn, self.said, self.seconds = [], [], [], {'instances': 21}
        self.say = self.said.append

    def intent(self, statements):
        self.intended.append([statement.column for statement in statements])

    def withdraw(self, statement):
        self.withdrawn.append(statement.column)


def test_several_controllers_at_once(cloud):
    config = ini.load_nova(cloud.root)
    statements = sqlfiles.read(SQL, 'up')
    counts, failures = [], []

    def one():
        try:
            for name, url in cells.find(config):
                counts.append(schema.add(name, url, statements, Hooks()))
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=one) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sum(counts) == 24 and len(counts) == 8
    assert cloud.database.columns('nova', 'shadow_instances') == PLAIN + NAMES


def test_lock_held_elsewhere(cloud, monkeypatch):
    monkeypatch.setattr(schema, 'LOCK_SECONDS', 0)
    url = cells.find(ini.load_nova(cloud.root))[0][1]
    with schema._locked(url):
        with pytest.raises(errors.InstallerError) as caught:
            with schema._locked(url):
                pass
    assert 'schema lock' in caught.value.what
    # The server gives the lock back once it has seen that the session is over.
    monkeypatch.setattr(schema, 'LOCK_SECONDS', 10)
    with schema._locked(url):
        pass


def test_files_work_in_the_plain_client(mariadb):
    mariadb.make_cell('byhand')
    before = mariadb.columns('byhand')
    for direction, expected in (('up', PLAIN + NAMES), ('down', before)):
        with open(os.path.join(SQL, '0001-columns.%s.sql' % direction)) as stream:
            subprocess.check_call(['mariadb', '--no-defaults', '-uroot', '-S', mariadb.socket, 'byhand'], stdin=stream)
        for table in ('instances', 'shadow_instances'):
            assert mariadb.columns('byhand', table) == expected


def test_every_column_is_nullable_and_of_the_type_of_the_contract():
    statements = sqlfiles.read(SQL, 'up')
    assert [(s.table, s.column) for s in statements] == [
        (table, name) for table in ('instances', 'shadow_instances') for name in NAMES]
    types = dict((s.column, s.type) for s in statements)
    assert types == {'light_snapshot_enable': 'tinyint(1)', 'snapshot_committed': 'tinyint(1)',
                     'snapshot_index': 'int(11)', 'root_index': 'int(11)', 'snapshot_store': 'tinyint(1)',
                     'snapshot_daily': 'tinyint(1)'}
    assert all(s.text.endswith('NULL') and 'NOT' not in s.text for s in statements)
    down = sqlfiles.read(SQL, 'down')
    assert sorted((s.table, s.column) for s in down) == sorted((s.table, s.column) for s in statements)


@pytest.mark.parametrize('text', ['DROP TABLE instances;', 'ALTER TABLE a DROP COLUMN b, DROP COLUMN c; SELECT 1'])
def test_other_statements_are_refused(text):
    with pytest.raises(errors.InstallerError):
        sqlfiles.parse(text, 'up')


@pytest.mark.parametrize('name,expected', [('int(11)', 'int'), ('int', 'int'), ('INT(10)', 'int'),
                                           ('tinyint(1)', 'tinyint(1)')])
def test_types_as_each_server_writes_them(name, expected):
    assert schema.normal_type(name) == expected


def test_url():
    url = dburl.DatabaseUrl('mysql+pymysql://us%40er:p%3Aw%2F@db.example:3307/nova?charset=utf8&unix_socket=/s')
    assert (url.user, url.password, url.host, url.port, url.database) == ('us@er', 'p:w/', 'db.example', 3307, 'nova')
    assert url.options == {'charset': 'utf8', 'unix_socket': '/s'}
    assert url.is_mysql and url.key == ('/s', 'nova')
    assert 'p:w' not in '%s %r' % (url, url)


@pytest.mark.parametrize('text,host,port,database', [
    ('mysql://nova:a@b@[::1]:33/nova', '::1', 33, 'nova'),
    ('mysql+pymysql://nova@db/nova', 'db', 3306, 'nova'),
    ('mariadb+pymysql:///nova?unix_socket=/s', 'localhost', 3306, 'nova'),
])
def test_url_forms(text, host, port, database):
    url = dburl.DatabaseUrl(text)
    assert (url.host, url.port, url.database, url.is_mysql) == (host, port, database, True)


def test_other_databases_are_not_ours():
    assert not dburl.DatabaseUrl('sqlite:////var/lib/nova/novadb').is_mysql
    assert not dburl.DatabaseUrl('postgresql://a:b@c/nova').is_mysql


def test_template():
    default = 'mysql+pymysql://nova:pa%40ss@db:3306/nova?charset=utf8'
    template = '{scheme}://{username}:{password}@{hostname}:{port}/{path}?{query}'
    assert dburl.expand_template(template, default) == default
    assert dburl.expand_template('mysql://x/y', default) == 'mysql://x/y'
    with pytest.raises(errors.InstallerError):
        dburl.expand_template('{nonsense}', default)
