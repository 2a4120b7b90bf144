"""--dry-run of install and rollback: every change that would be made, and none is made."""
import json

import pytest

import crash_checks
import crashes
from crash_node import CrashNode, World
from installer_fakes import SHIM, tree_of, write

INSTALL, ROLLBACK = ('install',), ('rollback',)


@pytest.fixture
def whole(tmp_path):
    """An all-in-one node whose services and database are a file."""
    return CrashNode(str(tmp_path / 'node')).build()


def everything(node):
    """All of a node, the installer's record and lock and the world outside included."""
    return dict((path, facts) for path, facts in tree_of(node.top).items() if not path.startswith(('/var/log/said', '/proc')))


def listed(text):
    """The changes in what a run of crashes.perform printed."""
    document = json.loads(text[text.index('{'):])
    return [(change['act'], change['what'], change['detail']) for change in document['changes']]


@pytest.mark.parametrize('earlier,command', [
    ((), INSTALL),
    ((), INSTALL + ('--apparmor=keep',)),
    ((), ROLLBACK),
    ((INSTALL,), INSTALL),
    ((INSTALL, 'upgrade'), INSTALL),
    ((INSTALL, 'upgrade'), ROLLBACK + ('--drop-columns',)),
    ((INSTALL,), INSTALL + ('--apparmor=keep',)),
    ((INSTALL,), ROLLBACK),
    ((INSTALL,), ROLLBACK + ('--drop-columns',)),
    ((INSTALL, 'hotfix'), ROLLBACK),
    ((INSTALL, ROLLBACK), INSTALL),
    ((INSTALL, 'pip'), INSTALL),
    ((INSTALL, 'pip'), ROLLBACK),
    ((INSTALL, 'edit', 'upgrade'), INSTALL),
    ((INSTALL, 'edit'), ROLLBACK),
    (('stray',), INSTALL),
    (('stray', INSTALL), ROLLBACK),
])
def test_list_is_what_a_real_run_does(whole, earlier, command):
    for step in earlier:
        if step == 'upgrade':
            whole.upgrade_package()
        elif step == 'hotfix':
            write(whole.at('nova/compute/manager.py.light-snapshot-orig'), u'VALUE = "a longer one"\n')
        elif step in ('pip', 'edit'):
            write(whole.at('nova/compute/manager.py'), (SHIM if step == 'edit' else u'') + u'VALUE = "another"\n')
            write(whole.at('light_snapshot/engine/engine.py'), u'# edited\n')
        elif step == 'stray':
            write(whole.share + '/overlay/dist-packages/nova/virt/extra.py', u'OURS = 1\n')
            write(whole.at('nova/virt/extra.py'), u'# by hand\n')
        else:
            crashes.well(whole, *step)
    before = everything(whole)
    code, acts, text = crashes.perform(whole, command + ('--dry-run', '--json'))
    assert code == 0, text
    after = everything(whole)
    assert after == before, crash_checks.differences(after, before)
    assert acts == 0
    foretold = listed(text)
    assert foretold == real_changes(whole, command)
    assert bool(foretold) == ((earlier, command) not in (((), ROLLBACK), ((INSTALL,), INSTALL)))


def real_changes(node, command):
    """What the command does, done."""
    code, _acts, text = crashes.perform(node, command + ('--json',), told=True)
    assert code == 0, text
    return listed(text)


def test_what_an_operator_reads(whole):
    code, _acts, text = crashes.perform(whole, ('install', '--dry-run'))
    assert code == 0
    lines = text.splitlines()
    code_directory = whole.code
    assert ('divert             {0}/nova/compute/manager.py  {0}/nova/compute/manager.py.light-snapshot-orig'.format(code_directory)) in lines
    assert 'restart            nova-compute' in lines
    assert any(line.startswith('sql                nova on db:3306  ALTER TABLE instances ADD COLUMN') for line in lines)
    assert 'apparmor_parser -R /etc/apparmor.d/usr.sbin.libvirtd' in lines
    notes = [line for line in lines if '] note: ' in line]
    assert len(notes) == 1 and 'NOT CONFINED' in notes[0]
    assert lines[-1] == '%d changes would be made; nothing was changed' % (len(lines) - 1 - len(notes))
    assert 'secret' not in text and 'state.json' not in text
    assert World(whole).data['columns'] == []


def test_refusals_are_those_of_a_real_run(compute):
    compute.run('install')
    compute.record('11111111-2222-3333-4444-555555555555', u'{"live": [1]}')
    before = compute.tree()
    code, out, err = compute.run('rollback', '--dry-run')
    assert code == 3 and 'Nothing was changed' in err and 'would be made' not in out
    assert compute.tree() == before


def test_lock_of_another_run_is_not_waited_for(compute):
    from light_snapshot_installer import lock
    with lock.NodeLock(compute.root):
        assert compute.run('install', '--dry-run')[0] == 0
