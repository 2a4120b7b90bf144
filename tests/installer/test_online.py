"""Changing large tables: at once where the server can, online where it must rebuild, as a copy only on the operator's word."""
import pytest

from installer_fakes import write
from light_snapshot_installer import database, dburl, errors, online, schema, sqlfiles
from test_schema import NAMES, PLAIN, SQL, Hooks, cloud  # noqa: F401 (a fixture)

MARIADB = '10.11.4-MariaDB-1~deb12u1'


@pytest.mark.parametrize('version,engine,row_format,what,expected', [
    (MARIADB, 'InnoDB', 'Dynamic', 'add', online.INSTANT),
    (MARIADB, 'InnoDB', 'Dynamic', 'drop', online.INSTANT),
    (MARIADB, 'InnoDB', 'Compressed', 'add', online.INPLACE),
    (MARIADB, 'MyISAM', 'Dynamic', 'add', online.COPY),
    ('5.5.5-10.1.48-MariaDB-0ubuntu0.18.04.1', 'InnoDB', 'Compact', 'add', online.INPLACE),
    ('10.3.39-MariaDB', 'InnoDB', 'Dynamic', 'add', online.INSTANT),
    ('10.3.39-MariaDB', 'InnoDB', 'Dynamic', 'drop', online.INPLACE),
    ('8.0.36-0ubuntu0.22.04.1', 'InnoDB', 'Dynamic', 'add', online.INSTANT),
    ('8.0.11', 'InnoDB', 'Dynamic', 'add', online.INPLACE),
    ('5.7.44-log', 'InnoDB', 'Dynamic', 'drop', online.INPLACE),
    ('5.5.62-0ubuntu0.14.04.1', 'InnoDB', 'Compact', 'add', online.COPY),
    ('5.5.64-MariaDB', 'InnoDB', 'Compact', 'add', online.COPY),
    ('nonsense', 'InnoDB', 'Dynamic', 'add', online.COPY),
])
def test_way_of_each_server(version, engine, row_format, what, expected):
    assert online.way(version, engine, row_format, what) == expected


def test_what_is_said_of_a_table():
    assert online.describe(online.Estimate('instances', 12345, 400, online.INPLACE)) == (
        'instances, about 12345 rows, 400 MiB: rebuilt while nova works on it, in about 21 s')
    assert 'COPIED' in online.describe(online.Estimate('instances', 1, 0, online.COPY))


@pytest.fixture
def table(mariadb):
    """(the URL of a cell's database, what was sent to it)."""
    mariadb.make_cell('online')
    return dburl.DatabaseUrl(mariadb.url('online')), mariadb


def sent(monkeypatch):
    """The ALTER statements that are sent from now on."""
    statements, real = [], database.query

    def query(connection, sql, *arguments, **keywords):
        if sql.startswith('ALTER'):
            statements.append(sql)
        return real(connection, sql, *arguments, **keywords)
    monkeypatch.setattr(database, 'query', query)
    return statements


def test_all_columns_of_a_table_come_in_one_instant_change(table, monkeypatch):
    url, mariadb = table
    said, hooks = sent(monkeypatch), Hooks()
    assert schema.add('c', url, sqlfiles.read(SQL, 'up'), hooks) == 12
    assert hooks.intended == [NAMES, NAMES] and len(said) == 2
    assert all(text.endswith(', ALGORITHM=INSTANT') for text in said)
    assert mariadb.columns('online') == PLAIN + NAMES
    assert said[0].startswith('ALTER TABLE instances ADD COLUMN light_snapshot_enable tinyint(1) NULL, ADD COLUMN snap')


def test_compressed_table_is_rebuilt_online(table, monkeypatch):
    url, mariadb = table
    mariadb.query('ALTER TABLE instances ROW_FORMAT=COMPRESSED', 'online')
    said = sent(monkeypatch)
    assert [one.way for one in online.estimates(url, ['instances', 'shadow_instances'], 'add')] == [online.INPLACE, online.INSTANT]
    schema.add('c', url, sqlfiles.read(SQL, 'up'), Hooks())
    assert [text.rpartition('ALGORITHM=')[2] for text in said] == ['INSTANT', 'INPLACE, LOCK=NONE', 'INSTANT']
    assert mariadb.columns('online') == PLAIN + NAMES


def test_copy_takes_the_operators_word(table, monkeypatch):
    url, mariadb = table
    mariadb.query('ALTER TABLE shadow_instances ENGINE=MyISAM', 'online')
    said = sent(monkeypatch)
    with pytest.raises(errors.InstallerError) as caught:
        schema.add('c', url, sqlfiles.read(SQL, 'up'), Hooks())
    assert 'would copy the table shadow_instances' in caught.value.what and '--allow-table-copy' in caught.value.next_step
    assert mariadb.columns('online', 'shadow_instances') == PLAIN
    del said[:]
    assert schema.add('c', url, sqlfiles.read(SQL, 'up'), Hooks(), copyable=['shadow_instances']) == 6
    assert 'ALGORITHM' not in said[-1]
    assert mariadb.columns('online', 'shadow_instances') == PLAIN + NAMES


def test_column_that_another_node_adds_meanwhile(table, monkeypatch):
    """A cluster's lock is of one member: the statement fails, and what is still missing is tried again."""
    url, mariadb = table
    real, hooks = schema.columns, Hooks()

    def late(connection, tables):
        found = real(connection, tables)
        if not hooks.intended:
            mariadb.query('ALTER TABLE instances ADD COLUMN root_index int(11) NULL', 'online')
        return found
    monkeypatch.setattr(schema, 'columns', late)
    assert schema.add('c', url, [one for one in sqlfiles.read(SQL, 'up') if one.table == 'instances'], hooks) == 5
    assert hooks.withdrawn == ['root_index'] and len(hooks.intended) == 2
    assert sorted(mariadb.columns('online')) == sorted(PLAIN + NAMES)


def test_a_small_table_is_copied_without_asking(cloud):  # noqa: F811
    cloud.database.query('ALTER TABLE instances ENGINE=MyISAM', 'nova')
    code, out, _err = cloud.run('install')
    assert code == 0 and 'COPIED' in out and cloud.database.columns('nova') == PLAIN + NAMES


def test_refused_before_anything_changes(cloud, monkeypatch):  # noqa: F811
    monkeypatch.setattr(online, 'SMALL', -1)
    cloud.database.query('ALTER TABLE instances ENGINE=MyISAM', 'nova')
    before = cloud.tree()
    code, _out, err = cloud.run('install')
    assert code == 3 and 'only by copying' in err and 'instances, about' in err and 'Nothing was changed' in err
    assert cloud.tree() == before and cloud.database.columns('nova_cell0') == PLAIN
    write(cloud.top + '/etc/default/light-snapshot', u'ALLOW_TABLE_COPY=yes\n')
    code, out, _err = cloud.run('install')
    assert code == 0 and 'COPIED' in out and 'changed at once' in out
    write(cloud.top + '/etc/default/light-snapshot', u'')
    assert cloud.run('rollback', '--drop-columns')[0] == 3
    assert cloud.run('verify')[0] == 0
    code, out, _err = cloud.run('rollback', '--drop-columns', '--allow-table-copy')
    assert code == 0, out
    assert cloud.database.columns('nova') == PLAIN


def clustered(monkeypatch, provider='/usr/lib/galera/libgalera_smm.so'):
    """The server says from now on that it is a member of a Galera cluster."""
    real = database.query

    def query(connection, sql, *arguments, **keywords):
        if 'wsrep' in sql:
            return [('wsrep_on', 'ON'), ('wsrep_provider', provider)]
        return real(connection, sql, *arguments, **keywords)
    monkeypatch.setattr(database, 'query', query)


def test_who_is_a_galera_cluster(table, monkeypatch):
    """MariaDB has the variables everywhere, MySQL has none."""
    url, _mariadb = table
    with database.session(url) as connection:
        assert not online.galera(connection)
        clustered(monkeypatch, 'none')
        assert not online.galera(connection)
        clustered(monkeypatch)
        assert online.galera(connection)
        monkeypatch.setattr(database, 'query', lambda *_arguments: [])
        assert not online.galera(connection)


def test_a_galera_cluster_changes_a_table_at_once_without_asking(cloud, monkeypatch):  # noqa: F811
    monkeypatch.setattr(online, 'SMALL', -1)
    clustered(monkeypatch)
    said = sent(monkeypatch)
    code, out, _err = cloud.run('install')
    assert code == 0 and 'changed at once' in out and 'cluster' not in out
    assert all(text.endswith('ALGORITHM=INSTANT') for text in said)


def test_a_galera_cluster_stops_only_on_the_operators_word(cloud, monkeypatch):  # noqa: F811
    """What a server alone rebuilds while nova works on it."""
    monkeypatch.setattr(online, 'SMALL', -1)
    cloud.database.query('ALTER TABLE instances ROW_FORMAT=COMPRESSED', 'nova')
    clustered(monkeypatch)
    said, before = sent(monkeypatch), cloud.tree()
    code, _out, err = cloud.run('install')
    assert code == 3 and 'only by stopping its Galera cluster' in err and 'takes no writes' in err and '--allow-table-copy' in err
    assert said == [] and cloud.tree() == before and cloud.database.columns('nova_cell0') == PLAIN
    code, out, _err = cloud.run('install', '--allow-table-copy')
    assert code == 0 and 'REBUILT' in out
    assert cloud.database.columns('nova') == PLAIN + NAMES


def test_a_galera_cluster_that_could_not_change_a_table_at_once_after_all(table, monkeypatch):
    """By its version it could: it is neither told to rebuild the table nor to copy it."""
    url, mariadb = table
    mariadb.query('ALTER TABLE instances ROW_FORMAT=COMPRESSED', 'online')
    clustered(monkeypatch)
    said = sent(monkeypatch)
    with pytest.raises(errors.InstallerError) as caught:
        schema.add('c', url, sqlfiles.read(SQL, 'up'), Hooks())
    assert 'would stop its Galera cluster to rebuild the table instances' in caught.value.what
    assert [text.rpartition('ALGORITHM=')[2] for text in said] == ['INSTANT'] and mariadb.columns('online') == PLAIN
