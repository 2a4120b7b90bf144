"""What this node is: which parts of OpenStack it runs, and where their code is."""
import glob
import os
import socket
import sys

from light_snapshot_installer import cells, ini, paths, run

CONTROLLER, COMPUTE, DASHBOARD = 'controller', 'compute', 'dashboard'
_CODE = ('/usr/lib/python3/dist-packages', '/usr/lib/python2.7/dist-packages', '/usr/local/lib/python3*/dist-packages',
         '/usr/local/lib/python2.7/dist-packages', '/usr/lib/python3*/site-packages',
         '/usr/lib/python2.7/site-packages')
_DASHBOARD_CODE = ('/usr/share/openstack-dashboard',)
_STATE_PATH = '/var/lib/nova'
API_PROGRAMS = ('nova-api', 'nova-api-wsgi', 'nova-api-os-compute')


class Node(object):
    """The facts about a node, found once; paths are the node's own, without the root.

    `code`: the directory that holds its `nova` package. `dashboard_code`: the one that holds `openstack_dashboard`.
    Either is None where that part is not. `config`: nova's configuration.
    """

    def __init__(self, root):
        self.root = root
        self.config = ini.load_nova(root)
        self.compute = run.which(root, 'nova-compute') is not None
        self.has_database = bool(cells.nova_connection(self.config))
        server = run.which(root, 'nova-conductor') or any(run.which(root, name) for name in API_PROGRAMS)
        self.controller = bool(server) and self.has_database
        self.code = _find(root, 'nova', _CODE) if server or self.compute else None
        self.dashboard_code = _find(root, 'openstack_dashboard', _CODE + _DASHBOARD_CODE)

    def has_nova(self, path):
        """True if this nova has the file or directory `path`, relative to its code directory."""
        return self.code is not None and self.root.exists(os.path.join(self.code, path))

    @property
    def privsep(self):
        """True if nova's privsep serves acts of ours; where it does not, rootwrap is the way to root (nova up to 16)."""
        path = 'nova/privsep/__init__.py'
        if not self.has_nova(path):
            return False
        with open(self.root.followed(os.path.join(self.code, path)), 'rb') as stream:
            return b'sys_admin_pctxt' in stream.read()

    @property
    def dashboard(self):
        """True if Horizon is here."""
        return self.dashboard_code is not None

    @property
    def parts(self):
        """The names of the parts that are here."""
        return [name for name, here in ((CONTROLLER, self.controller), (COMPUTE, self.compute),
                                        (DASHBOARD, self.dashboard)) if here]

    def instances_path(self):
        """Where nova-compute keeps its servers, as far as its configuration tells: records.read refuses the rest."""
        # nova's own default is the directory of its code; the distributions' nova.conf names theirs.
        beside = self.code and os.path.isdir(self.root.followed(self.code + '/instances'))
        config = ini.load_nova(self.root, compute=True)
        if self.root.live:
            config.default('DEFAULT', 'host', socket.gethostname())
        return ini.instances_path(config, self.code, self.code if beside else _STATE_PATH)


def packaged(root, path):
    """True if Python imports a package in the place of the module in the file `path`."""
    return root.exists(os.path.join(os.path.splitext(path)[0], '__init__.py'))


def _find(root, package, patterns):
    """The directory that holds a Python package, symbolic links resolved; None without one.

    Python's own search path goes first, as far as it lies on the node: this program runs under the Python that runs nova.
    """
    for directory in searched(root) + [root.inside(found) for pattern in patterns
                                       for found in sorted(glob.glob(root.at(pattern)))]:
        init = root.followed(os.path.join(directory, package, '__init__.py'))
        if os.path.isfile(init):
            return directory if root.live and not root.real else root.inside(os.path.dirname(os.path.dirname(os.path.realpath(init))))
    return None


def searched(root):
    """The directories of the node that this Python imports from."""
    found = [root.inside(os.path.realpath(entry)) for entry in sys.path[1:] if os.path.isabs(entry)]
    return [entry for entry in found if entry]


def init_system(root):
    """'systemd', 'upstart' or 'sysv'."""
    if root.exists('/run/systemd/system'):
        return 'systemd'
    program = run.which(root, 'initctl')
    if program and root.exists('/etc/init'):
        code, output = run.run([root.at(program), 'version'], check=False)
        if code == 0 and 'upstart' in output:
            return 'upstart'
    return 'sysv'


def defaults(root):
    """The settings in /etc/default/light-snapshot: KEY=value lines, as a dictionary."""
    config = ini.Config()
    config.read_file(root.followed(paths.DEFAULTS_FILE))
    return config
