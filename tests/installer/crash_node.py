"""The node that the installer is cut off on (crashes.py): a directory, and what is outside of its file system. CPython 2.7 and 3.11."""
import hashlib
import io
import json
import os
import re
import subprocess
import time

from installer_fakes import DIVERSIONS, PYTHON_DIR, FakeNode, write
from light_snapshot_installer import apparmor, paths, process, services, sqlfiles

RUNNING = ('libvirtd', 'nova-conductor', 'nova-api', 'nova-compute', 'apache2')
NOVA_PROGRAMS = ('nova-compute', 'nova-conductor', 'nova-api')
CONFIG = u'[database]\nconnection = mysql+pymysql://nova:secret@db/nova\n'
#: Another package's diversion, which is none of our business.
ANOTHERS = u'/usr/bin/kvm\n/usr/bin/kvm.distrib\nqemu-kvm\n'


class CrashNode(FakeNode):
    """An all-in-one node with AppArmor; its services and its database are a file (`World`)."""

    def build(self):
        """Fill it."""
        self.add_nova(controller=True, config=CONFIG)
        self.add_dashboard()
        write(self.top + DIVERSIONS, ANOTHERS)
        write(self.top + '/etc/init.d/libvirtd', u'', 0o755)
        write(self.top + '/sys/module/apparmor/parameters/enabled', u'Y\n')
        write(self.top + '/sbin/apparmor_parser', u'', 0o755)
        for name in apparmor.PROFILES:
            write(self.top + '/etc/apparmor.d/' + name, u'profile')
        world = World(self)
        world.data = {'columns': [], 'services': {}, 'next': 1000, 'loaded': sorted(apparmor.PROFILES), 'reports': 0}
        world.boot()
        return self

    @classmethod
    def at_top(cls, top):
        """The node that is in the directory `top` already."""
        node = cls.__new__(cls)
        node.top, node.root, node.share = top, paths.Root(top), top + '/share'
        node.code, node.bin, node.calls = PYTHON_DIR, top + '/bin-fake', top + '/var/log/calls'
        return node

    def copy(self, top):
        """A copy of it; names of one file stay names of one file."""
        subprocess.check_call(['cp', '-a', self.top, top])
        return self.at_top(top)

    def upgrade_package(self):
        """Another version of the package: a changed file, a new one, and two that are no more."""
        self.make_share(version=u'2.0')
        overlay = self.share + '/overlay/dist-packages/'
        os.unlink(overlay + 'light_snapshot/osc/__init__.py')
        os.unlink(overlay + 'nova/conductor/manager.py')
        write(overlay + 'light_snapshot/engine/more.py', u'X = 1\n')

    def nova_goes(self):
        """nova is not on this node yet; what it will bring waits where the node's files are not looked at."""
        os.rename(self.at('nova'), self.top + '/var/log/nova')
        for name in NOVA_PROGRAMS:
            os.rename(self.top + '/usr/bin/' + name, self.top + '/var/log/' + name)

    def nova_comes(self):
        """dpkg unpacks nova."""
        os.rename(self.top + '/var/log/nova', self.at('nova'))
        for name in NOVA_PROGRAMS:
            os.rename(self.top + '/var/log/' + name, self.top + '/usr/bin/' + name)

    def record_of_installer(self):
        """state.json without what differs from run to run."""
        with io.open(self.top + paths.STATE_FILE, encoding='utf-8') as stream:
            record = json.load(stream)
        for name in ('time', 'restarted'):
            record.pop(name)
        for name in ('directories', 'columns'):
            record[name] = sorted(record[name])
        record['apparmor']['links'].sort()
        return record


class World(object):
    """What is not the node's file system: processes, the kernel's profiles, the cell's database."""

    def __init__(self, node):
        self.node, self.path = node, node.top + '/var/log/world'
        self.data = json.load(open(self.path)) if os.path.exists(self.path) else None

    def save(self):
        with open(self.path, 'w') as stream:
            json.dump(self.data, stream)

    def boot(self):
        """The machine starts."""
        self.data['loaded'] = [name for name in apparmor.PROFILES
                               if not os.path.lexists(self.node.top + apparmor.DISABLED + '/' + name)]
        for name in RUNNING:
            self.start(name)

    def start(self, name):
        """A service starts: with the code, and under the profiles, of now."""
        self.data['next'] += 1
        self.data['services'][name] = {'pid': self.data['next'], 'start': time.time(), 'runs': self.what_would_run(name)}
        self.save()

    def restart(self, name):
        """The exit code of `service NAME restart`; one of the `broken` does not run with our code."""
        if name in self.data.get('broken', []) and os.path.exists(self.node.at('light_snapshot')):
            self.data['services'].pop(name, None)
            self.save()
            return 1
        self.start(name)
        return 0

    def what_would_run(self, name):
        """A service's code as it is on the disk, in short."""
        if name in services.LIBVIRT:
            return json.dumps(sorted(self.data['loaded']))
        digest, every = hashlib.sha1(), []
        for directory, names, leaves in os.walk(self.node.top + self.node.code):
            names.sort()
            every.extend(os.path.join(directory, leaf) for leaf in sorted(leaves) if leaf.endswith('.py') and leaf[0] != '.')
        for path in every:
            if name in services.users(path, every):
                with open(path, 'rb') as stream:
                    digest.update(path[len(self.node.top):].encode('utf-8') + b'\0' + stream.read())
        return digest.hexdigest()

    def processes(self, _root):
        """For process.every."""
        return [process.Process(facts['pid'], facts['pid'], facts['start'], [name], name)
                for name, facts in self.data['services'].items()]

    def apparmor_parser(self, option, path):
        name = os.path.basename(path)
        if option == '-R':
            self.data['loaded'] = [other for other in self.data['loaded'] if other != name]
        elif not os.path.lexists(self.node.top + apparmor.DISABLED + '/' + name):
            self.data['loaded'] = sorted(set(self.data['loaded']) | set([name]))
        self.save()

    def query(self, sql):
        """The rows of one statement."""
        if sql.startswith('ALTER'):
            table = sql.split()[2]
            for column in re.findall(r'(?:ADD|DROP) COLUMN (\w+)', sql):
                here = [table, column] in self.data['columns']
                assert here == (' DROP ' in sql), sql
                (self.data['columns'].remove if here else self.data['columns'].append)([table, column])
            self.save()
            return []
        if 'information_schema.columns' in sql:
            kinds = dict(((s.table, s.column), s.type) for s in sqlfiles.read(self.node.share + '/sql', 'up'))
            return [(table, 'id', 'int(11)', 'NO') for table in ('instances', 'shadow_instances')] + [
                (table, column, kinds[(table, column)], 'YES') for table, column in self.data['columns']]
        if 'VERSION()' in sql:
            return [('10.11.4-MariaDB-1',)]
        if 'information_schema.tables' in sql:
            return [(table, 1000, 1 << 20, 'InnoDB', 'Dynamic') for table in ('instances', 'shadow_instances')]
        if 'report_count' in sql:
            self.data['reports'] += 1
            return [(self.data['reports'],)]
        return [(1,)] if 'GET_LOCK' in sql else []
