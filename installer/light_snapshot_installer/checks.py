"""What `verify` looks at. Each check yields rows ('ok' | 'FAIL' | 'note', subject, detail) and changes nothing."""
import glob
import os

from light_snapshot_installer import apparmor, bytecode, cells, diversions, errors, files, keeping, node as nodes, paths
from light_snapshot_installer import payload, schema, services, sqlfiles

OK, FAIL, NOTE = 'ok', 'FAIL', 'note'
#: For which doctor has advice of its own.
NOVAS_MISSING, NOT_NOVAS = "nova's own file is missing", "is a file of ours, where nova's own has to be"


def check_record(record, version):
    """The last run ended, and with the version that is installed now."""
    if record['phase'] != 'installed':
        yield FAIL, 'record', 'phase is "%s"; run `light-snapshot install`' % record['phase']
    elif record['version'] != version:
        yield FAIL, 'record', 'version %s is in place, the package is %s; run `light-snapshot install`' % (
            record['version'], version)
    else:
        yield OK, 'record', 'version %s' % version


def check_files(root, record, entries, kept=()):
    """Every file of the package is in place with its own bytes, owned by root and writable by nobody else.

    `kept`: those of the record that stay without a nova to extend.
    """
    for entry in entries:
        row = check_file(root, entry.target, files.sha256(entry.source))
        if row[0] == FAIL and keeping.newer(root, entry.target, record['files'].get(entry.target, {})) and entry.kind == 'shim':
            row = (FAIL, entry.target, "holds nova's own text instead of ours, and another one than %s%s" % (entry.target, paths.SUFFIX))
        yield row
    planned = set(entry.target for entry in entries)
    for path in sorted(set(record['files']) & set(kept)):
        yield check_file(root, path, record['files'][path]['sha256'])
    for path in sorted(set(record['files']) - planned - set(kept)):
        yield FAIL, path, 'is not part of this version; run `light-snapshot install`'
    for path in keeping.stored(root):
        yield NOTE, path, 'is what was found in place of a file of ours, or was behind it; remove it when nobody needs it'
    for row in check_directories(root, record['files']):
        yield row


def check_directories(root, paths_of_files):
    """Who may write to a directory above a file of ours can replace what root runs, and nova's own files there as well.

    Of directories with the same fault one inside of another is not named again.
    """
    found, faults = set(), {'/': ''}
    for path in paths_of_files:
        while path != '/':
            path = os.path.dirname(path)
            found.add(path)
    for path in sorted(found):
        try:
            facts = os.stat(root.at(path))
        except OSError:
            continue  # What is missing in it has a row.
        fault = ''
        if facts.st_mode & 0o002 and not facts.st_mode & 0o1000:
            fault = 'everybody may write to it, mode %04o: chmod o-w' % (facts.st_mode & 0o7777)
        elif facts.st_uid != 0:
            fault = 'belongs to uid %d, who can replace what root runs there, nova\'s own code included' % facts.st_uid
        elif facts.st_mode & 0o020 and facts.st_gid != 0:
            fault = 'group %d may write to it, and can replace what root runs there' % facts.st_gid
        if fault and faults.get(os.path.dirname(path)) != fault:
            yield FAIL if 'everybody' in fault else NOTE, path, fault
        faults[path] = fault
    if not any(faults.values()):
        yield OK, 'directories', 'root alone writes to those above the files'


def check_file(root, path, digest):
    """One row for one file."""
    here = root.at(path)
    if not os.path.isfile(here):
        return FAIL, path, 'missing'
    if files.sha256(here) != digest:
        return FAIL, path, 'changed (SHA-256 differs); `light-snapshot install` keeps this version in %s' % keeping.DIRECTORY
    facts = os.stat(here)
    if facts.st_uid != 0 or facts.st_mode & 0o022:
        return FAIL, path, 'owner or mode is not safe: uid %d, mode %04o' % (facts.st_uid, facts.st_mode & 0o7777)
    return OK, path, ''


def check_diversions(root, record, kept=()):
    """nova's own file is behind each shim, registered with dpkg; whether it is nova's as packaged is only noted.

    `kept`: files of ours that stay without a nova to extend.
    """
    diverted = diversions.ours(root)
    wanted = set(path for path, facts in record['files'].items() if facts['diverted'])
    sums = packaged_sums(root)
    for path in sorted(wanted | set(diverted)):
        original = path + paths.SUFFIX
        if payload.is_shim(root.at(original)):
            yield FAIL, original, NOT_NOVAS
        elif path not in diverted and not root.exists(original) and payload.is_shim(root.at(path)):
            yield FAIL, original, NOVAS_MISSING
        elif path not in diverted:
            yield FAIL, path, 'is not diverted'
        elif path not in wanted:
            yield FAIL, path, 'is diverted by us without need'
        elif path in kept or nodes.packaged(root, path):
            yield OK, original, 'diverted'
        elif not os.path.isfile(root.at(original)):
            yield FAIL, original, NOVAS_MISSING
        else:
            yield OK, original, 'diverted'
            if path in sums and files.md5(root.at(original)) != sums[path]:
                yield NOTE, original, "differs from nova's package: a hotfix; it is what runs behind our file"


def packaged_sums(root):
    """{path: md5} of the files of the packages of nova and Horizon, as dpkg recorded them."""
    sums = {}
    for pattern in ('*nova*', '*horizon*', '*openstack-dashboard*'):
        for name in glob.glob(root.followed('/var/lib/dpkg/info') + '/%s.md5sums' % pattern):
            with open(name) as stream:
                for line in stream:
                    digest, _, relative = line.rstrip('\n').partition('  ')
                    sums['/' + relative] = digest
    return sums


def check_bytecode(root, record):
    """No compiled file is left that Python would run in place of what is on disk."""
    count = 0
    for path in sorted(record['files']):
        for cached, fault in bytecode.faults(root, path):
            count += 1
            yield FAIL, cached, fault
    if not count:
        yield OK, 'compiled Python', ''


def check_columns(share, node):
    """Every column, in every table, of every cell database, of the right type."""
    if not node.controller:
        return
    try:
        found = cells.find(node.config)
        statements = sqlfiles.read(share + '/sql', 'up')
    except errors.InstallerError as error:
        yield FAIL, 'columns', error.what
        return
    if not found:
        yield NOTE, 'columns', 'nova keeps its data in neither MariaDB nor MySQL'
    for name, url in found:
        try:
            wrong = dict(((table, column), text) for table, column, text in schema.problems(url, statements))
        except errors.InstallerError as error:
            yield FAIL, 'cell %s' % name, error.what
            continue
        for statement in statements:
            text = wrong.get((statement.table, statement.column))
            subject = 'cell %s: %s: %s.%s' % (name, url.database, statement.table, statement.column)
            yield (FAIL, subject, text) if text else (OK, subject, statement.type)


def check_apparmor(root, node, record):
    """The profiles are as chosen."""
    if not node.compute:
        return
    if not apparmor.active(root):
        yield OK, 'AppArmor', 'does not run on this node'
        return
    wanted, able, names = record['apparmor']['choice'], apparmor.can_confine(root), apparmor.profiles(root)
    if names and apparmor.loaded(root, names[0]) is None:
        yield NOTE, 'AppArmor', '%s cannot be read: what the kernel has loaded was not seen' % apparmor.KERNEL
    for name in names:
        yield check_profile(root, name, wanted, able, '%s/%s' % (apparmor.DISABLED, name) in record['apparmor']['links'])
    if able and wanted == apparmor.DISABLE:
        yield NOTE, 'AppArmor', 'this libvirt can do without disabled profiles: `light-snapshot install --apparmor=confine`'


def check_profile(root, name, wanted, able, ours):
    """One row for one profile. `able`: guests under it can commit; `ours`: a link that disables it would be the record's."""
    subject, linked, loaded = 'AppArmor %s' % name, apparmor.disabled(root, name), apparmor.loaded(root, name)
    if wanted == apparmor.DISABLE and linked and loaded:
        return FAIL, subject, 'is disabled, but the kernel still has it; run `light-snapshot install`'
    if wanted == apparmor.DISABLE and linked:
        return OK, subject, 'disabled' if loaded is None else 'disabled, and not in the kernel'
    if not wanted:
        return FAIL, subject, 'came after light-snapshot; run `light-snapshot install`'
    if wanted == apparmor.DISABLE or linked and ours:
        return FAIL, subject, 'is %s, but the choice is %s' % ('disabled' if linked else 'enabled', wanted)
    if linked:
        return NOTE, subject, 'is disabled, and not by light-snapshot'
    if loaded is False:
        return NOTE, subject, 'is enabled, but the kernel does not have it: nothing is confined by it'
    if able:
        return OK, subject, 'enabled: this libvirt lets confined guests commit their layers'
    if wanted == apparmor.KEEP:
        return NOTE, subject, 'kept: libvirt may refuse later commits of layers (docs/installer.md)'
    return FAIL, subject, 'enabled, and this libvirt refuses later commits of layers; choose --apparmor=disable, or update it'


def check_services(root, record):
    """Every running service that uses our files started after the newest of them was put in place."""
    if not root.live:
        yield NOTE, 'services', 'not looked at: this node is a tree, not a running machine'
        return
    every = list(record['files'])
    active = services.running(root)
    outdated = services.stale(root, every)
    for name in services.SERVICES:
        if not services.relevant(every, name, root) or not (services.installed(root, name) or name in active):
            continue
        if name not in active:
            yield NOTE, name, 'is not running'
        elif name in outdated or name in record['pending'] and not _by_hand(record, name, active[name]):
            strays = services.units(root, name, active[name])[1]
            yield FAIL, name, ('runs the code of before, and the init system does not know process %s: restart that the way it was started,'
                               ' then run `light-snapshot install`' % ', '.join(str(one.pid) for one in strays) if strays else
                               'runs the code of before; restart it with `light-snapshot install` (init: %s)' % nodes.init_system(root))
        else:
            yield OK, name, 'runs the code on disk (%d processes)' % len(active[name])


def _by_hand(record, name, own):
    """True if a service that only the operator can restart has been restarted since it was asked for."""
    return name in record['by_hand'] and not any(list(one.key) in record['by_hand'][name] for one in own)
