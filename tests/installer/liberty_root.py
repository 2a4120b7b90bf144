"""A root directory that looks like a node of OpenStack Liberty on Ubuntu 14.04, for the real `dpkg --root`.

CPython 2.7 is the only Python there, at /usr/bin/python2.7; nova, Horizon and their services are packages of fake
contents with the names and places of Ubuntu's. The init system's commands write down that they were called, and keep
real processes. Everything that happens in the root happens in a mount namespace of its own, which ends with it.
"""
import os
import shutil
import signal
import subprocess
import textwrap

from installer_fakes import NOT_IN_LIBERTY, TREE, add_nova_code, write

CODE = '/usr/lib/python2.7/dist-packages'
HORIZON = '/usr/share/openstack-dashboard'
CALLS = '/var/log/calls'
PIDS = '/var/log/pids'
SERVICES = ('nova-api', 'nova-compute', 'nova-conductor', 'nova-cert', 'nova-consoleauth', 'nova-scheduler',
            'nova-network', 'nova-novncproxy', 'libvirt-bin', 'apache2')
#: What our package depends on: the contents of the first two are put there otherwise, and debconf stays away, as in a small chroot.
DEPENDS = (('python', '2.7.5-5ubuntu3'), ('python-pymysql', '0.6.2-1~cloud0'), ('debconf', '1.5.51ubuntu2'))
#: Not needed to run anything; most of the library's size.
UNUSED = ('test', 'tests', 'idlelib', 'lib-tk', 'lib2to3', 'ensurepip', 'config', 'site-packages', 'dist-packages',
          'distutils', 'sqlite3', 'bsddb')
TOOLS = ('dash', 'sed', 'tail', 'cat', 'rm', 'find', 'sleep', 'env')

#: What both init systems' jobs do: start, stop or restart one service. The pid is the service's own: exec follows.
JOB = u'''\
#!/bin/sh
name=$2
if [ -s {pids}/$name ]; then
    kill -9 "$(cat {pids}/$name)"
    while kill -0 "$(cat {pids}/$name)" 2>/dev/null; do sleep 0.05; done
    rm {pids}/$name
fi
[ "$1" != stop ] || exit 0
case $name in
    apache2) program=/usr/sbin/apache2 ;;
    libvirt-bin) program=/usr/sbin/libvirtd ;;
    *) program="/usr/bin/python -B /usr/bin/$name --config-file=/etc/nova/nova.conf" ;;
esac
cd /
exec setsid sh -c "echo \\$\\$ > {pids}/$name; exec $program" > /dev/null 2>&1 &
while [ ! -s {pids}/$name ]; do sleep 0.05; done
'''.format(pids=PIDS)
#: Kills what it was called by, up to and with the program of the last word in /cut, at the call that the other two words name.
CUTS = u'''\
#!/bin/sh
[ -e /cut ] || exit 0
read word left last < /cut
case " $* " in *" $word "*) ;; *) exit 0 ;; esac
echo "$word $((left - 1)) $last" > /cut
[ "$left" -eq 1 ] || exit 0
pid=$PPID
while [ "$pid" -gt 1 ]; do
    read -r _ name _ parent _ < /proc/$pid/stat || exit 1
    all="$all $pid"
    if [ "$name" = "($last)" ]; then
        rm /cut
        kill -9 $all
        exit 1
    fi
    pid=$parent
done
'''
#: As Ubuntu 14.04's service(8) chooses.
SERVICE = u'''\
#!/bin/sh
/usr/lib/cut "$@"
echo "service $*" >> {calls}
if [ -e "/etc/init/$1.conf" ] && [ -x /sbin/initctl ]; then
    exec initctl "$2" "$1"
fi
exec env -i PATH="$PATH" "/etc/init.d/$1" "$2"
'''.format(calls=CALLS)
INITCTL = u'''\
#!/bin/sh
if [ "$1" = version ]; then
    echo 'init (upstart 1.12.1)'
    exit 0
fi
echo "initctl $*" >> {calls}
exec /usr/lib/job "$1" "$2"
'''.format(calls=CALLS)
SCRIPT = u'''\
#!/bin/sh
echo "/etc/init.d/%s $*" >> {calls}
exec /usr/lib/job "$1" %s
'''.format(calls=CALLS)
#: dpkg 1.17.5 knows neither --no-rename (which is what it does) nor --root, and says little of its options.
DIVERT = u'''\
#!/bin/sh
/usr/lib/cut "$@"
for word in "$@"; do
    case $word in
        --no-rename|--root|--root=*) echo "dpkg-divert: error: unknown option '$word'" >&2; exit 2 ;;
        --help) echo 'Usage: dpkg-divert [<option> ...] <command>'; exit 0 ;;
        --add|--remove) set -- --no-rename "$@"; break ;;
    esac
done
exec /usr/lib/dpkg-divert-of-today "$@"
'''
SLEEPS = u'#!/usr/bin/python -B\nimport time\ntime.sleep(3600)\n'
ANSWERS = textwrap.dedent(u'''\
    #!/usr/bin/python -B
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(300)
            self.send_header('Content-Length', '0')
            self.end_headers()
    HTTPServer.server_bind = lambda self: self.socket.bind(self.server_address)
    HTTPServer(('127.0.0.1', 0), Page).serve_forever()
    ''')


def libraries(*programs):
    """The shared libraries of programs and of other libraries, as absolute paths."""
    shown = subprocess.check_output(('ldd',) + programs, universal_newlines=True)
    words = [word for line in shown.splitlines() if not line.endswith(':') for word in line.split()]
    return set(word for word in words if word.startswith('/'))


def nova_code(tree):
    """The files of python-nova."""
    add_nova_code(tree + CODE, NOT_IN_LIBERTY, compiled=False)


class LibertyRoot(object):
    """The root: made once (`make`), copied for each test, and what is asked of it."""

    def __init__(self, top):
        self.top = top

    def at(self, path):
        """The path of this machine for a path of the node."""
        return self.top + path

    def make(self):
        """Programs, Python and dpkg's database; no OpenStack yet."""
        for name in ('bin', 'sbin', 'dev', 'proc', 'run', 'tmp', 'etc/init.d', 'etc/default', 'usr/bin', 'usr/sbin',
                     'usr/lib', 'var/log/pids', 'var/lib/dpkg/info', 'var/lib/dpkg/updates',
                     'var/lib/nova/instances', 'usr/lib/python2.7/site-packages', CODE[1:]):
            os.makedirs(self.at('/' + name))
        for name in ('status', 'available', 'diversions', 'statoverride'):
            write(self.at('/var/lib/dpkg/' + name), u'')
        for name in TOOLS:
            self._program(shutil.which(name), '/bin/' + name)
        os.symlink('dash', self.at('/bin/sh'))
        self._program(shutil.which('setsid'), '/usr/bin/setsid')
        self._program(shutil.which('dpkg-divert'), '/usr/lib/dpkg-divert-of-today')
        for name in ('dpkg', 'dpkg-trigger'):
            self._program(shutil.which(name), '/usr/bin/' + name)
        self._python()
        for path, text in (('/usr/lib/cut', CUTS), ('/usr/bin/dpkg-divert', DIVERT), ('/usr/sbin/service', SERVICE),
                           ('/usr/lib/job', JOB)):
            write(self.at(path), text, 0o755)

    def _program(self, source, target):
        shutil.copy(source, self.at(target))
        self._libraries(source)

    def _libraries(self, *programs):
        for path in libraries(*programs):
            if not os.path.exists(self.at(path)):
                os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
                shutil.copy(path, self.at(path))

    def _python(self):
        python = subprocess.check_output([os.path.join(TREE, 'tools', 'python27')], universal_newlines=True).strip()
        library = subprocess.check_output([python, '-c', 'import os; print(os.path.dirname(os.__file__))'],
                                          universal_newlines=True).strip()
        self._program(os.path.realpath(python), '/usr/bin/python2.7')
        os.symlink('python2.7', self.at('/usr/bin/python'))
        shutil.copytree(library, self.at('/usr/lib/python2.7'), dirs_exist_ok=True, symlinks=False,
                        ignore=shutil.ignore_patterns(*UNUSED))
        modules = os.path.join(library, 'lib-dynload')
        self._libraries(*[os.path.join(modules, name) for name in os.listdir(modules) if name.endswith('.so')])
        # Debian's own Python looks there by itself.
        write(self.at('/usr/lib/python2.7/site-packages/dist-packages.pth'), u'%s\n' % CODE)

    def copy(self, top):
        """A copy of this root at `top`."""
        subprocess.check_call(['cp', '-a', '--reflink=auto', self.top, top])
        return LibertyRoot(top)

    def chroot(self, *argv, **keywords):
        """Run a program in the root, with /proc and /dev/null; (output of both streams, exit code)."""
        return self._isolated(['chroot', self.top] + list(argv), **keywords)

    def dpkg(self, *argv):
        """Run the machine's dpkg on the root; (output of both streams, exit code)."""
        return self._isolated(['dpkg', '--root=' + self.top, '--log=/dev/null'] + list(argv))

    def _isolated(self, argv, **keywords):
        mounts = ('mount -t proc proc "$1/proc"; mount -t tmpfs none "$1/dev"; mknod -m 666 "$1/dev/null" c 1 3; '
                  'shift; exec "$@"')
        process = subprocess.Popen(
            ['unshare', '--mount', '--propagation=private', 'sh', '-euc', mounts, 'sh', self.top] + argv,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, cwd='/',
            env=dict({'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                      'DEBIAN_FRONTEND': 'noninteractive'}, **keywords))
        return process.communicate()[0], process.returncode

    def cut(self, word, number, last):
        """SIGKILL for what makes the call number `number` of dpkg-divert or service(8) with `word`, up to the program `last`."""
        write(self.at('/cut'), u'%s %d %s\n' % (word, number, last))

    def add_package(self, work, name, version, fill=None):
        """Build a package of Ubuntu's name and install it; `fill(directory)` puts its files there."""
        output, code = self.dpkg('-i', self.build_package(work, name, version, fill))
        assert code == 0, output

    @staticmethod
    def build_package(work, name, version, fill=None):
        """Build a package; its path."""
        tree = os.path.join(work, name)
        write(tree + '/DEBIAN/control', u'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: tests <t@example.org>\n'
              u'Description: stands for the package of that name\n' % (name, version))
        if fill:
            fill(tree)
        subprocess.check_call(['dpkg-deb', '-Zgzip', '-b', tree, tree + '.deb'], stdout=subprocess.DEVNULL)
        return tree + '.deb'

    def add_openstack(self, work, init, nova=True, dashboard=True):
        """nova and Horizon of Liberty with their dependencies, and the commands of `init` ('upstart', 'sysv')."""
        for name, version in DEPENDS:
            self.add_package(work, name, version)
        if init == 'upstart':
            write(self.at('/sbin/initctl'), INITCTL, 0o755)
            os.makedirs(self.at('/etc/init'))
        if nova:
            self.add_package(work, 'python-nova', '2:12.0.5-0ubuntu1~cloud0', nova_code)
            write(self.at('/etc/nova/nova.conf'), u'[DEFAULT]\nrpc_backend = fake\n'
                  u'[database]\nconnection = sqlite:////var/lib/nova/nova.sqlite\n')
            for name in SERVICES[:-1]:
                program = '/usr/sbin/libvirtd' if name == 'libvirt-bin' else '/usr/bin/' + name
                self._service(name, program, ANSWERS if name == 'nova-api' else SLEEPS, init)
        if dashboard:
            self.add_package(work, 'openstack-dashboard', '2:8.0.1-0ubuntu1~cloud0', self._horizon)
            self._service('apache2', '/usr/sbin/apache2', ANSWERS, init)
        output, code = self.chroot('/usr/bin/python2.7', '-m', 'compileall', '-q', CODE, HORIZON)
        assert code == 0, output

    @staticmethod
    def _horizon(tree):
        write(tree + CODE + '/horizon/__init__.py', u'')
        for name in ('__init__.py', 'settings.py', 'local/__init__.py', 'local/enabled/__init__.py'):
            write('%s%s/openstack_dashboard/%s' % (tree, HORIZON, name), u'')

    def _service(self, name, program, text, init):
        write(self.at(program), text, 0o755)
        write(self.at('/etc/init.d/' + name), SCRIPT % (name, name), 0o755)
        # Apache has no job of upstart's in 14.04.
        if init == 'upstart' and name != 'apache2':
            write(self.at('/etc/init/%s.conf' % name), u'respawn\n')

    def start(self, *names):
        """Start services, without a word in the record."""
        for name in names:
            output, code = self.chroot('/usr/lib/job', 'start', name)
            assert code == 0, output

    def pids(self):
        """{service: pid of the process that was started last}."""
        found = {}
        for name in os.listdir(self.at(PIDS)):
            with open(self.at(PIDS) + '/' + name) as stream:
                found[name] = int(stream.read())
        return found

    def asked(self):
        """The init system's commands since the last question, in order."""
        if not os.path.exists(self.at(CALLS)):
            return []
        with open(self.at(CALLS)) as stream:
            lines = stream.read().splitlines()
        os.unlink(self.at(CALLS))
        return lines

    def stop(self):
        """End what was started."""
        for pid in self.pids().values():
            os.kill(pid, signal.SIGKILL)
