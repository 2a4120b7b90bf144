"""Whether a server is what it was: its bytes, its restore points, its record, its columns."""

from testbed import shell
from testbed.guestctl import GuestError
from tests.operations.world import HOST, OTHER, rows

KEPT, COMMITTED, REFUSED, LOST, FAILED, ANEW, GONE = 'kept', 'committed', 'refused', 'LOST', 'FAILED', 'anew', 'gone'
#: What an entry of the list says of a restore point for ever.
LASTING = ('parent', 'name', 'description', 'created_at', 'consistency', 'safety', 'daily')
OFF = {'light_snapshot_enable': False, 'snapshot_committed': False, 'snapshot_store': False, 'snapshot_index': None, 'root_index': None}


class Look:
    """What can be seen of a server at rest."""

    def __init__(self, server):
        server.settled()
        server.look()
        self.host, self.status, self.record = server.where, server.details()['status'], server.loaded()
        self.columns, self.points = server.columns(), server.points()
        self.state = None if self.record is None else self.record.state()
        self.listed = {index: [entry[name] for name in LASTING + ('state', 'kept', 'current')] for index, entry in self.points.items()}
        self.digests = {index: server.place.point(self.record, index) for index in self.points}
        self.active = server.place.actives(self.record) if self.record is not None and self.status == 'SHUTOFF' else None


def _moved(before, now):
    """Whether the root disk holds another restore point, by snapshots or by a commit of all."""
    if before.record is None or now.record is None:
        return False
    return before.record.root['index'] != now.record.root['index'] or (not before.record.live and bool(now.record.live))


def committed(before, now):
    """Whether all layers were committed in between: nothing is frozen above the root disk then, as it is after a snapshot."""
    return _moved(before, now) and len(now.record.live) < 2


def changes(before, now):
    """What is not as it was, as a list of texts."""
    if before.record is None or now.record is None:
        found = [] if now.columns == OFF else ['the columns of a plain server: %s' % now.columns]
        return found if before.record is now.record else ['it had a record %s, now %s' % (before.record, now.record)]
    found = []
    for index, entry in sorted(before.points.items()):
        if index not in now.points:
            # Without history the root disk holds what the last snapshot held, and more.
            if not (_moved(before, now) and not before.record.store and not entry['kept']):
                found.append('restore point %d is gone; there are %s' % (index, sorted(now.points)))
            continue
        other = now.points[index]
        # That the one below is gone was judged with that one.
        found.extend('restore point %d: %s was %r and is %r' % (index, name, entry[name], other[name])
                     for name in LASTING if entry[name] != other[name]
                     and not (name == 'parent' and other[name] is None and entry[name] not in now.points))
        if before.digests[index] != now.digests[index]:
            found.append('restore point %d has other bytes' % index)
    if now.record.index < before.record.index:
        found.append('the newest index was %d and is %d' % (before.record.index, now.record.index))
    return found + agree(now)


def agree(now):
    """Where the columns do not say what the record says."""
    record = now.record
    wanted = {'light_snapshot_enable': True, 'snapshot_committed': not record.live, 'snapshot_store': record.store,
              'snapshot_index': record.index, 'root_index': record.root['index']}
    return [] if now.columns == wanted else ['the columns are %s and have to be %s' % (now.columns, wanted)]


def same(server, before):
    """(verdict, what is wrong) of a server that has to be as it was."""
    now = Look(server)
    found = changes(before, now)
    if None not in (before.active, now.active) and before.active != now.active:
        found.append('the disks of the server, which is off, have other bytes')
    found.extend(in_order(server))
    server.power(True)
    found.extend(as_the_guest_sees(server))
    return (LOST if found else COMMITTED if committed(before, now) else KEPT), found


def untouched(server, before):
    """(verdict, what is wrong) of a server after a refusal."""
    now = Look(server)
    # What the disks of one that is off held counts for nothing where the operation has started its system before the refusal.
    names = ('host', 'status', 'columns', 'listed', 'state') + (() if before.active is None else ('active',))
    found = ['%s was %s and is %s' % (name, getattr(before, name), getattr(now, name)) for name in names
             if getattr(before, name) != getattr(now, name)]
    if before.digests != now.digests:
        found.append('a restore point has other bytes')
    found.extend(in_order(server))
    server.power(True)
    found.extend(as_the_guest_sees(server))
    return (LOST if found else REFUSED), found


def in_order(server):
    """What a check finds, and what lies about."""
    # A QEMU that was killed may have allocated clusters that it did not use yet; no data is lost, and a repair gives them back.
    found = ['check: %s' % one for one in server.check() if not (server.killed and one['code'] == 'leaks')]
    found.extend('left over: %s' % name for name in server.place.leftovers())
    # nova clears up on the other host after it has told that it is done.
    if not shell.poll(lambda: not _beside(server), 60):
        found.append('left over: %s' % _beside(server))
    return found


def _beside(server):
    """Directories of a server that are not its own: of a resize, of a deletion, on the other host."""
    tops = {server.world.instances(host) for host in (HOST, OTHER)}
    return sorted(str(path) for top in tops if top.is_dir() for path in top.glob(server.uuid + '*') if path != server.directory)


def as_the_guest_sees(server):
    """The guest, which runs, has what it had, and writes to what its record says."""
    found = []
    try:
        sums = server.sums(*server.known)
        found.extend('the guest reads %s as %s instead of %s' % (name, sums[name], wanted)
                     for name, wanted in sorted(server.known.items()) if sums[name] != wanted)
        server.guest.records()
        actives = server.actives()
    except GuestError as exc:
        return found + ['the guest: %s' % exc]
    if actives != server.must_write_to():
        found.append('the guest writes to %s, and by its record to %s' % (actives, server.must_write_to()))
    return found


def anew(server, before, enabled):
    """nova has made the disk anew: nothing of the old one is left, and light snapshots are on or off.

    :param enabled: whether light snapshots stay on where they were on
    """
    server.settled()
    server.power(True)
    server.settled()
    now = Look(server)
    found = in_order(server)
    if before.record is not None and enabled:
        if now.record is None:
            found.append('light snapshots are off')
        else:
            found.extend(agree(now))
            if now.record.index < before.record.index:
                found.append('an index comes twice: the newest was %d and is %d' % (before.record.index, now.record.index))
    elif now.record is not None or now.columns != OFF:
        found.append('light snapshots are on: %s' % now.columns)
    else:
        found.extend('left over: %s' % path.name for path in server.directory.iterdir() if 'light' in path.name or path.name == 'snapshots')
    old = {name: value for name, value in server.sums(*server.known).items() if value is not None and name not in server.devices}
    if old:
        found.append('the guest has files of the old disk: %s' % sorted(old))
    return (LOST if found else ANEW), found


def gone(server, _before):
    """Nothing is left of a deleted server."""
    found = []
    for host in (HOST, OTHER):
        top = server.world.instances(host)
        if top.is_dir() and not shell.poll(lambda top=top: not list(top.glob(server.uuid + '*')), 60):
            found.append('left on %s: %s' % (host, [str(path) for path in top.glob(server.uuid + '*')]))
    if server.guest.state() != 'absent':
        found.append('libvirt has it still: %s' % server.guest.state())
    if any(not row['deleted'] for row in rows(server.uuid)):
        found.append('the database has it still')
    return (LOST if found else GONE), found

