"""python3 -m testbed.demo [--installed]: the main job on a real cloud, proved by the bytes that the guest reads.

Ends at the first wrong byte, with exit code 1. A testbed that was down before is stopped again at the end (KEEP=1 in
the environment leaves it up). With --installed (debian/tests/demo) the package is the one that is installed, and it stays.
"""

import argparse

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from . import install, shell, updown
from .cloud import Cloud, CloudError
from .guestctl import Guest

TOP = Path(__file__).resolve().parent.parent
PACKAGES = ['python3-nova', 'nova-api', 'nova-common', 'nova-compute', 'nova-conductor', 'python3-django-horizon',
            'openstack-dashboard', 'openstack-dashboard-apache']
OURS = ('light_snapshot_enabled', 'snapshot_store', 'snapshot_daily')
COMMAND_TIMEOUT = 600


class WrongBytes(Exception):
    """The guest does not see what it has to see."""


class Steps:
    """Prints each step with its seconds, and remembers them for the table at the end."""

    def __init__(self):
        self.began = time.monotonic()
        self.taken = {}

    @contextlib.contextmanager
    def step(self, text, key=None):
        print('[%6.1f s] %s ...' % (time.monotonic() - self.began, text), flush=True)
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        if key:
            self.taken[key] = seconds
        print('           done in %.2f s' % seconds, flush=True)

    @staticmethod
    def say(text):
        print('           %s' % text, flush=True)


def command(*words, check=True, leave_out=None):
    """Run a command, its output indented (lines that begin with `leave_out` are not shown); its exit code and output."""
    done = subprocess.run([str(word) for word in words], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=COMMAND_TIMEOUT)
    for line in done.stdout.splitlines():
        if leave_out and line.startswith(leave_out):
            continue
        print('           | ' + line, flush=True)
    if check and done.returncode:
        raise shell.TestbedError('%s ended with exit code %d' % (' '.join(map(str, words)), done.returncode))
    return done.returncode, done.stdout


def quiet(*words):
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True).stdout


class Story:
    """One server, and what its guest has to read at each point."""

    def __init__(self, steps):
        self.steps, self.cloud = steps, Cloud.of('demo')
        self.uuid = self.guest = None
        self.sums = {}

    # ---- small parts

    def light(self, action, options=None):
        """One of our actions, until it is done."""
        seconds = self.cloud.act(self.uuid, {action: options}, status='ACTIVE')
        newest = self.cloud.must('compute', 'GET', '/servers/%s/os-instance-actions' % self.uuid)['instanceActions'][0]
        if newest['message']:
            raise shell.TestbedError('%s failed: see `openstack server event list %s`' % (action, self.uuid))
        return seconds

    def write(self, name, mib=8):
        self.sums[name] = self.guest.write('/var/' + name, mib, name)
        self.guest.sync()
        self.steps.say('/var/%-6s %3d MiB  sha256 %s' % (name, mib, self.sums[name]))

    def expect(self, present, absent=()):
        """Compare what the guest reads from its disk with what the host knows it wrote."""
        self.guest.drop_caches()
        for name in present:
            seen = self.guest.sha256('/var/' + name) if self.guest.exists('/var/' + name) else 'no such file'
            self.steps.say('/var/%-6s sha256 %s  %s' % (name, seen, 'right' if seen == self.sums[name] else 'WRONG'))
            if seen != self.sums[name]:
                raise WrongBytes('/var/%s: the guest reads %s, and it has to be %s' % (name, seen, self.sums[name]))
        for name in absent:
            if self.guest.exists('/var/' + name):
                raise WrongBytes('/var/%s is there, and was written after this restore point' % name)
            self.steps.say('/var/%-6s is not there yet at this point: right' % name)
        self.steps.say('%d numbered records, each with a right checksum' % self.guest.records())

    def listing(self):
        print('           index parent state consistency       size  name', flush=True)
        answer = self.cloud.must('compute', 'GET', '/servers/%s/light-snapshots' % self.uuid)
        for point in answer['light_snapshots']:
            self.steps.say('%5d %6s %-5s %-16s %8d  %s%s' % (
                point['index'], '-' if point['parent'] is None else point['parent'], point['state'],
                point['consistency'], point['size'], point['name'] or point['description'],
                '   <- you are here' if point['current'] else ''))

    # ---- the story

    def boot(self):
        with self.steps.step('boot a server as the user demo'):
            self.uuid = self.cloud.create_server('light-snapshot-demo', flavor='m1.tiny')
            self.guest = Guest(self.uuid)
            self.guest.wait_up()
            self.write('zero')

    def image(self):
        with self.steps.step('for comparison: openstack server image create on this server', 'image'):
            location = self.cloud.action(self.uuid, {'createImage': {'name': 'demo-image'}})
            if location.status != 202:
                raise shell.TestbedError('createImage: %r' % location)
            image = location.body['image_id']
            wanted = shell.poll(lambda: self.cloud.must('image', 'GET', '/v2/images/' + image)['status'] == 'active',
                                300, 0.2)
            if not wanted:
                raise shell.TestbedError('the image did not become active within 300 s')
            self.cloud.wait_server(self.uuid, 'ACTIVE')
        self.cloud.must('image', 'DELETE', '/v2/images/' + image)

    def snapshots(self):
        with self.steps.step('enable light snapshots, with store', 'enable'):
            self.light('enableSnapshot', {'store': True})
        for number in (1, 2, 3):
            self.write('file%d' % number)
            with self.steps.step('light snapshot %d, the guest running and writing' % number, 'snapshot %d' % number):
                self.light('createSnapshot', {'name': 'snapshot %d' % number})
        self.listing()

    def recover(self, text, options, present, absent, key):
        with self.steps.step(text, key):
            self.light('recoverInstance', options)
        with self.steps.step('the guest boots'):
            self.guest.wait_up()
        self.expect(present, absent)

    def destroy_and_recover(self):
        with self.steps.step('the guest destroys the data of its own file system'):
            self.guest.corrupt()
        self.recover('recover to the last snapshot', None, ['zero', 'file1', 'file2', 'file3'], [], 'recover last')
        self.recover('recover to index 1', {'snap_index': 1}, ['zero', 'file1'], ['file2', 'file3'], 'recover index')
        self.recover('recover to index 3: nothing of the history was lost', {'snap_index': 3},
                     ['zero', 'file1', 'file2', 'file3'], [], None)
        self.write('file4')
        with self.steps.step('light snapshot'):
            self.light('createSnapshot', {'name': 'snapshot 4'})
        self.recover('recover to the root disk', {'use_root': True}, ['zero', 'file1', 'file2', 'file3'], ['file4'],
                     'recover root')
        self.listing()

    def nova_goes_on(self):
        with self.steps.step('hard reboot', 'hard reboot'):
            self.cloud.act(self.uuid, {'reboot': {'type': 'HARD'}})
        self.guest.wait_up()
        self.expect(['zero', 'file1', 'file2', 'file3'])
        with self.steps.step('resize to a larger flavor, and confirm'):
            self.cloud.act(self.uuid, {'resize': {'flavorRef': self.cloud.flavor_id('m1.small')}}, status='VERIFY_RESIZE')
            self.guest.wait_up()
            self.cloud.act(self.uuid, {'confirmResize': None})
        self.expect(['zero', 'file1', 'file2', 'file3'])
        self.recover('the history came along: recover to index 2', {'snap_index': 2}, ['zero', 'file1', 'file2'],
                     ['file3'], None)

    def disable(self):
        with self.steps.step('disable: everything is committed to the root disk, the guest running'):
            self.light('disableSnapshot')
        self.expect(['zero', 'file1', 'file2'], ['file3'])

    def untouched(self, before):
        """After the rollback: packages, diversions, API and server are nova's own again."""
        if quiet('dpkg', '--verify', *PACKAGES) != before:
            raise shell.TestbedError('dpkg --verify differs from before: ' + quiet('dpkg', '--verify', *PACKAGES))
        if 'light-snapshot' in quiet('dpkg-divert', '--list'):
            raise shell.TestbedError('a diversion is left: ' + quiet('dpkg-divert', '--list', '*light-snapshot*'))
        body = self.cloud.server(self.uuid)
        answer = self.cloud.action(self.uuid, {'createSnapshot': None})
        if any(name in body for name in OURS) or answer.status != 400:
            raise shell.TestbedError('the API still answers for light-snapshot: %r' % answer)
        self.steps.say('dpkg --verify as before, no diversion left, the API is nova\'s own')
        with self.steps.step('hard reboot by the untouched nova'):
            self.cloud.act(self.uuid, {'reboot': {'type': 'HARD'}})
            self.guest.wait_up()
        self.expect(['zero', 'file1', 'file2'], ['file3'])


def newest_deb():
    return sorted((TOP / 'dist').glob('light-snapshot_*_all.deb'))[-1]


def tell(steps):
    """What the steps took, beside nova's own way."""
    print('\n%-44s %8s' % ('step', 'seconds'))
    names = (('image', 'nova: server image create'), ('enable', 'enable, with store'), ('snapshot 1', 'light snapshot 1'),
             ('snapshot 2', 'light snapshot 2'), ('snapshot 3', 'light snapshot 3'),
             ('recover last', 'recover to the last snapshot'), ('recover index', 'recover to index 1'),
             ('recover root', 'recover to the root disk'), ('hard reboot', 'nova: hard reboot'))
    for key, name in names:
        print('%-44s %8.2f' % (name, steps.taken[key]))
    snapshot = sorted(steps.taken['snapshot %d' % number] for number in (1, 2, 3))[1]
    print('\nimage create / light snapshot: %.1f    recover / hard reboot: %.2f' % (
        steps.taken['image'] / snapshot, steps.taken['recover last'] / steps.taken['hard reboot']))


def verify(steps):
    with steps.step('light-snapshot verify'):
        command('light-snapshot', 'verify', leave_out='ok ')


def refused_rollback(steps, story):
    """A server has layers: the package cannot go."""
    with steps.step('rollback, too early: it has to refuse, naming the server'):
        code, text = command('light-snapshot', 'rollback', check=False)
        if code == 0 or story.uuid not in text:
            raise shell.TestbedError('a rollback under live layers was not refused')
    verify(steps)


def run_installed(steps):
    """The story with the package that is installed; after it the cloud has no server, and the package is in place."""
    with steps.step('bring the testbed up (Debian 12\'s OpenStack Zed on 127.0.0.1)'):
        updown.up()
    with steps.step('light-snapshot install (nova has its database now)'):
        command('light-snapshot', 'install')
    verify(steps)
    with story_of(steps) as story:
        story.disable()
    verify(steps)
    tell(steps)


@contextlib.contextmanager
def story_of(steps):
    """Run the story until the server is about to be disabled; whatever happens, its server goes at the end."""
    story = Story(steps)
    try:
        story.boot()
        story.image()
        story.snapshots()
        story.destroy_and_recover()
        story.nova_goes_on()
        refused_rollback(steps, story)
        yield story
    finally:
        if story.uuid:
            story.cloud.delete_server(story.uuid)


def run(steps):
    with steps.step('build the package'):
        command('tools/build-deb', 'dist')
    with steps.step('bring the testbed up (Debian 12\'s OpenStack Zed on 127.0.0.1)'):
        updown.up()
    if quiet('dpkg-query', '-W', '-f', '${db:Status-Status}', 'light-snapshot') == 'installed':
        with steps.step('an earlier light-snapshot is installed: remove it first'):
            command('dpkg', '--purge', 'light-snapshot', leave_out='(Reading')
    before = quiet('dpkg', '--verify', *PACKAGES)
    with steps.step('dpkg -i on the running cloud'):
        command('dpkg', '-i', newest_deb(), leave_out='(Reading')
    if install.POLICY.exists():
        # Containers forbid packages to restart services; the package then says that this is the next step.
        with steps.step('light-snapshot install (policy-rc.d does not let dpkg restart services here)'):
            command('light-snapshot', 'install')
    verify(steps)
    with story_of(steps) as story:
        story.disable()
        with steps.step('rollback'):
            command('light-snapshot', 'rollback')
        story.untouched(before)
        with steps.step('purge'):
            command('dpkg', '--purge', 'light-snapshot', leave_out='(Reading')
    tell(steps)


def main():
    parser = argparse.ArgumentParser(prog='python3 -m testbed.demo', description='The main job on a real cloud.')
    parser.add_argument('--installed', action='store_true', help='use the package that is installed, and leave it there')
    installed = parser.parse_args().installed
    if os.geteuid() != 0:
        print('must be run as root', file=sys.stderr)
        return 2
    was_up = any(row['ours'] and row['serving'] for row in updown.status())
    steps = Steps()
    try:
        (run_installed if installed else run)(steps)
        print('\nEvery byte was right. %.0f s' % (time.monotonic() - steps.began))
        return 0
    except WrongBytes as error:
        print('\nWRONG BYTES: %s' % error, file=sys.stderr)
    except (shell.TestbedError, CloudError) as error:
        print('\nFAILED: %s' % error, file=sys.stderr)
    finally:
        if not was_up and not os.environ.get('KEEP'):
            updown.down()
    return 1


if __name__ == '__main__':
    sys.exit(main())
