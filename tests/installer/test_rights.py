"""What nova's database account may not do is named before anything is changed; what cannot be told by reading counts as allowed."""
import pytest

from light_snapshot_installer import rights
from test_schema import NAMES, PLAIN, cloud  # noqa: F401 (a fixture)

TABLES = ['instances', 'shadow_instances']
USAGE = "GRANT USAGE ON *.* TO `nova`@`%` IDENTIFIED BY PASSWORD '*0123'"


@pytest.mark.parametrize('grants, expected', [
    ([USAGE], TABLES),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nova`.* TO `nova`@`%`'], []),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nova`.* TO `nova`@`%` WITH GRANT OPTION'], []),
    (['GRANT ALL PRIVILEGES ON *.* TO `nova`@`%`'], []),
    ([USAGE, 'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON `nova`.* TO `nova`@`%`'], TABLES),
    ([USAGE, 'GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER ON `nova`.* TO `nova`@`%`'], []),
    # As MySQL 8 writes them, dynamic ones too.
    (['GRANT SELECT, INSERT, CREATE, ALTER, SHOW DATABASES, CREATE TEMPORARY TABLES ON *.* TO `n`@`%`',
      'GRANT BACKUP_ADMIN,SYSTEM_USER ON *.* TO `n`@`%`'], []),
    # Another database's, by its name or by a pattern; the underscore that is escaped is one.
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nova_api`.* TO `nova`@`%`'], TABLES),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nova%`.* TO `nova`@`%`'], []),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nov_`.* TO `nova`@`%`'], []),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nov\\_`.* TO `nova`@`%`'], TABLES),
    ([USAGE, 'GRANT ALL PRIVILEGES ON `NOVA`.* TO `nova`@`%`'], []),
    # Of one table; of some columns.
    ([USAGE, 'GRANT ALL PRIVILEGES ON `nova`.`instances` TO `nova`@`%`'], ['shadow_instances']),
    ([USAGE, 'GRANT ALL PRIVILEGES ON TABLE `nova`.`instances` TO `nova`@`%`'], ['shadow_instances']),
    ([USAGE, 'GRANT INSERT (`id`, `uuid`), ALTER ON `nova`.`instances` TO `nova`@`%`'], ['shadow_instances']),
    # In two lines.
    ([USAGE, 'GRANT CREATE, INSERT ON `nova`.* TO `nova`@`%`', 'GRANT ALTER ON `nova`.`instances` TO `nova`@`%`'],
     ['shadow_instances']),
    # What says nothing of tables.
    ([USAGE, "GRANT PROXY ON ''@'%' TO 'nova'@'%'", 'GRANT EXECUTE ON FUNCTION `nova`.`f` TO `nova`@`%`'], TABLES),
    # What cannot be told: roles, partial revokes, another way of quoting.
    ([USAGE, 'GRANT `ops` TO `nova`@`%`'], []),
    ([USAGE, 'SET DEFAULT ROLE `ops` FOR `nova`@`%`'], []),
    (['GRANT SELECT ON *.* TO `nova`@`%`', 'REVOKE SELECT ON `mysql`.* FROM `nova`@`%`'], []),
    ([USAGE, 'GRANT ALL PRIVILEGES ON "other".* TO "nova"@"%"'], []),
])
def test_grants(grants, expected):
    assert rights.missing(grants, 'nova', TABLES) == expected


def test_a_name_with_everything_in_it():
    grants = ['GRANT ALL PRIVILEGES ON `a.b``c`.* TO `nova`@`%`']
    assert rights.missing(grants, 'a.b`c', TABLES) == []
    assert rights.missing(grants, 'axb`c', TABLES) == TABLES


def test_account_that_may_not(cloud):  # noqa: F811
    """The second cell's account lacks it: the first cell is not touched, nor a file."""
    cloud.database.query('REVOKE ALTER ON nova.* FROM nova@localhost')
    before = cloud.tree()
    for options in ((), ('--dry-run',)):
        code, out, err = cloud.run('install', *options)
        assert code == 3, out + err
        assert 'the account nova@localhost may not change tables of nova on' in err and 'Nothing was changed' in err
        assert 'it lacks ALTER on instances, shadow_instances' in err
        assert "GRANT ALTER ON `nova`.* TO 'nova'@'localhost'" in err
        assert 'ss/word' not in out + err and '%2F' not in out + err
    assert cloud.tree() == before
    assert cloud.database.columns('nova_cell0') == cloud.database.columns('nova') == PLAIN
    cloud.database.query('GRANT ALL ON nova.* TO nova@localhost')
    assert cloud.run('install')[0] == 0
    # What is there needs no right.
    cloud.database.query('REVOKE ALTER ON nova.* FROM nova@localhost')
    assert cloud.run('install')[0] == 0 and cloud.run('verify')[0] == 0
    before = cloud.tree()
    code, _out, err = cloud.run('rollback', '--drop-columns')
    assert code == 3 and 'it lacks ALTER on' in err and 'Nothing was changed' in err
    assert cloud.tree() == before and cloud.database.columns('nova') == PLAIN + NAMES


def test_right_by_a_role_is_left_to_the_server(cloud):  # noqa: F811
    cloud.database.query('REVOKE ALTER ON nova.* FROM nova@localhost')
    cloud.database.query('DROP ROLE IF EXISTS changer')
    cloud.database.query('CREATE ROLE changer')
    cloud.database.query('GRANT ALTER ON nova.* TO changer')
    cloud.database.query('GRANT changer TO nova@localhost')
    cloud.database.query('SET DEFAULT ROLE changer %s nova@localhost' % ('TO' if cloud.database.is_mysql else 'FOR'))
    assert cloud.run('install')[0] == 0
    cloud.database.query('DROP ROLE changer')


@pytest.mark.parametrize('right', ['CREATE', 'INSERT', 'DROP'])
def test_right_that_no_server_asks_for(cloud, right):  # noqa: F811
    cloud.database.query('REVOKE %s ON nova.* FROM nova@localhost' % right)
    assert cloud.run('install')[0] == 0
    assert cloud.run('rollback', '--drop-columns')[0] == 0


def test_right_that_the_server_denies_after_all(cloud, monkeypatch):  # noqa: F811
    """The server has the last word."""
    monkeypatch.setattr(rights, 'missing', lambda *_arguments: [])
    cloud.database.query('REVOKE ALTER ON nova.* FROM nova@localhost')
    code, _out, err = cloud.run('install')
    assert code == 1
    assert 'ALTER command denied' in err and 'Columns added to this database so far: none' in err
