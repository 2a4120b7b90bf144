"""docs/repository.md: its own commands make a repository from which apt takes the package, and no other bytes."""
import os
import re
import shutil
import subprocess
import sys

import pytest

from installer_fakes import TREE, write

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='the package is built once, by the CPython 3 run')


def blocks():
    """The commands of the page, by heading."""
    with open(os.path.join(TREE, 'docs', 'repository.md'), encoding='utf-8') as stream:
        parts = re.split(r'^## (.*)$', stream.read(), flags=re.M)
    return dict((heading, re.search(r'^```\n(.*?)^```', text, re.M | re.S).group(1))
                for heading, text in zip(parts[1::2], parts[2::2]) if '```' in text)


@pytest.fixture
def published(deb, tmp_path):
    """A directory with the repository; what publishing takes stays below it."""
    home = tmp_path / 'gnupg'
    home.mkdir(mode=0o700)
    (tmp_path / 'dist').mkdir()
    shutil.copy(deb, str(tmp_path / 'dist'))
    environment = dict(os.environ, GNUPGHOME=str(home))
    # A key without a passphrase: nobody is there to type one.
    first = blocks()['Once: a key'].replace('gpg --quick-generate-key', "gpg --batch --passphrase '' --quick-generate-key")
    try:
        subprocess.check_call(['sh', '-ec', first + blocks()['For each version']], cwd=str(tmp_path), env=environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        subprocess.call(['gpgconf', '--kill', 'gpg-agent'], env=environment)
    return tmp_path


def apt(top, *argv):
    """apt-get on lists, sources and a cache of its own; (exit code, output)."""
    for name in ('lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d', 'etc/trusted.gpg.d'):
        os.makedirs(str(top / 'apt' / name), exist_ok=True)
    line = re.search(r"echo '(deb .*)'", blocks()['On each node']).group(1)
    line = line.replace('/usr/share/keyrings', str(top)).replace('https://repository.example.org/', 'file:%s/repository' % top)
    write(str(top / 'apt/etc/sources.list'), u'' + line + u'\n')
    options = ['Dir::Etc=%s/apt/etc' % top, 'Dir::State::lists=%s/apt/lists' % top, 'Dir::Cache=%s/apt/cache' % top,
               'Dir::State::status=/dev/null', 'APT::Sandbox::User=root', 'Debug::NoLocking=1']
    child = subprocess.run(['apt-get', '-q'] + [word for option in options for word in ('-o', option)] + list(argv),
                           cwd=str(top), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return child.returncode, child.stdout


def test_apt_takes_the_package(published, deb):
    code, said = apt(published, 'update')
    assert code == 0 and 'NO_PUBKEY' not in said, said
    code, said = apt(published, 'download', 'light-snapshot')
    assert code == 0, said
    got = published / os.path.basename(deb)
    assert got.read_bytes() == open(deb, 'rb').read()


def test_apt_refuses_what_nobody_signed(published):
    packages = published / 'repository/dists/stable/main/binary-all/Packages'
    packages.write_text(packages.read_text().replace('SHA256: ', 'SHA256: 0'))
    for name in ('all', 'amd64', 'arm64'):
        directory = published / 'repository/dists/stable/main' / ('binary-' + name)
        (directory / 'Packages').write_text(packages.read_text())
        (directory / 'Packages.gz').unlink()
    code, said = apt(published, 'update')
    assert code != 0 or 'Hash Sum mismatch' in said or 'unexpected size' in said, said
    assert apt(published, 'download', 'light-snapshot')[0] != 0


def test_apt_refuses_a_package_of_other_bytes(published, deb):
    assert apt(published, 'update')[0] == 0
    pool = published / 'repository/pool' / os.path.basename(deb)
    data = bytearray(pool.read_bytes())
    data[-10] ^= 1
    pool.write_bytes(bytes(data))
    code, said = apt(published, 'download', 'light-snapshot')
    assert code != 0 and 'Hash Sum mismatch' in said, said
