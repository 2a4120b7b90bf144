"""What others wrote in place of our files, and of nova's behind them, is never lost: it is kept, and the message says where."""
import io
import os
import re
import shutil

import pytest

import crash_checks
import crashes
from crash_node import CrashNode
from installer_fakes import NOT_IN_LIBERTY, SHIM, write
from light_snapshot_installer import bytecode, diversions, keeping, paths

MANAGER = 'nova/compute/manager.py'
NEWER = u'VALUE = "nova 2, which pip unpacked"\n'
EDITED = u'# edited by the operator\n'
FILTERS = '/etc/nova/rootwrap.d/light-snapshot.filters'
#: How many points of each command are tried.
POINTS = os.environ.get('INSTALLER_POINTS') or '6'


def read(path):
    with io.open(path, encoding='utf-8') as stream:
        return stream.read()


def kept(node):
    """{path in the node: its text} of all that was kept."""
    return dict((path, read(node.top + path)) for path in keeping.stored(node.root))


def pip_upgrades(node, text=NEWER):
    """Another nova at the path: pip writes it anew, and compiles it."""
    path = node.at(MANAGER)
    os.unlink(path)
    write(path, text)
    os.utime(path, (1650000000, 1650000000))
    bytecode.compile_source(node.root, node.code + '/' + MANAGER)


def package_nova(node):
    """dpkg knows the file."""
    write(node.top + '/var/lib/dpkg/info/python3-nova.md5sums', u'%s  %s/%s\n' % (u'0' * 32, node.code[1:], MANAGER))


def notes(out):
    return [line for line in out.splitlines() if 'note: ' in line and 'kept as' in line]


def test_newer_nova_from_pip_is_what_runs_behind_ours(compute):
    before = compute.tree()
    compute.run('install')
    pip_upgrades(compute)
    code, out, _err = compute.run('verify', '--quiet')
    assert code == 1 and "holds nova's own text instead of ours" in out
    code, out, err = compute.run('install')
    assert code == 0, err
    assert read(compute.at(MANAGER)) == SHIM and read(compute.at(MANAGER) + paths.SUFFIX) == NEWER
    (place, text), = kept(compute).items()
    assert text == u'VALUE = "nova compute/manager.py"\n' and [line for line in notes(out) if MANAGER in line and place in line]
    code, out, _err = compute.run('verify')
    assert code == 0 and [line for line in out.splitlines() if line.startswith('note') and place in line]
    assert '0 changed now' in compute.run('install')[1]
    assert compute.run('rollback')[0] == 0
    after = compute.tree()
    assert read(compute.at(MANAGER)) == NEWER and os.stat(compute.at(MANAGER)).st_mtime == 1650000000
    assert all(path in before or path.startswith('/var/backups') for path in after)
    assert [path for path in before if after.get(path) != before[path] and '/compute/' not in path] == []


def test_newer_nova_from_pip_survives_a_rollback(compute):
    before = compute.tree()
    compute.run('install')
    pip_upgrades(compute)
    code, out, err = compute.run('rollback')
    assert code == 0, err
    assert read(compute.at(MANAGER)) == NEWER and list(kept(compute).values()) == [u'VALUE = "nova compute/manager.py"\n']
    assert len(notes(out)) == 1 and diversions.ours(compute.root) == {}
    assert all(path in before or path.startswith('/var/backups') for path in compute.tree())
    for cached in bytecode.caches(compute.root.disk, compute.at(MANAGER)):
        with open(cached, 'rb') as stream:
            assert b'pip unpacked' in stream.read()


@pytest.mark.parametrize('verb', ['install', 'rollback'])
def test_newer_nova_where_the_one_behind_ours_is_gone(compute, verb):
    compute.run('install')
    pip_upgrades(compute)
    os.unlink(compute.at(MANAGER) + paths.SUFFIX)
    assert compute.run(verb)[0] == 0
    assert read(compute.at(MANAGER) + (paths.SUFFIX if verb == 'install' else '')) == NEWER and kept(compute) == {}
    assert compute.run('rollback')[0] == 0 and read(compute.at(MANAGER)) == NEWER


def test_same_nova_once_more(compute):
    before = compute.tree()
    compute.run('install')
    pip_upgrades(compute, u'VALUE = "nova compute/manager.py"\n')
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


@pytest.mark.parametrize('first', [True, False], ids=['the first is right', 'the second is right'])
def test_file_of_a_package_written_over_ours_is_the_operators_to_judge(compute, first):
    package_nova(compute)
    compute.run('install')
    pip_upgrades(compute)
    compute.make_share(u'2.0')
    before, path = compute.tree(), compute.at(MANAGER)
    verbs = [('install',), ('install', '--maintainer-script', '--only-files'), ('rollback',), ('install', '--dry-run'), ('rollback', '--dry-run')]
    for verb in verbs:
        code, _out, err = compute.run(*verb)
        assert code == 3 and 'Nothing was changed' in err
        assert '%s/%s differs from %s/%s%s' % (compute.code, MANAGER, compute.code, MANAGER, paths.SUFFIX) in err
        assert compute.tree() == before
    if first:
        os.rename(path, path + paths.SUFFIX)
    else:
        os.unlink(path)
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    assert read(path) == (NEWER if first else u'VALUE = "nova compute/manager.py"\n') and kept(compute) == {}


@pytest.mark.parametrize('then', ['install', 'rollback', 'upgrade'])
def test_edits_of_our_own_files(node, then):
    node.add_nova(without=NOT_IN_LIBERTY)
    before = node.tree()
    node.run('install')
    edited = {FILTERS: EDITED + u'[Filters]\n', node.code + '/light_snapshot/engine/engine.py': EDITED, node.code + '/' + MANAGER: SHIM + EDITED}
    for path, text in edited.items():
        write(node.top + path, text)
    if then == 'upgrade':
        node.make_share(u'2.0')
        with open(node.share + '/overlay' + FILTERS, 'a') as stream:
            stream.write('# newer\n')
    code, out, err = node.run('rollback' if then == 'rollback' else 'install')
    assert code == 0, err
    assert sorted(kept(node).values()) == sorted(edited.values())
    for path in edited:
        line, = [line for line in notes(out) if '%s was not as light-snapshot put it there' % path in line]
        found = re.search(r'kept as (/var/backups/light-snapshot%s\.[0-9a-f]{12}), and (.*) is in its place$' % re.escape(path), line)
        assert found.group(1) in kept(node)
        assert found.group(2) == ("the package's version" if then != 'rollback' else "nova's own file" if path.endswith(MANAGER) else 'nothing')
    # No service reads what is kept as if it were in force.
    assert os.listdir(node.top + '/etc/nova/rootwrap.d') == ['light-snapshot.filters'] if then != 'rollback' else True
    if then != 'rollback':
        assert node.run('verify')[0] == 0
        # A second edit goes beside the first.
        write(node.top + FILTERS, EDITED + u'again\n')
        assert node.run('rollback')[0] == 0
        assert len(kept(node)) == len(edited) + 1
    assert dict((path, facts) for path, facts in node.tree().items() if not path.startswith('/var/backups')) == dict(
        (path, facts) for path, facts in before.items() if not path.startswith('/var/backups'))


def test_shim_without_its_first_line_is_ours(compute):
    compute.run('install')
    text = u'import light_snapshot  # what is left of the shim\n'
    write(compute.at(MANAGER), text)
    assert compute.run('install')[0] == 0
    assert list(kept(compute).values()) == [text] and 'nova compute' in read(compute.at(MANAGER) + paths.SUFFIX)


def test_nothing_is_kept_of_what_nobody_edited(compute):
    before = compute.tree()
    compute.run('install')
    compute.make_share(u'2.0')
    os.unlink(compute.share + '/overlay/dist-packages/light_snapshot/osc/__init__.py')
    assert 'kept as' not in compute.run('install')[1]
    compute.make_share(u'3.0')
    assert 'kept as' not in compute.run('rollback')[1]
    assert compute.tree() == before


def test_edit_of_a_file_that_no_record_knows(compute):
    compute.run('install')
    path = compute.at('light_snapshot/engine/engine.py')
    write(path, EDITED)
    os.unlink(compute.top + paths.STATE_FILE)
    code, out, _err = compute.run('rollback')
    assert code == 0 and not os.path.exists(path)
    assert list(kept(compute).values()) == [EDITED] and len(notes(out)) == 1


def test_shim_that_somebody_removed_comes_back(compute):
    compute.run('install')
    os.unlink(compute.at(MANAGER))
    assert compute.run('install')[0] == 0
    assert read(compute.at(MANAGER)) == SHIM and compute.run('verify')[0] == 0


SCENARIOS = [('pip', 'install'), ('pip', 'rollback'), ('edited', 'install'), ('edited', 'rollback')]


@pytest.fixture
def touched(tmp_path, request):
    """A node where an older version of ours is in place, and somebody wrote where our files are."""
    node = CrashNode(str(tmp_path / 'node')).build()
    crashes.well(node, 'install')
    if request.param == 'pip':
        pip_upgrades(node)
    else:
        write(node.at('light_snapshot/engine/engine.py'), EDITED)
        write(node.at(MANAGER), SHIM + EDITED)
    node.upgrade_package()
    return node


@pytest.mark.parametrize('kind', [crashes.KILL, crashes.POWER])
@pytest.mark.parametrize('touched,verb', SCENARIOS, indirect=['touched'])
def test_cut_off(touched, tmp_path, verb, kind):
    """Where an old version of ours is overwritten, it is not taken for an edit after the record names the new one."""
    bare = [u'VALUE = "nova compute/manager.py"\n', NEWER] if NEWER in read(touched.at(MANAGER)) else [EDITED, SHIM + EDITED]
    whole = touched.copy(str(tmp_path / 'whole'))
    code, acts, text = crashes.perform(whole, (verb,), kind)
    assert code == 0, text
    wanted = crash_checks.normal(whole.tree(), (1600000000, 1650000000))
    assert sorted(kept(whole).values()) == (bare[:1] if NEWER in bare else sorted(bare))
    every = range(1, acts + 1)
    chosen = every if POINTS == 'all' else [every[acts * number // int(POINTS)] for number in range(int(POINTS))]
    for at in chosen:
        node = touched.copy(str(tmp_path / 'cut'))
        assert crashes.perform(node, (verb,), kind, at)[0] == crashes.CUT
        # A link of the node's leads to a file of this machine.
        there = [open(path, 'rb').read() for path in crash_checks.walk(node.top)
                 if not path.startswith((node.top + '/proc', node.top + '/share')) and not os.path.islink(path)]
        assert [text for text in bare if text.encode('utf-8') not in there] == [], 'before act %d' % at
        code, _acts, text = crashes.perform(node, (verb,))
        assert code == 0, 'before act %d: %s' % (at, text)
        found = crash_checks.normal(node.tree(), (1600000000, 1650000000))
        assert found == wanted, 'before act %d: %s' % (at, crash_checks.differences(found, wanted))
        shutil.rmtree(node.top)
