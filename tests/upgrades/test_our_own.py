"""Our own package: back to what was built from earlier commits of this repository, and forth again, on the node of test_nova.py."""
import os
import subprocess

import pytest

from tests.upgrades import base, cloud, judge, rebuilt

pytestmark = pytest.mark.usefixtures('judged')

#: Of the past: (version that it gets here, commit). The second is the first that loads all of its code at nova-compute's start: what
#: was built before takes some modules from the package that replaces it, and is judged to run code of two versions.
PAST = (('0.0.9', '7448a89'), ('0.0.8', 'd047095'))
COLUMNS = ['light_snapshot_enable', 'root_index', 'snapshot_committed', 'snapshot_daily', 'snapshot_index', 'snapshot_store']


def git(*argv):
    """Run git in this tree."""
    return subprocess.run(['git', '-c', 'safe.directory=*', *argv], cwd=cloud.TREE, capture_output=True)


def past(version, commit):
    """The package of a commit, as that version; each of its Python files carries the commit as its mark."""
    place = os.path.join(base.PLACE, 'past', commit)
    if not os.path.isdir(place):
        archive = git('archive', commit)
        assert archive.returncode == 0, archive.stderr
        os.makedirs(place + '.new/tree', exist_ok=True)
        subprocess.run(['tar', '-x', '-C', place + '.new/tree'], input=archive.stdout, check=True)
        subprocess.run([place + '.new/tree/tools/build-deb', place + '.new'], check=True, stdout=subprocess.DEVNULL)
        os.rename(place + '.new', place)
    built = [name for name in os.listdir(place) if name.endswith('.deb')]

    def named(tree):
        base.write(tree, '/usr/share/light-snapshot/version', version + '\n')
    return rebuilt.again(os.path.join(place, built[0]), version, commit, edit=named)


def columns(here):
    """Ours in the cell's table."""
    return sorted(row[0] for row in here.sql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'nova' AND "
                                             "table_name = 'instances'") if row[0] in COLUMNS)


def diverted(here):
    """What dpkg says that we divert."""
    return sorted(line for line in here.well('dpkg-divert', '--list').splitlines() if 'light-snapshot' in line)


@pytest.mark.parametrize('version,commit', PAST)
def test_back_and_forth(here, ours, version, commit):
    if git('cat-file', '-e', commit).returncode:
        pytest.skip('this copy of the repository does not reach back to %s' % commit)
    present = here.version('light-snapshot')
    here.stage(past(version, commit), ours)
    before, pids = diverted(here), here.pids('nova-compute')
    said = here.apt('install', '--allow-downgrades', 'light-snapshot=' + version)
    assert 'going back from %s to %s' % (present, version) in said
    here.serving()
    assert here.version('light-snapshot') == version and not set(pids) & set(here.pids('nova-compute'))
    here.verify()
    assert columns(here) == COLUMNS
    assert list(judge.latest(here.watched(), 'nova-compute').marks('light_snapshot/')) == [commit]

    pids = here.pids('nova-compute')
    here.apt('install', 'light-snapshot=' + present)
    here.serving()
    assert not set(pids) & set(here.pids('nova-compute'))
    here.verify()
    assert columns(here) == COLUMNS and diverted(here) == before
