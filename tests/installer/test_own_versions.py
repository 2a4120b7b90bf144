"""Packages built from earlier commits of this repository, in a Liberty root: forth to this one with the real dpkg, back, and forth again."""
import os
import subprocess
import sys

import pytest

from installer_fakes import TREE, write
from liberty_root import CODE, LibertyRoot

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='the packages are built once, by the CPython 3 run')

#: (version that it gets here, commit): the last two that dpkg's triggers were not in. (Older ones took processes outside of a root for its own.)
PAST = (('0.0.8', '9e70ff5'), ('0.0.9', 'e107fde'))
LIVE = u'{"live": [{"index": 1}], "root": {"file": "disk"}, "job": null}'


def git(*argv):
    """Run git in this tree."""
    return subprocess.run(['git', '-c', 'safe.directory=*'] + list(argv), cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def past(work, version, commit):
    """The package of that commit, as that version."""
    tree, unpacked = os.path.join(work, 'tree'), os.path.join(work, 'unpacked')
    os.makedirs(tree)
    subprocess.run(['tar', '-x', '-C', tree], input=git('archive', commit).stdout, check=True)
    built = subprocess.check_output([tree + '/tools/build-deb', work], universal_newlines=True).strip()
    subprocess.check_call(['dpkg-deb', '-R', built, unpacked])
    with open(unpacked + '/DEBIAN/control') as stream:
        control = stream.read().replace('\nVersion: 0.1.0\n', '\nVersion: %s\n' % version)
    for path, text in (('/DEBIAN/control', control), ('/usr/share/light-snapshot/version', version + '\n')):
        with open(unpacked + path, 'w') as stream:
            stream.write(text)
    old = os.path.join(work, 'light-snapshot_%s_all.deb' % version)
    subprocess.check_call(['dpkg-deb', '-Zgzip', '-b', unpacked, old], stdout=subprocess.DEVNULL)
    return old


def well(answer):
    """The output of a program that has to succeed."""
    output, code = answer
    assert code == 0, output
    return output


def diverted(root):
    """What dpkg says that we divert."""
    return sorted(line for line in well(root.chroot('/usr/bin/dpkg-divert', '--list')).splitlines() if 'by light-snapshot' in line)


@pytest.mark.parametrize('version,commit', PAST)
def test_forth_and_back(deb, tmp_path, version, commit):
    if git('cat-file', '-e', commit).returncode:
        pytest.skip('this copy of the repository does not reach back to %s' % commit)
    old = past(str(tmp_path / 'past'), version, commit)
    root = LibertyRoot(str(tmp_path / 'root'))
    root.make()
    root.add_openstack(str(tmp_path), 'sysv', dashboard=False)
    # A removal would be refused now; neither an upgrade nor a way back may need one.
    write(root.at('/var/lib/nova/instances/11111111-2222-3333-4444-555555555555/light-snapshot.json'), LIVE)
    well(root.dpkg('-i', old))
    seen = {}
    for turn, package in enumerate((deb, old, deb)):
        shown = well(root.dpkg('-i', package))
        assert ('going back from 0.1.0 to %s' % version in shown) == (package == old)
        assert 'all is well' in well(root.chroot('/usr/sbin/light-snapshot', 'verify'))
        files = sorted(os.path.relpath(os.path.join(top, leaf), root.at(CODE)) for top, _names, leaves in os.walk(root.at(CODE))
                       for leaf in leaves if not leaf.endswith('.pyc'))
        # The same each time: nothing of the other version stays.
        assert seen.setdefault(package, (files, diverted(root))) == (files, diverted(root)), turn
