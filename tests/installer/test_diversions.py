"""dpkg's diversions: what is asked of dpkg-divert, and how often. CPython 2.7 and 3.11."""
import subprocess

import pytest

from installer_fakes import SHIMS
from light_snapshot_installer import diversions, errors, paths, run


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
