"""The .deb: what is in it, that lintian is silent, and that the same tree gives the same bytes."""
import hashlib
import os
import subprocess
import sys

import pytest

from installer_fakes import TREE

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='the package is built once, by the CPython 3 run')


def output(*argv):
    """What a program prints."""
    return subprocess.check_output(argv, universal_newlines=True)


@pytest.fixture(scope='module')
def unpacked(deb, tmp_path_factory):
    """Its files."""
    top = str(tmp_path_factory.mktemp('unpacked'))
    subprocess.check_call(['dpkg-deb', '-x', deb, top])
    return top


def digest(path):
    """The SHA-256 of a file."""
    with open(path, 'rb') as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def turkish(directory):
    """A directory of locales with one in which `i` has another capital letter, and numbers a comma."""
    subprocess.check_call(['localedef', '--no-archive', '-i', 'tr_TR', '-f', 'UTF-8', os.path.join(directory, 'tr_TR.UTF-8')])
    return directory


def test_same_bytes_elsewhere(deb, tmp_path):
    """Another copy of the tree, with other times and modes, in a longer path; another clock, time zone, locale, umask, home, PATH."""
    copy, out, locales = tmp_path / ('another-place-' + 'x' * 60) / 'tree', tmp_path / 'out', tmp_path / 'locales'
    locales.mkdir()
    subprocess.check_call(['sh', '-ec', 'umask 077; mkdir -p "$2"; cd "$1"; git -c safe.directory=* ls-files -z |'
                           ' xargs -0 cp --parents -t "$2"; chmod -R g-w,o= "$2"', 'sh', TREE, str(copy)])
    for directory, _names, leaves in os.walk(str(copy)):
        for leaf in leaves:
            os.utime(os.path.join(directory, leaf), (981173106, 981173106))
    environment = {'PATH': '/nowhere:' + os.environ['PATH'], 'TZ': 'Pacific/Kiritimati', 'HOME': str(tmp_path), 'USER': 'somebody',
                   'LOCPATH': turkish(str(locales)), 'LC_ALL': 'tr_TR.UTF-8', 'DEB_BUILD_OPTIONS': 'parallel=7', 'PYTHONHASHSEED': '77',
                   # The clock is another one; what is stored of files is read as it is.
                   'NO_FAKE_STAT': '1'}
    script = 'umask 077; exec faketime "2031-07-14 23:59:30" "$1" "$2"'
    again = subprocess.check_output(['sh', '-c', script, 'sh', str(copy / 'tools' / 'build-deb'), str(out)], env=environment,
                                    universal_newlines=True).strip()
    assert os.path.basename(again) == os.path.basename(deb)
    assert digest(again) == digest(deb)


def test_lintian_is_silent(deb):
    assert output('lintian', '--pedantic', '--fail-on', 'error,warning,pedantic', '--allow-root', deb) == ''


def test_members_that_the_dpkg_of_ubuntu_14_04_reads(deb):
    assert output('ar', 't', deb).split() == ['debian-binary', 'control.tar.gz', 'data.tar.xz']


def test_control(deb):
    assert output('dpkg-deb', '-f', deb, 'Architecture').strip() == 'all'
    depends = output('dpkg-deb', '-f', deb, 'Depends')
    assert 'python3 | python (>= 2.7)' in depends and 'python3-pymysql | python-pymysql' in depends


def test_scripts_are_posix_shell(deb, tmp_path, unpacked):
    subprocess.check_call(['dpkg-deb', '-e', deb, str(tmp_path)])
    scripts = [str(tmp_path / name) for name in ('config', 'postinst', 'prerm', 'postrm')]
    for script in scripts + [unpacked + '/usr/sbin/light-snapshot',
                             unpacked + '/usr/lib/light-snapshot/light-snapshot-act']:
        assert open(script).readline().strip() == '#!/bin/sh'
        subprocess.check_call(['dash', '-n', script])
    subprocess.check_call(['dash', '-n', unpacked + '/usr/share/light-snapshot/installer/python.sh'])
    # 2119: debconf's functions take words or none.
    subprocess.check_call(['shellcheck', '-x', '-s', 'sh', '-e', 'SC2119'] + scripts)
    # Nothing that debhelper adds asks for a helper that Ubuntu 14.04 has not.
    text = ''.join(open(script).read() for script in scripts)
    assert not [word for word in ('deb-systemd', 'systemctl', 'py3compile', 'pycompile', 'maintscript') if word in text]


def test_payload(unpacked):
    share = unpacked + '/usr/share/light-snapshot'
    assert sorted(os.listdir(share)) == ['installer', 'overlay', 'sql', 'version']
    for directory, names, leaves in os.walk(unpacked):
        assert '__pycache__' not in names
        for leaf in leaves:
            path = os.path.join(directory, leaf)
            assert not leaf.endswith(('.pyc', '.pyo', '.po', '.pot'))
            program = path.endswith(('sbin/light-snapshot', 'light-snapshot-act'))
            assert os.stat(path).st_mode & 0o777 == (0o755 if program else 0o644), path
    metadata = share + '/overlay/dist-packages/light_snapshot.egg-info'
    with open(share + '/version') as stream:
        version = stream.read().strip()
    with open(metadata + '/PKG-INFO') as stream:
        assert '\nVersion: %s\n' % version in stream.read()
    if os.path.exists(os.path.join(TREE, 'overlay/dist-packages/light_snapshot.egg-info/entry_points.txt')):
        with open(metadata + '/entry_points.txt') as stream:
            assert 'light_snapshot.osc' in stream.read()


def test_tests_for_autopkgtest():
    """Each is there and may be run; the one that brings a cloud up names all that this takes, which apt cannot ask Python for."""
    from debian import deb822
    from testbed import packages
    directory = os.path.join(TREE, 'debian', 'tests')
    with open(os.path.join(directory, 'control')) as stream:
        stanzas = dict((one['Tests'], one) for one in deb822.Deb822.iter_paragraphs(stream))
    assert sorted(stanzas) == sorted(name for name in os.listdir(directory) if name != 'control')
    for name, stanza in stanzas.items():
        assert os.access(os.path.join(directory, name), os.X_OK) and 'needs-root' in stanza['Restrictions']
    wanted = [word.strip() for word in stanzas['demo']['Depends'].split(',') if word.strip()]
    assert wanted == ['@'] + sorted(set(packages.STACK + packages.GUEST))
    assert 'isolation-machine' in stanzas['demo']['Restrictions']


def test_version_runs_from_the_package(unpacked):
    shown = output(sys.executable, '-B', unpacked + '/usr/share/light-snapshot/installer', '--version')
    assert shown.split()[0] == 'light-snapshot'


def rendered(page):
    """The text of a manual page."""
    process = subprocess.Popen(['man', '--warnings', '-l', page], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               universal_newlines=True, env=dict(os.environ, MANWIDTH='100', LC_ALL='C.UTF-8'))
    text, warnings = process.communicate()
    assert warnings == ''
    return text


def test_manual_page_renders_without_a_warning(unpacked):
    text = rendered(unpacked + '/usr/share/man/man8/light-snapshot.8.gz')
    for word in ('install', 'verify', 'rollback', 'status', 'doctor', '--drop-columns', '--dry-run', '--bundle', '--apparmor', '--root', '--python'):
        assert word in text


def test_manual_of_the_openstack_commands(unpacked):
    """It is what the classes of the commands say now (`make docs`), has every command, and renders."""
    with open(os.path.join(TREE, 'debian', 'light-snapshot-client.1')) as stream:
        assert stream.read() == output(sys.executable, '-B', os.path.join(TREE, 'tools', 'client-manual'), '-')
    text = ' '.join(rendered(unpacked + '/usr/share/man/man1/light-snapshot-client.1.gz').split())
    with open(os.path.join(TREE, 'overlay/dist-packages/light_snapshot.egg-info/entry_points.txt')) as stream:
        commands = [line.split(' = ')[0][len('server_light_snapshot_'):].replace('_', ' ') for line in stream
                    if line.startswith('server_light_snapshot_')]
    assert len(commands) == 19
    for command in commands:
        assert 'openstack server light snapshot %s ' % command in text, command
    # An example is typed as it is printed.
    assert 'openstack server light snapshot set --name "before upgrade" --description "database stopped" web 3' in text


@pytest.mark.parametrize('words,expected', [
    ('i', 'install'), ('--root /tmp ve', 'verify'), ('--root = /tmp ro', 'rollback'), ('--root /et', '/etc'),
    ('rollback --dro', '--drop-columns'), ('install --d', '--dry-run'), ('doctor --b', '--bundle'), ('--python /usr/bin/python3 --root /tmp status --j', '--json'),
])
def test_completion(words, expected):
    script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _light_snapshot; echo "${COMPREPLY[@]}"'
    shown = output('bash', '-c', script, 'bash', os.path.join(TREE, 'debian', 'light-snapshot.completion'),
                   'light-snapshot', *words.split())
    assert shown.split() == [expected]
