"""Fake nodes, a private MariaDB and fake init systems for the installer's tests. CPython 2.7 and 3.11."""
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import pymysql

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TREE, 'installer'))

from light_snapshot_installer import cli, output, paths  # noqa: E402

PYTHON_DIR = '/usr/lib/python2.7/dist-packages' if sys.version_info[0] == 2 else '/usr/lib/python3/dist-packages'
DIVERSIONS = '/var/lib/dpkg/diversions'
SHIM = '# light-snapshot shim: extends nova\'s own file of this path\nVALUE = "ours"\n'
NOVA_FILES = ('__init__.py', 'virt/__init__.py', 'virt/libvirt/__init__.py', 'virt/libvirt/driver.py',
              'virt/libvirt/imagebackend.py', 'compute/__init__.py', 'compute/manager.py', 'conductor/__init__.py', 'conductor/manager.py',
              'api/__init__.py', 'api/openstack/__init__.py', 'api/openstack/compute/__init__.py',
              'api/openstack/compute/routes.py', 'privsep/__init__.py', 'policies/__init__.py')
#: What nova had not yet in Liberty.
NOT_IN_LIBERTY = ('api/openstack/compute/routes.py', 'privsep/__init__.py', 'policies/__init__.py')
SHIMS = ('virt/libvirt/driver.py', 'virt/libvirt/imagebackend.py', 'compute/manager.py', 'conductor/manager.py',
         'api/openstack/compute/routes.py')


def write(path, text, mode=0o644):
    """Write a text file, with its directories."""
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with io.open(path, 'w', encoding='utf-8') as stream:
        stream.write(text if isinstance(text, type(u'')) else text.decode('utf-8'))
    os.chmod(path, mode)


def tree_of(top, without=()):
    """{path: (kind, bytes' hash or link, mode, owner, mtime)} of a tree; directories without their times."""
    found = {}
    for directory, names, leaves in os.walk(top):
        for name in names + leaves:
            path = os.path.join(directory, name)
            relative = path[len(top):]
            if relative.startswith(tuple(without)):
                continue
            facts = os.lstat(path)
            owner = (facts.st_mode, facts.st_uid, facts.st_gid)
            if os.path.islink(path):
                found[relative] = ('link', os.readlink(path)) + owner
            elif os.path.isdir(path):
                found[relative] = ('directory',) + owner
            else:
                with open(path, 'rb') as stream:
                    digest = hashlib.sha256(stream.read()).hexdigest()
                found[relative] = ('file', digest, facts.st_mtime) + owner
    return found


def add_nova_code(directory, without=(), compiled=True):
    """A nova package of the right file names."""
    for name in NOVA_FILES:
        if name in without:
            continue
        path = '%s/nova/%s' % (directory, name)
        write(path, u'VALUE = "nova %s"\n%s' % (
            name, u'sys_admin_pctxt = None\n' if name == 'privsep/__init__.py' else u''))
        os.utime(path, (1600000000, 1600000000))
    if compiled:
        subprocess.check_call([sys.executable, '-m', 'compileall', '-q', directory + '/nova'])


class FakeNode(object):
    """A node in a directory: nova and Horizon, dpkg's database, a share with a small overlay, an init system."""

    #: What the installer may leave behind: its record and its lock; and what is not the node's file system.
    OWN = ('/var/lib/light-snapshot', '/run', '/proc', '/var/log', '/share', '/bin-fake')

    def __init__(self, top):
        self.top = top
        self.root = paths.Root(top)
        self.share = top + '/share'
        self.code = PYTHON_DIR
        self.bin = top + '/bin-fake'
        self.calls = top + '/var/log/calls'
        for directory in ('/var/lib/dpkg/info', '/var/lib/dpkg/updates', '/etc/init.d', '/usr/bin', '/run', '/proc',
                          '/var/log', '/bin-fake', '/var/lib/nova/instances'):
            os.makedirs(top + directory)
        write(top + '/var/lib/dpkg/status', u'')
        os.symlink('/proc/net', top + '/proc/net')
        self.make_share()

    def make_share(self, version=u'1.0'):
        """The package's directory, as /usr/share/light-snapshot is on a node."""
        overlay = self.share + '/overlay/dist-packages/'
        for name in SHIMS:
            write(overlay + 'nova/' + name, SHIM)
        write(overlay + 'nova/privsep/light_snapshot.py', u'NEW = 1\n')
        for name in ('__init__.py', 'engine/__init__.py', 'engine/engine.py', 'nova/__init__.py', 'nova/hooks.py',
                     'osc/__init__.py'):
            write(overlay + 'light_snapshot/' + name, u'# %s\nVERSION = "%s"\n' % (name, version))
        write(overlay + 'light_snapshot.egg-info/PKG-INFO', u'Name: light-snapshot\nVersion: %s\n' % version)
        if not os.path.isdir(self.share + '/overlay/etc'):
            shutil.copytree(os.path.join(TREE, 'overlay', 'etc'), self.share + '/overlay/etc')
        dashboard = self.share + '/overlay/openstack-dashboard/'
        write(dashboard + 'light_snapshot_dashboard/__init__.py', u'')
        write(dashboard + 'light_snapshot_dashboard/templates/t.html', u'<p>')
        write(dashboard + 'openstack_dashboard/local/enabled/_9101_light_snapshot.py', u'PANEL = "x"\n')
        if not os.path.isdir(self.share + '/sql'):
            shutil.copytree(os.path.join(TREE, 'sql'), self.share + '/sql')

    def add_nova(self, compute=True, controller=False, config=u'', without=()):
        """nova's package files, compiled as Debian's package does, and its programs."""
        add_nova_code(self.top + self.code, without)
        programs = (['nova-compute'] if compute else []) + (['nova-conductor', 'nova-api'] if controller else [])
        for name in programs:
            write(self.top + '/usr/bin/' + name, u'#!/usr/bin/python\n', 0o755)
            write(self.top + '/etc/init.d/' + name, u'#!/bin/sh\n', 0o755)
        write(self.top + '/etc/nova/nova.conf', u'[DEFAULT]\ntransport_url = fake://\n' + config)

    def add_dashboard(self):
        """Horizon's package."""
        for name in ('__init__.py', 'settings.py', 'local/__init__.py'):
            write(self.top + self.code + '/openstack_dashboard/' + name, u'')
        os.makedirs(self.top + self.code + '/openstack_dashboard/local/enabled')
        write(self.top + '/etc/init.d/apache2', u'#!/bin/sh\n', 0o755)

    def at(self, path):
        """A path below the code directory."""
        return self.top + self.code + '/' + path

    def tree(self):
        """The node's files, without what the installer may leave; of dpkg's file of diversions what it says, in any order."""
        found = tree_of(self.top, self.OWN)
        # dpkg keeps the file, empty, once there has been a diversion, and beside it the one of before the last change.
        found = dict((path, facts) for path, facts in found.items() if not path.startswith(DIVERSIONS))
        said = self.diversions()
        return dict(found, **{DIVERSIONS: said}) if said else found

    def diversions(self):
        """[(path, where it went, package)] of every diversion, whoever made it."""
        if not os.path.exists(self.top + DIVERSIONS):
            return []
        with io.open(self.top + DIVERSIONS, encoding='utf-8') as stream:
            lines = stream.read().splitlines()
        return sorted(zip(lines[::3], lines[1::3], lines[2::3]))

    def run(self, *argv):
        """Run the command; returns (exit code, standard output, standard error)."""
        stdout, stderr = Text(), Text()
        out = output.Output(argv[0], '--json' in argv, stdout, stderr)
        code = cli.main(list(argv), self.root, out, self.share)
        return code, stdout.text, stderr.text

    def record(self, uuid, text):
        """An engine's record of a server."""
        write(self.top + '/var/lib/nova/instances/%s/light-snapshot.json' % uuid, text)


class Text(object):
    """A stream that takes both kinds of Python 2's strings."""

    def __init__(self):
        self.text = u''

    def write(self, text):
        self.text += text if isinstance(text, type(u'')) else text.decode('utf-8')

    def flush(self):
        pass


class FakeServices(object):
    """Real processes that look like the services, shown to the installer through the fake node's /proc."""

    def __init__(self, node):
        self.node = node
        self.pids = node.top + '/var/log/pids'
        os.makedirs(self.pids)
        helper = textwrap.dedent(u'''\
            import os, signal, subprocess, sys, time
            top, name, verb = %r, sys.argv[1], sys.argv[2]
            # What an operator's own unit of another name runs.
            if os.path.exists(top + '/var/log/unit-' + name): name = open(top + '/var/log/unit-' + name).read()
            if verb == 'mainpid':
                print('MainPID=' + open(top + '/var/log/pids/' + name).read()); sys.exit(0)
            open(top + '/var/log/calls', 'a').write(' '.join(sys.argv[1:]) + chr(10))
            if os.path.exists(top + '/var/log/fail-' + name):
                print(name + ' is broken'); sys.exit(1)
            pidfile = top + '/var/log/pids/' + name
            if os.path.exists(pidfile):
                pid = int(open(pidfile).read())
                try: os.kill(pid, signal.SIGKILL)
                except OSError: pass
                if os.path.islink(top + '/proc/%%d' %% pid): os.unlink(top + '/proc/%%d' %% pid)
                os.unlink(pidfile)
            if verb == 'restart' and os.path.exists(top + '/var/log/slow-' + name):
                print(name + ' failed!'); sys.exit(1)
            dies = top + '/var/log/dies-' + name
            # What the file names has to be there for it to die; a file that is there by itself, if it names nothing.
            if verb == 'stop' or os.path.exists(dies) and os.path.exists(open(dies).read() or dies): sys.exit(0)
            log = open(os.devnull, 'w')
            process = subprocess.Popen([sys.executable, top + '/bin-fake/' + name], stdout=log, stderr=log,
                                       close_fds=True)
            open(pidfile, 'w').write(str(process.pid))
            cgroup, here = top + '/var/log/cgroup-' + name, top + '/proc/%%d' %% process.pid
            if not os.path.exists(cgroup):
                os.symlink('/proc/%%d' %% process.pid, here)
            else:
                os.mkdir(here)
                for entry in ('stat', 'cmdline', 'root', 'ns', 'fd'):
                    os.symlink('/proc/%%d/%%s' %% (process.pid, entry), here + '/' + entry)
                open(here + '/cgroup', 'w').write(open(cgroup).read())
            ''') % node.top
        write(node.bin + '/helper.py', helper)
        for command, arguments in (('service', '"$@"'), ('systemctl', '"$2" "$1"')):
            # The tests' process cleans the environment: the interpreter is named in full.
            run = '%s %s/helper.py' % (sys.executable, node.bin)
            write(node.bin + '/' + command, u'#!/bin/sh\n[ "$1" != show ] || exec %s "${4%%.service}" mainpid\n'
                  u'echo %s "$@" >> %s\nexec %s %s\n' % (run, command, node.calls, run, arguments), 0o755)
        for name in ('nova-compute', 'nova-conductor'):
            write(node.bin + '/' + name, u'import time\ntime.sleep(600)\n')
        write(node.bin + '/nova-api', textwrap.dedent(u'''\
            try:
                from http.server import BaseHTTPRequestHandler, HTTPServer
            except ImportError:
                from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
            import os
            STATUS = 500 if os.path.exists(%r) else 300
            class Page(BaseHTTPRequestHandler):
                def do_GET(self):
                    self.send_response(STATUS)
                    self.send_header('Content-Length', '0')
                    self.end_headers()
            # The library's own looks its name up, which may take a resolver's patience.
            HTTPServer.server_bind = lambda self: self.socket.bind(self.server_address)
            server = HTTPServer(('127.0.0.1', 0), Page)
            server.serve_forever()
            ''') % (node.top + '/var/log/http-500'))

    def start(self, *names):
        """Start fake services."""
        for name in names:
            subprocess.check_call([sys.executable, self.node.bin + '/helper.py', name, 'start'])
        # The command line changes from the parent's to the service's own with exec.
        time.sleep(0.3)
        open(self.node.calls, 'w').close()

    def pid(self, name):
        """The pid of a running fake service."""
        with open(self.pids + '/' + name) as stream:
            return int(stream.read())

    def stop(self):
        """Kill what is left."""
        for name in os.listdir(self.pids):
            try:
                os.kill(self.pid(name), signal.SIGKILL)
            except OSError:
                pass

    def asked(self):
        """The init commands that were run, in order."""
        if not os.path.exists(self.node.calls):
            return []
        with open(self.node.calls) as stream:
            return [line.strip() for line in stream if line.split()[0] in ('service', 'systemctl')]


class MariaDB(object):
    """A private server on a socket of its own."""

    is_mysql = False

    def __init__(self, top):
        self.top, self.socket = top, top + '/s'
        data = top + '/data'
        quiet = open(top + '/log', 'w')
        self.program = ['/usr/sbin/mariadbd', '--no-defaults', '--user=root', '--datadir=' + data, '--socket=' + self.socket,
                        '--skip-networking', '--pid-file=' + top + '/pid', '--innodb-buffer-pool-size=16M',
                        '--innodb-log-file-size=8M', '--loose-innodb-flush-log-at-trx-commit=0']
        subprocess.check_call(['mariadb-install-db', '--no-defaults', '--user=root', '--datadir=' + data,
                               '--auth-root-authentication-method=normal', '--skip-test-db'],
                              stdout=quiet, stderr=quiet)
        self.start()

    def start(self):
        """Start it, also again after it was killed."""
        with open(self.top + '/log', 'a') as quiet:
            self.process = subprocess.Popen(self.program, stdout=quiet, stderr=quiet)
        self.wait()

    def wait(self):
        """Until it answers; on a busy machine a first start takes most of a minute."""
        deadline = time.time() + 180
        while True:
            try:
                return self.query('SELECT 1')
            except Exception:
                if time.time() > deadline or self.process.poll() is not None:
                    self.stop()
                    raise
                time.sleep(0.2)

    def query(self, sql, database=None):
        """Run one statement as root."""
        connection = pymysql.connect(unix_socket=self.socket, user='root', db=database, autocommit=True)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall() or ())
        finally:
            connection.close()

    def url(self, database, user='root', password=''):
        """A URL as in nova.conf."""
        return 'mysql+pymysql://%s%s@localhost/%s?charset=utf8&unix_socket=%s' % (
            user, ':' + password if password else '', database, self.socket)

    def make_cell(self, database, tables=('instances', 'shadow_instances')):
        """A cell database with the tables that matter."""
        self.query('DROP DATABASE IF EXISTS %s' % database)
        self.query('CREATE DATABASE %s' % database)
        for table in tables:
            self.query('CREATE TABLE %s (id int PRIMARY KEY AUTO_INCREMENT, uuid varchar(36), deleted int DEFAULT 0)'
                       % table, database)

    def columns(self, database, table='instances'):
        """The names of a table's columns."""
        return [row[0] for row in self.query('SELECT column_name FROM information_schema.columns WHERE table_schema ='
                                             " '%s' AND table_name = '%s' ORDER BY ordinal_position" % (
                                                 database, table))]

    def account(self, name, password):
        """Make an account of this machine anew, without rights."""
        self.query("DROP USER IF EXISTS '%s'@localhost" % name)
        self.query("CREATE USER '%s'@localhost IDENTIFIED BY '%s'" % (name, password))

    def stop(self):
        """End it, and remove what it had."""
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.top)


class MySQL(MariaDB):
    """The same of a real MySQL, where tools/mysql-server has put one: in a chroot, its files in a directory of that."""

    is_mysql = True

    def __init__(self, directory):
        root = os.path.join(os.path.abspath(directory), 'root')
        self.top = tempfile.mkdtemp(prefix='t', dir=root)
        self.socket, inside = self.top + '/s', self.top[len(root):]
        program = ['chroot', root, '/usr/sbin/mysqld', '--no-defaults', '--user=root', '--datadir=%s/data' % inside]
        quiet = open(self.top + '/log', 'w')
        subprocess.check_call(program + ['--initialize-insecure'], stdout=quiet, stderr=quiet)
        self.process = subprocess.Popen(program + [
            '--socket=%s/s' % inside, '--skip-networking', '--mysqlx=0', '--secure-file-priv=NULL', '--pid-file=%s/pid' % inside, '--skip-log-bin',
            '--innodb-buffer-pool-size=16M', '--innodb-flush-log-at-trx-commit=0'], stdout=quiet, stderr=quiet)
        self.wait()
