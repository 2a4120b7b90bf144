"""Which services run which of our files, and how they are restarted."""
import collections
import glob
import io
import os
import re

from light_snapshot_installer import errors, node, paths, process, run

#: One service: its name, its log, and how its processes are known.
Service = collections.namedtuple('Service', 'name log owns')

COMPUTE, CONDUCTOR, APACHE = 'nova-compute', 'nova-conductor', 'apache2'
#: Debian's and Ubuntu 14.04's names of one service, and the one that takes its place where libvirt is split.
LIBVIRT = ('libvirtd', 'libvirt-bin', 'virtqemud')
API = ('nova-api', 'nova-api-os-compute')


def _nova(name):
    module = 'nova.cmd.' + name[len('nova-'):].replace('-', '_')

    def owns(one):
        return (process.program(one) in (name, module) and process.same_python(one)
                or process.runs_uwsgi(one, (name + '-uwsgi.ini', name + '.ini', name + '-wsgi')))
    return Service(name, '/var/log/nova/%s.log' % name, owns)


def _libvirt(name, program='libvirtd'):
    return Service(name, '/var/log/libvirt/%s.log' % program, lambda one: process.program(one) == program)


#: In the order in which they restart: nova-compute needs libvirt and a conductor, the API needs none of the others.
SERVICES = collections.OrderedDict((service.name, service) for service in (
    _libvirt(LIBVIRT[0]), _libvirt(LIBVIRT[1]), _libvirt(LIBVIRT[2], LIBVIRT[2]), _nova(CONDUCTOR), _nova(API[0]), _nova(API[1]),
    _nova(COMPUTE),
    Service(APACHE, '/var/log/apache2/error.log', lambda one: one.comm == 'apache2')))

_NOVA = (COMPUTE, CONDUCTOR) + API
_SITES = ('/etc/apache2/sites-enabled/*.conf', '/etc/apache2/conf-enabled/*.conf', '/etc/httpd/conf.d/*.conf')
_API_ALIAS = re.compile(r'^\s*WSGIScriptAlias\s+\S+\s+\S*(?:nova[-_]api(?![-_]metadata)|osapi_compute)', re.M | re.I)

#: Where nova's API finds extensions until it has a list of routes (nova 16), which is extended instead.
EXTENSIONS = 'light_snapshot.egg-info/entry_points.txt'
_ROUTES = '/nova/api/openstack/compute/routes.py'

#: Which services import a file, by the beginning of its path below the code directory; the longest that fits counts.
#: tests/installer/test_service_table.py holds this against the nova that is installed.
USERS = collections.OrderedDict([
    ('nova/virt/libvirt/driver.py', (COMPUTE,)),
    ('nova/virt/libvirt/imagebackend.py', (COMPUTE,)),
    ('nova/compute/manager.py', (COMPUTE,)),
    ('nova/privsep/', (COMPUTE,)),
    ('nova/conductor/manager.py', (CONDUCTOR,)),
    ('nova/api/openstack/compute/', API),
    ('nova/', _NOVA),
    # Read at each call; but where nova-compute keeps a rootwrap daemon (use_rootwrap_daemon), at that one's start.
    ('etc/nova/rootwrap.d/', (COMPUTE,)),
    ('etc/nova/policy.d/', API),
    ('light_snapshot/engine/', (COMPUTE,)),
    ('light_snapshot/nova/', _NOVA),
    ('light_snapshot/client/', ()),
    ('light_snapshot/novaclient/', ()),
    ('light_snapshot/osc/', ()),
    ('light_snapshot/', _NOVA),
    ('light_snapshot.egg-info/', ()),
    (EXTENSIONS, API),
    ('light_snapshot_dashboard/', (APACHE,)),
    ('openstack_dashboard/', (APACHE,)),
])


def users(path, ours=()):
    """The names of the services that run the file at `path` (absolute); `ours`: all that is, or was, in place."""
    if path.endswith('/' + EXTENSIONS) and any(one.endswith(_ROUTES) for one in ours):
        return ()
    best = ''
    for prefix in USERS:
        if '/' + prefix in path and len(prefix) > len(best):
            best = prefix
    return USERS.get(best, ())


def relevant(paths_of_files, name, root, ours=None):
    """Those of our files that service `name` of a node runs; `ours`: all that is, or was, in place."""
    names = set((name,) + (API if name == APACHE and apache_runs_api(root) else ()))
    return [path for path in paths_of_files if names.intersection(users(path, paths_of_files if ours is None else ours))]


def apache_runs_api(root):
    """True if nova's API runs within Apache (mod_wsgi) on this node, by Apache's configuration."""
    for pattern in _SITES:
        for path in glob.glob(root.at(os.path.dirname(pattern)) + '/' + os.path.basename(pattern)):
            try:
                with io.open(path, encoding='utf-8', errors='replace') as stream:
                    if _API_ALIAS.search(stream.read()):
                        return True
            except (IOError, OSError):
                continue
    return False


def installed(root, name):
    """True if the node knows how to start the service."""
    return any(root.exists(pattern % name) for pattern in (
        '/lib/systemd/system/%s.service', '/usr/lib/systemd/system/%s.service', '/etc/systemd/system/%s.service',
        '/etc/init/%s.conf', '/etc/init.d/%s'))


def processes(root, name):
    """The running processes of a service."""
    return [one for one in process.every(root) if SERVICES[name].owns(one)]


def _is_called(root, name):
    """False for the name that libvirt's service does not have on this node."""
    here = [one for one in LIBVIRT if installed(root, one)] or LIBVIRT[:1]
    return name not in LIBVIRT or name in here


def running(root, names=None):
    """{service: processes} of those that run now, whatever started them."""
    everything = process.every(root)
    found = collections.OrderedDict()
    for name, service in SERVICES.items():
        if names is None or name in names:
            own = [one for one in everything if service.owns(one)]
            if own and _is_called(root, name):
                found[name] = own
    return found


def units(root, name, own):
    """(what the init system calls service `name`, those of its processes `own` that it does not know): the names may be others than
    ours (devstack@n-cpu), and several."""
    found, strays = [], []
    systemd = node.init_system(root) == 'systemd'
    for one in own:
        unit = process.unit(root, one) if systemd else None
        if unit is None:
            unit = name if installed(root, name) else ''
        elif unit == name + '.service':
            unit = name
        elif unit and unit not in found and not _runs(unit, own):
            # Another program's, which has started this one.
            unit = ''
        if not unit:
            strays.append(one)
        elif unit not in found:
            found.append(unit)
    return found, strays


def _runs(unit, own):
    """True if a unit is there for one of these processes."""
    _code, said = run.run(['systemctl', 'show', '-p', 'MainPID', unit], check=False)
    return said.strip() in ['MainPID=%d' % one.pid for one in own]


def oldest(name, own):
    """The oldest of a service's processes that runs our code: Apache's own run none if mod_wsgi has daemons."""
    daemons = [one for one in own if one.argv[0].startswith('(wsgi:')] if name == APACHE else []
    return min(daemons or own, key=lambda one: (one.ticks, one.pid))


def oldest_change(root, paths_of_files):
    """When the oldest of the files was put in place: seconds since 1970, 0 if none is there."""
    times = [os.lstat(root.at(path)).st_ctime for path in paths_of_files if os.path.lexists(root.at(path))]
    return min(times) if times else 0.0


def newest_change(root, paths_of_files):
    """When the newest of the files (or of nova's own behind them) was put in place: seconds since 1970, 0 if none."""
    newest = 0.0
    for path in paths_of_files:
        for candidate in (path, path + paths.SUFFIX):
            try:
                newest = max(newest, os.lstat(root.at(candidate)).st_ctime)
            except OSError:
                pass
    return newest


def stale(root, paths_of_files):
    """Names of running services with a process older than a file that it runs."""
    return [name for name, own in running(root).items()
            if oldest(name, own).start < newest_change(root, relevant(paths_of_files, name, root))]


def touched(root, paths_of_files):
    """Names of running services with a process that began after the first file of ours that it may have loaded."""
    return [name for name, own in running(root).items() for ours in [relevant(paths_of_files, name, root)]
            if ours and max(one.start for one in own) >= oldest_change(root, ours)]


#: What an error says of a service that did not come back, and what to do then, at an installation and at a roll-back.
BEHIND = 'Files are as they are to be; services that the record names as pending may still run the code of before.'
EITHER_WAY = ('then run the same command again to go on, or the other one of `light-snapshot install` and `light-snapshot rollback` to'
              ' go back')


class RestartDenied(errors.InstallerError):
    """policy-rc.d forbids to restart a service while dpkg is at work."""

    exit_code = errors.EXIT_RESTART_DENIED


class ByHand(RestartDenied):
    """Processes run our files, and no init system knows them."""

    def __init__(self, strays):
        """`strays`: {service: processes}."""
        super(ByHand, self).__init__(
            'not restarted, because the init system does not know them: %s' % ', '.join(
                '%s (process %s)' % (name, ', '.join(str(one.pid) for one in own)) for name, own in strays.items()),
            'Files are as they are to be, but these processes run the code of before.',
            'restart them the way they were started, then run the same command again')


def restart(root, name, called, maintainer_script=False, begin=lambda name, called: None):
    """Restart one service, which the init system calls `called` (a list of names); returns when that says it is done.

    From a maintainer script the operator's policy-rc.d is asked first; then `begin(name, called)` is called. Raises RestartDenied if
    that says no, and errors.InstallerError if the restart fails.
    """
    # Not through invoke-rc.d: where it finds no runlevel (containers) it forbids everything, and what we restart runs.
    policy = root.at('/usr/sbin/policy-rc.d')
    for unit in called if maintainer_script and os.access(policy, os.X_OK) else ():
        if run.run([policy, re.sub(r'[.]service$', '', unit), 'restart'], check=False)[0] == 101:
            raise RestartDenied('policy-rc.d forbids to restart %s now' % unit,
                                'Files are as they are to be, but services that still run have not taken it up.',
                                'run `light-snapshot install` (after a removal: restart them) when it suits')
    begin(name, called)
    systemd = node.init_system(root) == 'systemd'
    for unit in called:
        argv = ['systemctl', 'restart', unit] if systemd else ['service', unit, 'restart']
        code, output = run.run(argv, check=False, clean=True)
        if code != 0 and not systemd and run.run(['service', unit, 'start'], check=False, clean=True)[0] == 0:
            # A stop that took longer than the init script waits (Debian's: 35 s) ends its restart with nothing started. Whether what
            # runs now is new is seen by whoever waits for it.
            continue
        if code != 0:
            raise errors.InstallerError('%s did not restart: `%s` says: %s' % (name, ' '.join(argv), output.strip()),
                                        BEHIND, 'read %s; %s' % (SERVICES[name].log, EITHER_WAY))
