"""Whose word a roll-back was, the operator's or the package's removal, and what the package's scripts do after one that did not end."""
import json
import os

import pytest

from installer_fakes import write
from light_snapshot_installer import paths

UUID = '11111111-2222-3333-4444-555555555555'
LIVE = u'{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}'
GIVEN_UP = ('install', '--maintainer-script', '--removal-failed')
SCRIPTS = (('install', '--maintainer-script', '--only-files'), ('install', '--maintainer-script'))


def phase(node):
    with open(node.top + paths.STATE_FILE) as stream:
        return json.load(stream)['phase']


@pytest.fixture
def installed(compute, services):
    """A compute host with us, whose nova-compute runs; `before`: its tree without."""
    compute.before = compute.tree()
    services.start('nova-compute')
    assert compute.run('install')[0] == 0
    return compute


def stray(node):
    """nova-compute runs, and no init system knows it."""
    os.rename(node.top + '/etc/init.d/nova-compute', node.top + '/var/log/nova-compute.init')


def known(node):
    os.rename(node.top + '/var/log/nova-compute.init', node.top + '/etc/init.d/nova-compute')


def test_a_rollback_that_could_not_restart_all_stays_off(installed, services):
    """As nova's upgrades and our own ask then; nova-compute still has our code in its memory."""
    stray(installed)
    assert installed.run('rollback')[0] == 4
    assert phase(installed) == 'rolled-back'
    for script in SCRIPTS:
        code, out, _err = installed.run(*script)
        assert code == 0 and 'stays off' in out
    assert phase(installed) == 'rolled-back' and not os.path.exists(installed.at('light_snapshot'))
    services.start('nova-compute')
    assert installed.run('rollback')[0] == 0
    known(installed)
    assert installed.tree() == installed.before
    assert installed.run('install')[0] == 0 and installed.run('verify')[0] == 0


def test_a_rollback_whose_services_did_not_come_back_stays_off(installed):
    write(installed.top + '/var/log/dies-nova-compute', u'')
    assert installed.run('rollback', '--wait', '1')[0] == 1
    assert phase(installed) == 'rolling-back'
    for script in SCRIPTS:
        code, out, _err = installed.run(*script)
        assert code == 0 and 'stays off' in out and 'does what is left to do' in out
    assert phase(installed) == 'rolling-back' and not os.path.exists(installed.at('light_snapshot'))
    # Nor does a removal of the package that fails as well change what the operator wanted.
    assert installed.run('rollback', '--maintainer-script', '--wait', '1')[0] == 1
    assert 'stays off' in installed.run('install', '--maintainer-script')[1]
    os.unlink(installed.top + '/var/log/dies-nova-compute')
    assert installed.run('rollback')[0] == 0
    assert phase(installed) == 'rolled-back' and installed.tree() == installed.before


@pytest.mark.parametrize('ended', [True, False])
def test_servers_that_got_layers_meanwhile_go_before_the_operators_word(installed, ended):
    """nova-compute has our code in its memory, and the next one would lose them."""
    if ended:
        stray(installed)
    else:
        write(installed.top + '/var/log/dies-nova-compute', u'')
    assert installed.run('rollback', '--wait', '1')[0] == (4 if ended else 1)
    installed.record(UUID, LIVE)
    code, out, _err = installed.run(*SCRIPTS[0])
    assert code == 0 and 'light-snapshot is put back' in out and UUID in out
    assert ('could not restart nova-compute, and' if ended else 'did not end, and') in out
    assert os.path.exists(installed.at('light_snapshot/nova/hooks.py'))
    if ended:
        known(installed)
    else:
        os.unlink(installed.top + '/var/log/dies-nova-compute')
    assert installed.run('install', '--maintainer-script')[0] == 0
    assert installed.run('verify')[0] == 0


@pytest.mark.parametrize('left', ['our code runs on', 'restarted by hand', 'did not come back'])
def test_what_cannot_be_seen_counts_only_where_our_code_still_runs(installed, services, left):
    """Weeks later, where the servers' directory is away at an upgrade, nothing of the sort is known, and the operator's word holds."""
    if left == 'did not come back':
        write(installed.top + '/var/log/dies-nova-compute', u'')
        assert installed.run('rollback', '--wait', '1')[0] == 1
    else:
        stray(installed)
        assert installed.run('rollback')[0] == 4
    if left == 'restarted by hand':
        services.start('nova-compute')
    os.rename(installed.top + '/var/lib/nova/instances', installed.top + '/var/lib/nova/away')
    os.symlink('/nowhere', installed.top + '/var/lib/nova/instances')
    before = phase(installed)
    code, out, _err = installed.run(*SCRIPTS[0])
    assert code == 0 and '/var/lib/nova/instances cannot be read' in out
    if left == 'our code runs on':
        assert 'could not restart nova-compute, and' in out and '(process %d)' % services.pid('nova-compute') in out and 'is put back' in out
        assert os.path.exists(installed.at('light_snapshot/nova/hooks.py'))
    else:
        assert 'the roll-back stands' in out and 'stays off' in out and 'is put back' not in out
        assert phase(installed) == before and not os.path.exists(installed.at('light_snapshot'))


@pytest.mark.parametrize('before', [None, 'rollback'])
def test_the_package_comes_back_after_a_removal_that_could_not_restart_all(installed, services, before):
    """And that is a first installation: it is undone where a service does not live with it."""
    if before:
        assert installed.run(before)[0] == 0
    stray(installed)
    assert installed.run('rollback', '--maintainer-script')[0] == (0 if before else 4)
    assert phase(installed) == 'removed'
    known(installed)
    services.start('nova-compute')
    write(installed.top + '/var/log/dies-nova-compute', type(u'')(installed.at('light_snapshot')))
    code, _out, err = installed.run('install', '--maintainer-script', '--wait', '2')
    assert code == 1 and 'The installation was undone' in err
    os.unlink(installed.top + '/var/log/dies-nova-compute')
    assert installed.run('install', '--maintainer-script')[0] == 0
    assert installed.run('verify')[0] == 0


def test_a_removal_that_fails_on_its_way_is_taken_back(installed):
    """What postinst does then."""
    write(installed.top + '/var/log/dies-nova-compute', u'')
    assert installed.run('rollback', '--maintainer-script', '--wait', '1')[0] == 1
    assert phase(installed) == 'rolling-back' and not os.path.exists(installed.at('light_snapshot'))
    os.unlink(installed.top + '/var/log/dies-nova-compute')
    assert installed.run(*GIVEN_UP)[0] == 0
    assert installed.run('verify')[0] == 0


@pytest.mark.parametrize('ended', [True, 'noted by an older version', False])
def test_a_removal_that_fails_after_a_rollback_by_hand_leaves_the_node_rolled_back(installed, ended):
    """The package stays, and with it the operator's word: for postinst, for nova's next upgrade, and for a second removal that fails."""
    if ended:
        assert installed.run('rollback')[0] == 0
        if ended is not True:
            with open(installed.top + paths.STATE_FILE) as stream:
                record = json.load(stream)
            del record['off']
            write(installed.top + paths.STATE_FILE, json.dumps(record))
    else:
        write(installed.top + '/var/log/dies-nova-compute', u'')
        assert installed.run('rollback', '--wait', '1')[0] == 1
        os.unlink(installed.top + '/var/log/dies-nova-compute')
    for removals in (1, 2):
        for _again in range(removals):
            assert installed.run('rollback', '--maintainer-script')[0] == 0
            assert phase(installed) == 'removed'
        for script in (GIVEN_UP,) + SCRIPTS:
            code, out, _err = installed.run(*script)
            assert code == 0 and 'stays off' in out
        assert phase(installed) == 'rolled-back' and installed.tree() == installed.before
    # One that did come to its end is followed by an installation.
    assert installed.run('rollback', '--maintainer-script')[0] == 0
    assert installed.run(*SCRIPTS[1])[0] == 0 and installed.run('verify')[0] == 0


def test_a_removal_that_fails_at_its_very_end_is_taken_back(installed):
    assert installed.run('rollback', '--maintainer-script')[0] == 0
    assert phase(installed) == 'removed'
    assert installed.run(*GIVEN_UP)[0] == 0
    assert installed.run('verify')[0] == 0
