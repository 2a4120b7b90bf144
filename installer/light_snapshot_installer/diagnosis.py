"""What `doctor` looks at beside what `verify` does: hooks, chains, space, clocks, services of the whole cloud.

Each check yields Finding rows and changes nothing.
"""
import collections
import datetime
import json
import os
import subprocess
import sys
import time

from light_snapshot_installer import SHARE, cells, database, errors, ini, node as nodes, records, run, services
from light_snapshot_installer.checks import FAIL, NOTE, OK

#: result: 'ok', 'FAIL' or 'note'. area: what was looked at. advice: what to do, '' if nothing.
Finding = collections.namedtuple('Finding', 'area result subject detail advice')

PROBE = os.path.join('installer', 'probe.py')
#: Which of nova's modules a node's part runs, of those that are extended. The probe knows which of them this nova has to have.
MODULES = {
    nodes.COMPUTE: ['nova.virt.libvirt.driver', 'nova.virt.libvirt.imagebackend', 'nova.compute.manager'],
    nodes.CONTROLLER: ['nova.conductor.manager', 'nova.api.openstack.compute.routes'],
}
#: Seconds by which two clocks of a cloud may differ: nova itself takes a service for dead after service_down_time (60).
SKEW = 30
#: A service that has not reported for so long (seconds) does not run.
SILENT = 300
#: Of a file system: below this part free, a note.
LOW = 0.1
MARGIN = 64 * 1024 * 1024


def ask(root, node, share=SHARE):
    """What probe.py answers under this node's Python; {'failed': why} if it cannot."""
    modules = [name for part in node.parts for name in MODULES.get(part, [])]
    asked = json.dumps({'modules': modules, 'directories': directories(root, node), 'daily': daily_options(node)})
    program = os.path.join(share, PROBE)
    if not os.path.exists(program):
        program = os.path.join(SHARE, PROBE)
    environment = dict((key, os.environ[key]) for key in run.CLEAN if key in os.environ)
    environment['LC_ALL'] = 'C.UTF-8'
    try:
        child = subprocess.Popen([sys.executable, '-B', '-E', '-s', program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, env=environment, cwd='/', close_fds=True)
        answer, said = child.communicate(asked.encode('utf-8'))
        return json.loads(answer.decode('utf-8')) if child.returncode == 0 else {'failed': last_line(said)}
    except (IOError, OSError, ValueError) as error:
        return {'failed': str(error)}


def last_line(said):
    """The last line of what a program printed (bytes): of a traceback, the exception."""
    lines = said.decode('utf-8', 'replace').strip().splitlines()
    return lines[-1] if lines else 'it printed nothing'


def directories(root, node):
    """{uuid: directory} of the servers with a record that can be read."""
    top = node.instances_path()
    return dict((uuid, root.followed(os.path.join(top, uuid))) for uuid, _live, problem in _servers(root, node)
                if not problem and os.path.isfile(root.followed(os.path.join(top, uuid, records.NAME))))


def _servers(root, node):
    """records.read's rows; none where they cannot be read, which check_chains says."""
    try:
        return records.read(root, node.instances_path()) if node.compute else []
    except records.Unreadable:
        return []


def daily_options(node):
    """The window of the daily snapshots in nova-compute's configuration."""
    config = ini.load_nova(node.root, compute=True)
    return dict((name, config.get('light_snapshot', 'daily_' + name, default)) for name, default in (
        ('start', '02:00'), ('window', '240'), ('timezone', 'UTC')))


def check_hooks(node, answer):
    """nova's modules are imported as its services do, and what is extended in them is."""
    if not node.code:
        return
    if 'failed' in answer:
        yield Finding('hooks', FAIL, 'hooks', 'they could not be looked at: %s' % answer['failed'],
                      'run `light-snapshot verify`; if all is in place, report this with a support bundle')
        return
    for text in answer['hooks']:
        yield Finding('hooks', FAIL, 'hooks', text,
                      'operations are refused and nova runs on; install the release of light-snapshot for nova %s' % (
                          answer['nova'] or 'that runs here'))
    if not answer['hooks']:
        yield Finding('hooks', OK, 'hooks', 'nova %s on Python %s' % (answer['nova'] or 'without a version', answer['python']), '')


def check_chains(root, node, answer):
    """Each server's layers are what its record says."""
    if not node.compute:
        return
    try:
        records.read(root, node.instances_path())
    except records.Unreadable as error:
        yield Finding('chains', FAIL, 'servers', error.what, error.next_step)
        return
    count = 0
    for uuid, _live, problem in _servers(root, node):
        count += 1
        if problem:
            yield Finding('chains', FAIL, uuid, problem, 'restore light-snapshot.json of this server from a backup of the host;'
                                                         ' do not start the server before')
        for found in answer.get('servers', {}).get(uuid, []):
            where = '%s: ' % found['file'] if found['file'] else ''
            error = found['severity'] == 'error'
            yield Finding('chains', FAIL if error else NOTE, uuid, where + found['message'],
                          'openstack server light snapshot check %s%s' % (uuid, ' --repair' if not error else ''))
    yield Finding('chains', OK, 'servers', '%d with a record were looked at' % count, '')


def check_space(root, node):
    """The next commit of each server has room."""
    if not node.compute or not os.path.isdir(root.followed(node.instances_path())):
        return
    path = node.instances_path()
    facts = os.statvfs(root.followed(path))
    free, part = facts.f_bavail * facts.f_frsize, facts.f_bavail / float(facts.f_blocks or 1)
    need, uuid = largest_layer(root, node)
    text = '%s has %d MiB free (%d %%)' % (path, free >> 20, part * 100)
    advice = 'free space there, or extend it; deleted layers go by themselves after deleted_seconds'
    if uuid and free < need + MARGIN:
        yield Finding('space', FAIL, 'space', '%s; the next commit of server %s may need %d MiB' % (
            text, uuid, (need + MARGIN) >> 20), advice)
    elif part < LOW:
        yield Finding('space', NOTE, 'space', text, advice)
    else:
        yield Finding('space', OK, 'space', text, '')


def largest_layer(root, node):
    """(bytes, uuid) of the largest frozen layer that a server of this host stands on; (0, '') without one."""
    best = (0, '')
    for uuid, directory in directories(root, node).items():
        with open(os.path.join(directory, records.NAME)) as stream:
            record = json.load(stream)
        for layer in record['live'][:-1]:
            try:
                best = max(best, (os.stat(os.path.join(directory, layer['file'])).st_blocks * 512, uuid))
            except (OSError, KeyError, TypeError):
                pass
    return best


def check_daily(root, node, answer, now=time.time):
    """The window of the daily snapshots can be, and this host's clock is one that they can go by."""
    if not node.compute:
        return
    if answer.get('daily'):
        yield Finding('daily', FAIL, 'daily snapshots', 'none is taken on this host: ' + answer['daily'],
                      'correct [light_snapshot] daily_* in nova.conf, then restart nova-compute')
    tomorrow = (datetime.date(1970, 1, 1) + datetime.timedelta(seconds=now(), days=1)).isoformat()
    for uuid, directory in sorted(directories(root, node).items()):
        with open(os.path.join(directory, records.NAME)) as stream:
            noted = json.load(stream).get('daily') or {}
        slot, taken = noted.get('slot') or '', noted.get('taken') or ''
        if max(slot, taken) > tomorrow:
            yield Finding('daily', FAIL, uuid, 'its last daily snapshot is of %s, a day to come: a clock is, or was, wrong' % (
                max(slot, taken)), 'set the clock of this host (date -u shows it); nova-compute puts the day right by itself')
        elif slot > taken:
            yield Finding('daily', NOTE, uuid, 'none was taken of %s' % slot,
                          'openstack server event list %s says why, as does /var/log/nova/nova-compute.log' % uuid)
    synchronised = clock_synchronised(root)
    if synchronised is False:
        yield Finding('daily', NOTE, 'clock', 'systemd says that it is not synchronised', 'run chrony, ntpd or systemd-timesyncd')
    elif not answer.get('daily'):
        yield Finding('daily', OK, 'clock', time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(now())), '')


def clock_synchronised(root):
    """What systemd knows; None where it is not asked."""
    if not root.live or nodes.init_system(root) != 'systemd':
        return None
    code, said = run.run(['timedatectl', 'show', '--property=NTPSynchronized', '--value'], check=False)
    return said.strip() == 'yes' if code == 0 else None


def check_cloud(node, now=time.time):
    """On a controller: nova's services on every host, as the cell databases know them, and the databases' clocks."""
    if not node.controller:
        return
    try:
        found = cells.find(node.config)
    except errors.InstallerError as error:
        yield Finding('cloud', FAIL, 'cells', error.what, error.next_step)
        return
    for name, url in found:
        try:
            ahead, rows = _cell(url, now)
        except errors.InstallerError as error:
            yield Finding('cloud', FAIL, 'cell %s' % name, error.what, error.next_step or 'see that the database is up')
            continue
        for finding in _judge(name, ahead, rows):
            yield finding


def _cell(url, now):
    with database.session(url) as connection:
        there = database.query(connection, 'SELECT UNIX_TIMESTAMP()')[0][0]
        ahead = now() - float(there)
        rows = database.query(connection, 'SELECT host, `binary`, version, TIMESTAMPDIFF(SECOND, updated_at, UTC_TIMESTAMP())'
                                          ' FROM services WHERE deleted = 0 AND disabled = 0 ORDER BY host, `binary`')
    return ahead, rows


def _judge(name, ahead, rows):
    """Findings of one cell from the difference of the clocks (seconds) and (host, binary, version, seconds silent) rows."""
    if abs(ahead) > SKEW:
        yield Finding('cloud', FAIL, 'cell %s' % name, 'the clocks of this node and of the database differ by %d s' % abs(ahead),
                      'synchronise both with one source (chrony, ntpd): the days of daily snapshots go by them')
    ours = [row for row in rows if row[1] in (services.COMPUTE, services.CONDUCTOR)]
    for host, binary, _version, silent in ours:
        if silent is None or silent > SILENT:
            yield Finding('cloud', NOTE, '%s on %s' % (binary, host), 'has not reported for %s' % (
                '%d s' % silent if silent is not None else 'as long as it is known'),
                'read its log there, and run `light-snapshot doctor` there')
    versions = collections.defaultdict(list)
    for host, binary, version, _silent in ours:
        if binary == services.COMPUTE:
            versions[version].append(host)
    if len(versions) > 1:
        yield Finding('cloud', NOTE, 'cell %s' % name, 'nova-compute is of different releases: %s' % '; '.join(
            'service version %s on %s' % (version, ', '.join(sorted(hosts)[:5])) for version, hosts in sorted(versions.items())),
            'bring all hosts to one release of nova')
    yield Finding('cloud', OK, 'cell %s' % name, '%d services are known' % len(ours), '')
