"""The root directory that the tests of upgrades start from: Debian 12 with the real nova, libvirt, Horizon, MariaDB and RabbitMQ.

Made once, kept at PLACE, and never written to again: each test works on a layer over it (node.py). Packages come from where this
machine's apt takes them, first of all from its cache.
"""
import glob
import os
import re
import shutil
import string
import subprocess

from tests.upgrades import node, placement

PLACE = os.environ.get('LIGHT_SNAPSHOT_UPGRADES') or '/var/tmp/light-snapshot-upgrades'
#: Part of the stamp: with another recipe the root is made anew.
RECIPE = '1'
TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')

SUITE = 'bookworm'
STACK = ('nova-api', 'nova-compute', 'nova-conductor', 'openstack-dashboard-apache', 'libvirt-daemon-system',
         'libvirt-daemon-system-sysv', 'mariadb-server', 'rabbitmq-server')
#: What `RUNLEVEL` of invoke-rc.d is read from; without an answer it starts nothing.
RUNLEVEL = '#!/bin/sh\necho N 2\n'
FORBIDS = '#!/bin/sh\nexit 101\n'
#: In the place of Horizon's: to collect and compress its static files takes minutes, at each of its upgrades, and now and then fails.
MANAGE, COLLECTS = '/usr/share/openstack-dashboard/manage.py', '#!/usr/bin/python3\n'
WORKERS = '/etc/nova/nova-api-uwsgi.ini'
DATABASES = ('nova_api', 'nova_cell0', 'nova')
URL = 'mysql+pymysql://nova:secret@127.0.0.1/%s?charset=utf8'
#: From this template to that file of the root.
FILES = (('nova.conf', 'etc/nova/nova.conf'), ('nova-compute.conf', 'etc/nova/nova-compute.conf'),
         ('libvirtd.conf', 'etc/libvirt/libvirtd.conf'), ('libvirtd.default', 'etc/default/libvirtd'),
         ('mariadb.cnf', 'etc/mysql/mariadb.conf.d/90-upgrades.cnf'), ('rabbitmq-env.conf', 'etc/rabbitmq/rabbitmq-env.conf'),
         ('horizon.py', 'etc/openstack-dashboard/local_settings.d/_9000_upgrades.py'))


def log(text):
    """One line for whoever waits."""
    print('upgrades: ' + text, flush=True)


def run(*argv, **keywords):
    """Run a program; its output goes to PLACE/base.log."""
    with open(os.path.join(PLACE, 'base.log'), 'a') as stream:
        subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, **keywords)


def root():
    """The directory, made if it is not there."""
    top, stamp = os.path.join(PLACE, 'base'), os.path.join(PLACE, 'base.done')
    if os.path.exists(stamp) and open(stamp).read() == RECIPE:
        return top
    os.makedirs(PLACE, mode=0o755, exist_ok=True)
    if os.path.exists(stamp):
        os.unlink(stamp)
    shutil.rmtree(top, ignore_errors=True)
    bootstrap(top)
    packages(top)
    settings(top)
    databases(top)
    with open(stamp, 'w') as stream:
        stream.write(RECIPE)
    return top


def mirror():
    """Where this machine takes Debian from."""
    for path in sorted(glob.glob('/etc/apt/sources.list') + glob.glob('/etc/apt/sources.list.d/*')):
        for line in open(path):
            words = line.split()
            if path.endswith('.sources') and words[:1] == ['URIs:'] and words[1].rstrip('/').endswith('/debian'):
                return words[1]
            if path.endswith('.list') and words[:1] == ['deb'] and SUITE in words:
                return words[words.index(SUITE) - 1]
    return 'http://deb.debian.org/debian'


def bootstrap(top):
    """A small Debian."""
    log('a small Debian 12 (log: %s/base.log)' % PLACE)
    archives = os.path.join(PLACE, 'archives')
    os.makedirs(archives + '/partial', exist_ok=True)
    for path in glob.glob('/var/cache/apt/archives/*.deb'):
        try:
            os.link(path, os.path.join(archives, os.path.basename(path)))
        except OSError:
            pass    # there already, or on another file system: apt fetches what is missing
    run('debootstrap', '--variant=minbase', '--cache-dir=' + archives, SUITE, top, mirror())


def packages(top):
    """The stack, with nothing started."""
    log('nova, libvirt, Horizon, MariaDB and RabbitMQ of Debian 12')
    write(top, '/usr/sbin/policy-rc.d', FORBIDS, 0o755)
    write(top, '/etc/apt/apt.conf.d/90-upgrades', 'APT::Install-Recommends "false";\nAPT::Sandbox::User "root";\n'
          'DPkg::Use-Pty "0";\nBinary::apt-get::APT::Keep-Downloaded-Packages "true";\n', 0o644)
    # Debian's sources of this machine, security updates included, without those of others.
    os.unlink(top + '/etc/apt/sources.list')
    for path in glob.glob('/etc/apt/sources.list') + glob.glob('/etc/apt/sources.list.d/*debian*'):
        write(top, path, read(path))
    write(top, '/etc/resolv.conf', read('/etc/resolv.conf'))
    chroot(top, 'apt-get', '-q', 'update')
    chroot(top, 'dpkg-divert', '--local', '--rename', '--divert', MANAGE + '.packaged', '--add', MANAGE)
    write(top, MANAGE, COLLECTS, 0o755)
    chroot(top, 'apt-get', '-q', '-y', 'install', *STACK)
    os.unlink(top + '/usr/sbin/policy-rc.d')


def templates(top, *names):
    """Write what these templates are of, which is the services' own settings."""
    for name in names:
        text = string.Template(read(os.path.join(TEMPLATES, name))).substitute(
            dict((name, URL % name) for name in DATABASES), host=node.HOST, placement=placement.PORT)
        write(top, dict(FILES)[name], text)


def settings(top):
    """One node that is all of a small cloud."""
    templates(top, *dict(FILES))
    # It asks for a module and a certificate that nobody here needs, and Horizon's package switches it on.
    write(top, '/etc/apache2/sites-available/default-ssl.conf', '# tests of upgrades\n')
    # Debian starts sixteen processes, each of which imports all of nova.
    write(top, WORKERS, re.sub(r'^processes = .*$', 'processes = 2', read(top + WORKERS), flags=re.M))
    write(top, '/etc/hostname', node.HOST + '\n')
    write(top, '/etc/hosts', '127.0.0.1 localhost %s\n' % node.HOST)
    write(top, '/sbin/runlevel', RUNLEVEL, 0o755)
    # Its sources are a repository of the test's own from here on.
    for path in glob.glob(top + '/etc/apt/sources.list*') + glob.glob(top + '/etc/apt/sources.list.d/*'):
        if os.path.isfile(path):
            os.unlink(path)
    write(top, '/etc/apt/sources.list', 'deb [trusted=yes] file:%s ./\n' % node.REPOSITORY)


def databases(top):
    """nova's schemas and its cell."""
    log("nova's databases")
    with node.Node(top) as here:
        here.well('service', 'mariadb', 'start')
        lines = ["CREATE USER 'nova'@'%s' IDENTIFIED BY 'secret';" % name for name in ('127.0.0.1', 'localhost')]
        for name in DATABASES:
            lines.append('CREATE DATABASE %s CHARACTER SET utf8;' % name)
            lines.extend("GRANT ALL ON %s.* TO 'nova'@'%s';" % (name, host) for host in ('127.0.0.1', 'localhost'))
        here.sql(' '.join(lines))
        manage = ['setpriv', '--reuid=nova', '--regid=nova', '--init-groups', 'nova-manage']
        here.well(*manage, 'api_db', 'sync')
        here.well(*manage, 'cell_v2', 'map_cell0', '--database_connection', URL % 'nova_cell0')
        here.well(*manage, 'db', 'sync')
        here.well(*manage, 'cell_v2', 'create_cell', '--name', 'cell1')
        here.well('service', 'mariadb', 'stop')


def chroot(top, *argv):
    """Run a program in the root that is being made; nothing of it stays mounted or running."""
    mounts = ('mount -t proc proc "$1/proc"; mount --bind /dev "$1/dev"; '
              'mount --bind "$ARCHIVES" "$1/var/cache/apt/archives"; exec chroot "$@"')
    run('unshare', '--mount', '--pid', '--fork', '--kill-child', '--propagation=private', 'sh', '-euc', mounts, 'sh', top, *argv,
        env={'ARCHIVES': os.path.join(PLACE, 'archives'), 'PATH': node.PATH, 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive'})


def read(path):
    """A text file of this machine."""
    with open(path) as stream:
        return stream.read()


def write(top, path, text, mode=None):
    """Write a text file of the root `top`; without `mode` one that is there keeps its own.

    Written from outside, where a link of the root's to an absolute path is one to a file of this machine: a link at the path itself
    is replaced, one on the way to it refused.
    """
    here, words = top, path.strip('/').split('/')
    for word in words[:-1]:
        here = os.path.join(here, word)
        if os.path.islink(here):
            target = os.readlink(here)
            assert not target.startswith('/') and '..' not in target, '%s leads out of %s' % (here, top)
        elif not os.path.isdir(here):
            os.mkdir(here)
    here = os.path.join(here, words[-1])
    if os.path.islink(here):
        os.unlink(here)
    with open(here, 'w') as stream:
        stream.write(text)
    if mode is not None:
        os.chmod(here, mode)
