"""dpkg's diversions: what is asked of dpkg-divert, and how often. CPython 2.7 and 3.11."""
import os
import subprocess

import pytest

from installer_fakes import SHIM, SHIMS, write
from light_snapshot_installer import diversions, errors, paths, run
from test_doctor import answer


@pytest.fixture
def asked(monkeypatch):
    """The words of every run of dpkg-divert."""
    calls, real = [], run.run

    def note(argv, *rest, **keywords):
        if argv[0] == 'dpkg-divert':
            calls.append([word for word in argv if word in ('--list', '--help', '--add', '--remove')][0])
        return real(argv, *rest, **keywords)
    monkeypatch.setattr(diversions.run, 'run', note)
    return calls


def by_hand(node, *words):
    """An administrator's dpkg-divert."""
    subprocess.check_call(['dpkg-divert', '--root', node.top, '--quiet', '--no-rename'] + list(words))


def test_dpkg_is_asked_again_only_where_its_file_is_another_one(compute, asked):
    assert compute.run('install')[0] == 0
    assert asked.count('--add') == len(SHIMS)
    # Without a file of dpkg's nothing is kept: before the first diversion, and after it.
    assert asked.count('--list') <= 7
    del asked[:]
    assert compute.run('rollback')[0] == 0
    assert asked == ['--remove'] * len(SHIMS)


def test_what_another_program_did_to_them_is_seen(compute):
    assert compute.run('install')[0] == 0
    path = '%s/nova/%s' % (compute.code, SHIMS[0])
    assert path in diversions.ours(compute.root)
    by_hand(compute, '--package', paths.PACKAGE, '--divert', path + paths.SUFFIX, '--remove', path)
    assert sorted(diversions.ours(compute.root)) == sorted('%s/nova/%s' % (compute.code, name) for name in SHIMS[1:])
    code, out, _err = compute.run('verify')
    assert code == 1 and 'is not diverted' in out
    by_hand(compute, '--package', paths.PACKAGE, '--divert', path + paths.SUFFIX, '--add', path)
    assert path in diversions.ours(compute.root)


def lose(node, names=SHIMS):
    """As /var/lib/dpkg/diversions of a backup does."""
    for path in ['%s/nova/%s' % (node.code, name) for name in names]:
        by_hand(node, '--package', paths.PACKAGE, '--divert', path + paths.SUFFIX, '--remove', path)


@pytest.mark.parametrize('record,upgrade', [(True, False), (True, True), (False, False)])
def test_what_dpkg_has_lost_is_registered_anew(compute, record, upgrade):
    """nova's own file stays behind ours, with the record and without, also while a new version comes."""
    before = compute.tree()
    assert compute.run('install')[0] == 0
    diverted, tree = compute.diversions(), compute.tree()
    lose(compute)
    code, out, _err = compute.run('verify')
    assert code == 1 and out.count('is not diverted') == len(SHIMS)
    if not record:
        os.unlink(compute.top + paths.STATE_FILE)
    if upgrade:
        overlay = compute.share + '/overlay/dist-packages/nova/'
        for name in SHIMS:
            write(overlay + name, SHIM + u'NEWER = 1\n')
    code, _out, err = compute.run('install')
    assert code == 0, err
    assert compute.diversions() == diverted
    if not upgrade:
        assert sorted(compute.tree()) == sorted(tree)
    assert compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


def test_a_rollback_without_what_dpkg_has_lost(compute):
    before = compute.tree()
    assert compute.run('install')[0] == 0
    lose(compute)
    assert compute.run('rollback')[0] == 0
    assert compute.tree() == before


@pytest.mark.parametrize('packaged', [True, False])
def test_ours_is_never_taken_for_novas_own(compute, monkeypatch, packaged):
    answer(monkeypatch)
    assert compute.run('install')[0] == 0
    path = '%s/nova/%s' % (compute.code, SHIMS[0])
    if packaged:
        write(compute.top + '/var/lib/dpkg/status', u'Package: python3-nova\nStatus: install ok installed\nMaintainer: x\nArchitecture: all\n'
                                                    u'Version: 1\nDescription: x\n')
        write(compute.top + '/var/lib/dpkg/info/python3-nova.list', u'/.\n%s\n' % path)
    lose(compute, SHIMS[:1])
    os.unlink(compute.top + path + paths.SUFFIX)
    code, out, _err = compute.run('doctor')
    assert code == 1 and "nova's own file is missing" in out and '--reinstall' in out
    code, _out, err = compute.run('install')
    assert code == 1 and 'is gone' in err and ('--reinstall python3-nova;' if packaged else 'dpkg -S ' + path) in err
    assert not os.path.exists(compute.top + path + paths.SUFFIX)
    # What that brings back.
    write(compute.top + path, u'VALUE = "nova of the package"\n')
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0
    with open(compute.top + path + paths.SUFFIX) as stream:
        assert 'nova of the package' in stream.read()


@pytest.mark.parametrize('lost', [True, False])
def test_ours_in_the_place_of_novas_own(compute, monkeypatch, lost):
    """An earlier version linked it there."""
    answer(monkeypatch)
    assert compute.run('install')[0] == 0
    path = '%s/nova/%s' % (compute.code, SHIMS[0])
    os.unlink(compute.top + path + paths.SUFFIX)
    os.link(compute.top + path, compute.top + path + paths.SUFFIX)
    if lost:
        lose(compute, SHIMS[:1])
    code, out, _err = compute.run('verify')
    assert code == 1 and [line for line in out.splitlines() if line.startswith('FAIL') and "where nova's own has to be" in line]
    assert '--reinstall' in compute.run('doctor')[1]
    before = compute.tree()
    for verb in ('install', 'rollback'):
        code, _out, err = compute.run(verb)
        assert code == 3 and 'is one of ours' in err and '--reinstall' in err and 'Nothing was changed' in err
        assert compute.tree() == before
    # dpkg writes it where the diversion says.
    os.unlink(compute.top + path + paths.SUFFIX)
    write(compute.top + path + ('' if lost else paths.SUFFIX), u'VALUE = "nova of the package"\n')
    assert compute.run('install')[0] == 0 and compute.run('verify')[0] == 0
    assert compute.run('rollback')[0] == 0
    with open(compute.top + path) as stream:
        assert 'nova of the package' in stream.read()


def test_of_a_change_that_failed_nothing_is_taken_for_granted(compute, monkeypatch):
    assert compute.run('install')[0] == 0
    path = '%s/nova/%s' % (compute.code, SHIMS[0])
    real = run.run

    def failing(argv, *rest, **keywords):
        if '--remove' not in argv:
            return real(argv, *rest, **keywords)
        # It had done it when it failed.
        real(argv, *rest, **keywords)
        raise errors.CommandFailed(argv, 2, 'no space left')
    with monkeypatch.context() as patch:
        patch.setattr(diversions.run, 'run', failing)
        with pytest.raises(errors.CommandFailed):
            diversions.restore(compute.root, path)
    assert path not in diversions.ours(compute.root)


def test_a_rehearsal_leaves_what_is_known_as_it_is(compute):
    assert compute.run('install')[0] == 0
    before = diversions.ours(compute.root)
    rehearsed = compute.root.rehearsed()
    assert diversions.ours(rehearsed) == before
    diversions.restore(rehearsed, sorted(before)[0])
    assert len(diversions.ours(rehearsed)) == len(before) - 1
    assert diversions.ours(compute.root) == before


def test_a_roll_back_that_dpkg_ends_in_the_middle_says_so(compute, monkeypatch):
    """nova's own file is back in one place by then."""
    assert compute.run('install')[0] == 0
    real = run.run

    def fails(argv, *rest, **keywords):
        if '--remove' in argv:
            raise errors.CommandFailed(argv, 2, '')
        return real(argv, *rest, **keywords)
    with monkeypatch.context() as patch:
        patch.setattr(diversions.run, 'run', fails)
        code, _out, err = compute.run('rollback')
    assert code == 1 and 'dpkg-divert' in err and 'Nothing was changed' not in err
    assert 'state.json says how far it went' in err and 'run the same command again' in err
    assert compute.run('rollback')[0] == 0
    assert not diversions.ours(compute.root)
