"""A node that runs in a root directory: its own processes, network, mounts and name; what runs there ends with it.

Nothing of it can be seen by, or touch, the services of the machine that runs the test.
"""
import os
import signal
import subprocess
import tempfile
import time

HOST = 'upgrades'
PATH = '/usr/sbin:/usr/bin:/sbin:/bin'
#: Where the node finds the test's own packages.
REPOSITORY = '/srv/repository'
#: The first process: what a daemon leaves behind becomes its child.
FIRST = ('import os, time\nprint(flush=True)\nwhile True:\n    try:\n        os.wait()\n'
         '    except ChildProcessError:\n        time.sleep(0.05)\n')
MOUNTS = '''
ip link set lo up
hostname "$HOST"
if [ -n "$LAYER" ]; then
    mount -t overlay overlay -o "lowerdir=$LOWER,upperdir=$LAYER/upper,workdir=$LAYER/work" "$TOP"
fi
mount -t proc proc "$TOP/proc"
mount -t sysfs sysfs "$TOP/sys"
mount -t tmpfs -o mode=755 none "$TOP/dev"
for name in null zero full random urandom tty; do
    touch "$TOP/dev/$name"
    mount --bind "/dev/$name" "$TOP/dev/$name"
done
mkdir "$TOP/dev/shm" "$TOP/dev/pts"
mount -t tmpfs -o mode=1777 none "$TOP/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 none "$TOP/dev/pts"
ln -s pts/ptmx "$TOP/dev/ptmx"
ln -s /proc/self/fd "$TOP/dev/fd"
mount -t tmpfs -o mode=755 none "$TOP/run"
mkdir -p "$TOP/run/lock" "$TOP/srv/repository"
chmod 1777 "$TOP/run/lock"
if [ -n "$PACKAGES" ]; then
    mount --bind -o ro "$PACKAGES" "$TOP/srv/repository"
fi
exec chroot "$TOP" /usr/bin/python3 -c "$FIRST"
'''


class Node:
    """The node whose `/` is `top`; with `work`, a layer over it in that directory, and `top` stays as it is.

    `packages`: a directory of this machine that it sees at REPOSITORY. A context manager: it runs within the `with`.
    """

    def __init__(self, top, work=None, packages=''):
        self.packages, self.lower, self.work, self.top = packages, top, work, top
        if work:
            self.top = os.path.join(work, 'root')
            for name in ('root', 'upper', 'work'):
                os.makedirs(os.path.join(work, name), exist_ok=True)
        self._holder = self.first = None

    def __enter__(self):
        environment = {'PATH': PATH, 'HOST': HOST, 'TOP': self.top, 'LOWER': self.lower, 'LAYER': self.work or '', 'FIRST': FIRST,
                       'PACKAGES': self.packages}
        self._holder = subprocess.Popen(
            ['unshare', '--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '--propagation=private',
             'sh', '-euc', MOUNTS], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if not self._holder.stdout.readline():
            raise RuntimeError('the node in %s did not start' % self.top)
        with open('/proc/%d/task/%d/children' % (self._holder.pid, self._holder.pid)) as stream:
            self.first = int(stream.read().split()[0])
        return self

    def __exit__(self, *_exc):
        # The kernel ends all that runs there with the first process, and nobody else has its mounts.
        os.kill(self.first, signal.SIGKILL)
        self._holder.wait()
        self._holder.stdout.close()

    def at(self, path):
        """The path of this machine for a path of the node, while it runs."""
        return '/proc/%d/root%s' % (self.first, path)

    def command(self, argv):
        """What to run on this machine so that `argv` runs on the node."""
        return ['nsenter', '--target', str(self.first), '--mount', '--pid', '--net', '--ipc', '--uts', '--root', '--wdns=/'] + list(argv)

    def run(self, *argv, text=None):
        """Run a program there; (output of both streams, exit code)."""
        with tempfile.TemporaryFile('w+') as output:
            # A file and not a pipe: daemons keep it open.
            child = subprocess.run(self.command(argv), input=text, stdout=output, stderr=subprocess.STDOUT, text=True, env={
                'PATH': PATH, 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive', 'HOME': '/root'},
                **({} if text is not None else {'stdin': subprocess.DEVNULL}))
            output.seek(0)
            return output.read(), child.returncode

    def well(self, *argv, text=None):
        """The output of a program that has to succeed."""
        output, code = self.run(*argv, text=text)
        assert code == 0, '%s: exit code %d\n%s' % (' '.join(argv), code, output)
        return output

    def sql(self, text):
        """Rows of MariaDB's answer, as lists of strings."""
        return [line.split('\t') for line in self.well('mariadb', '-u', 'root', '-N', '-B', text=text).splitlines()]

    def read(self, path):
        """A text file of the node's."""
        with open(self.at(path)) as stream:
            return stream.read()

    def wait(self, what, question, seconds=90):
        """Ask until the answer is true. Raises AssertionError naming `what`."""
        end = time.monotonic() + seconds
        while not question():
            assert time.monotonic() < end, '%s: not within %d s' % (what, seconds)
            time.sleep(0.2)
