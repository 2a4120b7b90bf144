"""The package's question: the real debconf with a database of its own, and the package's own scripts on a node in a directory."""
import os
import pty
import re
import select
import signal
import subprocess
import sys

import pytest

from installer_fakes import write
from test_apparmor import ALLOWED, DENIED

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='shell scripts, tested once, by the CPython 3 run')

QUESTION = 'light-snapshot/apparmor'
SYSTEMRC = u'''Config: own
Templates: templates

Name: own
Driver: File
Filename: %(top)s/config.dat

Name: templates
Driver: File
Filename: %(top)s/templates.dat
'''


class Debconf(object):
    """One node's debconf, and the package's scripts."""

    def __init__(self, deb, top):
        self.top, self.node = top, top + '/node'
        subprocess.check_call(['dpkg-deb', '-e', deb, top + '/control'])
        for name in ('config', 'templates', 'postinst', 'postrm'):
            with open('%s/control/%s' % (top, name)) as stream:
                text = stream.read()
            # The scripts' own words for a node's files, which are this machine's otherwise.
            text = re.sub(r'(^|[\s="\'(])(?=/(sys|etc|var|run|usr/lib/libvirt|usr/bin)/)', r'\1' + self.node, text) if name != 'templates' else text
            write('%s/info/light-snapshot.%s' % (top, name), text, 0o755)
        write(top + '/debconf.conf', SYSTEMRC % {'top': top})
        write(top + '/bin/light-snapshot', u'#!/bin/sh\n[ ! -e /proc/self/fd/3 ] && echo "$@" >> %s/asked\n' % top, 0o755)
        write(top + '/bin/apparmor_parser', u'#!/bin/sh\n', 0o755)
        write(self.node + '/sys/module/apparmor/parameters/enabled', u'Y\n')
        write(self.node + '/etc/apparmor.d/usr.sbin.libvirtd', u'')
        write(self.node + '/usr/bin/nova-compute', u'')
        self.helper(DENIED)

    def helper(self, text):
        write(self.node + '/usr/lib/libvirt/virt-aa-helper', text, 0o755)

    def environment(self, **more):
        return dict(os.environ, PATH=self.top + '/bin:' + os.environ['PATH'], DEBCONF_SYSTEMRC=self.top + '/debconf.conf', LC_ALL='C.UTF-8',
                    **dict({'DEBIAN_FRONTEND': 'noninteractive', 'DEBCONF_DEBUG': 'developer'}, **more))

    def _run(self, name, verb, **more):
        """In a session of its own: without a terminal."""
        process = subprocess.Popen(['/usr/share/debconf/frontend', '%s/info/light-snapshot.%s' % (self.top, name)] + verb, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment(**more), universal_newlines=True, start_new_session=True)
        said = process.communicate()[0]
        assert process.returncode == 0, said
        return said

    def configure(self, **more):
        """Run config and postinst as dpkg has debconf do it; (priorities at which the question was put, what the installer was asked)."""
        if os.path.exists(self.top + '/asked'):
            os.unlink(self.top + '/asked')
        said = self._run('postinst', ['configure', ''], **more)
        with open(self.top + '/asked') as stream:
            return re.findall(r'<-- INPUT (\w+) ' + QUESTION, said), stream.read().split()

    def abort_remove(self, phase):
        """Run postinst as dpkg does after a prerm that failed; (its exit code, what the installer was asked)."""
        if phase:
            write(self.node + '/var/lib/light-snapshot/state.json', u'{\n "format": 1,\n "phase": "%s",\n "version": "1"\n}\n' % phase)
        code = subprocess.call([self.top + '/info/light-snapshot.postinst', 'abort-remove'], env=self.environment())
        try:
            with open(self.top + '/asked') as stream:
                return code, stream.read().split()
        except IOError:
            return code, []

    def purge(self):
        return self._run('postrm', ['purge'])

    def select(self, value):
        """The operator says it before the package comes."""
        subprocess.run(['debconf-set-selections'], input='light-snapshot %s select %s\n' % (QUESTION, value), check=True, universal_newlines=True,
                       env=self.environment(DEBCONF_DEBUG=''))

    def chose(self, word):
        """What the installer records."""
        write(self.node + '/var/lib/light-snapshot/state.json', u'{\n "apparmor": {\n  "choice": "%s",\n  "links": []\n },\n "format": 1\n}\n' % word)

    def value(self):
        """What debconf has."""
        with open(self.top + '/config.dat') as stream:
            found = re.search(r'Name: %s\n.*?(?:Value: (\w*)\n)' % QUESTION, stream.read(), re.S)
        return found and found.group(1)


PLAIN = ['install', '--maintainer-script']


@pytest.fixture
def debconf(deb, tmp_path):
    """A compute host on which AppArmor runs and stands in the way, before the package comes."""
    return Debconf(deb, str(tmp_path))


def test_scripts_touch_the_test_alone(debconf):
    for name in ('config', 'postinst', 'postrm'):
        with open('%s/info/light-snapshot.%s' % (debconf.top, name)) as stream:
            text = stream.read().replace(debconf.node, 'NODE')
        left = [word for word in re.findall(r'(?<!NODE)(/(?:sys|etc|var|run|usr)/[^\s";]*)', text)]
        assert set(left) <= set(['/usr/share/debconf/confmodule', '/usr/share/doc/light-snapshot/installer.md.gz']), name


def test_nobody_there_to_ask(debconf):
    """It is asked, does not wait, and is no answer: the installer does the least, and says so."""
    assert debconf.configure() == (['high'], PLAIN)
    assert debconf.configure() == (['high'], PLAIN)


@pytest.mark.parametrize('word', ['keep', 'disable'])
def test_what_was_said_before(debconf, word):
    debconf.select(word)
    assert debconf.configure() == (['high'], PLAIN + ['--apparmor=' + word])


@pytest.mark.parametrize('remove', ['sys/module/apparmor/parameters/enabled', 'etc/apparmor.d/usr.sbin.libvirtd', 'usr/bin/nova-compute', None])
def test_not_asked_where_nothing_is_to_choose(debconf, remove):
    if remove:
        os.unlink(os.path.join(debconf.node, remove))
    else:
        debconf.helper(ALLOWED)
    assert debconf.configure() == ([], PLAIN)


def test_profile_that_the_operator_disabled(debconf):
    os.makedirs(debconf.node + '/etc/apparmor.d/disable')
    os.symlink('/etc/apparmor.d/usr.sbin.libvirtd', debconf.node + '/etc/apparmor.d/disable/usr.sbin.libvirtd')
    assert debconf.configure() == ([], PLAIN)


def test_nova_in_a_virtual_environment(debconf):
    os.unlink(debconf.node + '/usr/bin/nova-compute')
    write(debconf.top + '/venv/bin/nova-compute', u'')
    write(debconf.node + '/etc/default/light-snapshot', u'PYTHON="%s/venv/bin/python"\n' % debconf.top)
    assert debconf.configure() == (['high'], PLAIN)


@pytest.mark.parametrize('priority', ['high', 'low'])
def test_the_nodes_own_record_goes_before_debconfs_memory(debconf, priority):
    """What was chosen by hand, or by an older version, is never changed by an upgrade, even where every question is put."""
    debconf.select('disable')
    for word in ('keep', 'confine', 'disable'):
        debconf.chose(word)
        assert debconf.configure(DEBIAN_PRIORITY=priority) == (['low'], PLAIN + ['--apparmor=' + word])
        assert debconf.value() == word


def test_seeded_from_the_defaults_file(debconf):
    write(debconf.node + '/etc/default/light-snapshot', u"# mine\nAPPARMOR='keep'\n")
    assert debconf.configure() == (['low'], PLAIN)
    assert debconf.value() == 'keep'
    # The record is newer than what was written before the first installation.
    debconf.chose('confine')
    debconf.configure()
    assert debconf.value() == 'confine'
    # A word that is none is the installer's to refuse.
    os.unlink(debconf.node + '/var/lib/light-snapshot/state.json')
    write(debconf.node + '/etc/default/light-snapshot', u'APPARMOR=maybe\n')
    assert debconf.configure()[1] == PLAIN


def test_purge_forgets(debconf):
    debconf.select('keep')
    debconf.configure()
    with open(debconf.top + '/config.dat') as stream:
        assert QUESTION in stream.read()
    debconf.purge()
    for name in ('config', 'templates'):
        with open('%s/%s.dat' % (debconf.top, name)) as stream:
            assert 'light-snapshot' not in stream.read()


@pytest.mark.parametrize('phase,asked', [
    ('installed', []), ('rolled-back', []), ('', []), ('rolling-back', PLAIN + ['--removal-failed']),
    ('removed', PLAIN + ['--removal-failed']),
])
def test_a_removal_that_was_given_up(debconf, phase, asked):
    """Refused, it changed nothing; failed on its way, it took files off a node whose package stays."""
    assert debconf.abort_remove(phase) == (0, asked)


@pytest.mark.parametrize('code,expected', [(4, 0), (1, 1)])
def test_a_removal_that_was_given_up_and_files_that_do_not_come_back(debconf, code, expected):
    """Then dpkg counts the package as not configured, and tries again with `dpkg --configure -a`."""
    write(debconf.top + '/bin/light-snapshot', u'#!/bin/sh\nexit %d\n' % code, 0o755)
    assert debconf.abort_remove('rolling-back')[0] == expected


def heard(terminal, pattern):
    """Read until `pattern` was said; None: until the other end is gone."""
    said = b''
    while pattern is None or not re.search(pattern, said):
        assert select.select([terminal], [], [], 120)[0], said
        try:
            more = os.read(terminal, 4096)
        except OSError:
            more = b''
        if not more:
            assert pattern is None, said
            return
        said += more


def test_an_answer_at_a_terminal(debconf):
    """The operator reads the question and answers `keep`."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve('/usr/share/debconf/frontend', ['frontend', debconf.top + '/info/light-snapshot.postinst', 'configure', ''],
                  debconf.environment(DEBIAN_FRONTEND='readline', DEBCONF_DEBUG='', TERM='dumb', PERL_RL='Stub', LINES='60', COLUMNS='100'))
    try:
        heard(terminal, br'1\. disable +2\. keep\r?\n[^\n]*\? \Z')
        os.write(terminal, b'keep\n')
        heard(terminal, None)
    finally:
        os.kill(child, signal.SIGHUP)
    os.close(terminal)
    os.waitpid(child, 0)
    with open(debconf.top + '/asked') as stream:
        assert stream.read().split() == PLAIN + ['--apparmor=keep']


@pytest.mark.parametrize('frontend', ['dialog', 'readline', 'teletype'])
def test_no_terminal(debconf, frontend):
    """As from Ansible or cloud-init, which name no frontend: it neither waits nor takes an end of file for an answer."""
    assert debconf.configure(DEBIAN_FRONTEND=frontend, TERM='dumb') == (['high'], PLAIN)
