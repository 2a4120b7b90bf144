"""The rows and columns of the matrix, and going through it."""

import concurrent.futures
import itertools
import time
import traceback

from tests.operations import devices, hosts, judge, operations
from tests.operations.operations import Operation
from tests.operations.server import Refused
from tests.operations.states import STATES
from tests.operations.world import HOST, OTHER


def _nothing(_server):
    pass


def _anew(enabled):
    return lambda server, before: judge.anew(server, before, enabled)


def _recovered(server, before):
    """A snapshot, and a recover, have new layers on another restore point; nothing was committed."""
    verdict, found = judge.same(server, before)
    return (judge.KEPT if verdict == judge.COMMITTED else verdict), found


BOTH = (HOST, OTHER)
OPERATIONS = (
    Operation('soft reboot', operations.soft_reboot),
    Operation('hard reboot', operations.hard_reboot),
    Operation('stop and start', operations.stop_and_start),
    Operation('pause and unpause', operations.pause),
    Operation('suspend and resume', operations.suspend),
    Operation('rescue and unrescue', operations.rescue),
    Operation('soft reboot after an unrescue', operations.soft_reboot_of_another_chain),
    Operation('lock', operations.lock),
    Operation('image create', operations.create_image),
    Operation('backup', operations.backup),
    Operation('shelve (offloaded) and unshelve', operations.shelve),
    Operation('resize up on the same host, confirm', operations.resize),
    Operation('resize up on the same host, revert', operations.resize_and_revert),
    Operation('resize down, which nova refuses', operations.resize_down),
    Operation('two operations at once', operations.two_at_once),
    Operation('nova-compute restart', _nothing, around=hosts.compute_restarted),
    Operation('libvirtd restart', _nothing, around=hosts.libvirtd_restarted),
    Operation('host reboot', hosts.is_up, around=hosts.rebooted),
    Operation('soft delete and restore', operations.soft_delete_and_restore, around=hosts.deletion_deferred),
    Operation('db archive_deleted_rows, purge', _nothing, around=hosts.archived),
    Operation('attach and detach a volume', devices.volume, _recovered, starts=True, devices=True),
    Operation('attach and detach an interface', devices.interface, _recovered, around=devices.network, starts=True, devices=True),
    Operation('rescue and unrescue, a volume attached', devices.with_volume(operations.rescue), starts=True, devices=True),
    Operation('enable, snapshot: booted from a volume', devices.booted_from_a_volume, devices=True, states=('plain',)),
    Operation('resize up on the other host, confirm', operations.resize_elsewhere, among=(OTHER,), second='own'),
    Operation('cold migration, confirm', operations.cold_migration, on=None, among=BOTH, second='own'),
    Operation('live block migration', operations.live_migration, on=None, among=BOTH, second='own'),
    Operation('cold migration, a volume attached', devices.with_volume(operations.cold_migration), starts=True, on=None, among=BOTH, second='own',
              devices=True),
    Operation('live migration, a volume attached', devices.with_volume(operations.live_migration), starts=True, on=None, among=BOTH, second='own',
              devices=True),
    Operation('soft reboot after a live migration', operations.soft_reboot_of_another_chain, on=None, second='own'),
    Operation('live block migration that fails half way', operations.live_migration_dies, on=None, among=BOTH, second='own'),
    Operation('evacuate, own disks', operations.evacuate, _anew(True), hosts.second_dead, on=OTHER, second='own'),
    Operation('cold migration, shared storage, revert', operations.cold_migration_and_revert, among=BOTH, second='shared'),
    Operation('cold migration, shared storage, confirm', operations.cold_migration, among=BOTH, second='shared'),
    # libvirt takes the disks for shared on host 2 only: host 1's own libvirtd is left as it is.
    Operation('live migration, shared storage', operations.live_migration, on=OTHER, among=BOTH, second='shared'),
    Operation('live migration, shared storage, that fails', operations.live_migration_dies, on=OTHER, among=BOTH, second='shared'),
    Operation('evacuate, shared storage', operations.evacuate, around=hosts.second_dead, on=OTHER, second='shared'),
    Operation('recover, after all of these', operations.recover, _recovered, starts=True, listed=True),
    Operation('image-cache pass, image deleted', operations.hard_reboot, around=hosts.image_gone),
    Operation('rebuild', operations.rebuild, _anew(False)),
    Operation('force-delete during a snapshot', operations.force_delete, judge.gone),
    Operation('delete', operations.delete, judge.gone),
)

#: (operation, state): why nova or libvirt cannot. Any other refusal is a failure. docs/operations.md says the same.
_OFF = 'nova does this to a server that runs, and answers 409 for one that is off'
_HISTORY = 'the history lies on the host that the server leaves'
REFUSED = {(title, 'stopped'): _OFF for title in (
    'soft reboot', 'soft reboot after an unrescue', 'soft reboot after a live migration', 'pause and unpause', 'suspend and resume',
    'live block migration', 'live migration, a volume attached', 'live block migration that fails half way', 'live migration, shared storage',
    'live migration, shared storage, that fails')}
REFUSED['enable, snapshot: booted from a volume', 'plain'] = 'a server booted from a volume has no disk of its own that could carry layers'
REFUSED.update({('shelve (offloaded) and unshelve', state.title): _HISTORY for state in STATES if state.history})

#: What --sample takes, one host alone: (states, operations).
SAMPLE = (('5 kept', 'two disks'), (
    'pause and unpause', 'suspend and resume', 'rescue and unrescue', 'lock', 'two operations at once', 'libvirtd restart', 'host reboot',
    'force-delete during a snapshot'))


class Cell:
    """One operation on a server in one state: `verdict`, None where it does not apply."""

    def __init__(self, operation, subject):
        self.operation, self.subject = operation, subject
        self.verdict, self.found, self.seconds = None, [], 0.0
        self.before = self.error = None

    def applies(self):
        """Whether its operation is for a server like this one, which was looked at."""
        return not self.operation.listed or bool(set(self.subject.server.at) & set(self.before.points))

    def step(self, act):
        """A part of it; what goes wrong ends it."""
        if self.error is not None:
            return
        began = time.monotonic()
        try:
            act()
        except Exception as exc:
            self.error = exc
            self.trace = traceback.format_exc()
        self.seconds += time.monotonic() - began


class Subject:
    """A state and the server that is in it; a new one where the last operation destroyed it, or a cell went wrong."""

    def __init__(self, world, state):
        self.world, self.state, self.server, self.dressed = world, state, None, True

    def there(self):
        """Have a server in the state."""
        if self.server is None:
            self.server, self.dressed = self.state.make(self.world), False
        if not self.dressed:
            self.state.dress(self.server)
        self.dressed = True


class Matrix:
    """
    :param tell: callable(cell), for each that is done; from several threads
    """

    def __init__(self, world, states, chosen, tell, workers):
        self.world, self.operations, self.tell, self.workers = world, chosen, tell, workers
        self.subjects = [Subject(world, state) for state in states]

    def run(self):
        for alone, rows in itertools.groupby(self.operations, key=Operation.alone):
            if alone:
                self._alone(list(rows))
            else:
                for operation in rows:
                    self._row(operation)

    def _cells(self, operation):
        return [Cell(operation, subject) for subject in self.subjects if operation.states is None or subject.state.title in operation.states]

    def _all(self, act, those):
        with concurrent.futures.ThreadPoolExecutor(self.workers) as pool:
            list(pool.map(act, those))

    def _each(self, cells, act):
        self._all(lambda cell: cell.step(lambda: act(cell)), cells)

    def _alone(self, rows):
        """Rows of which nothing concerns the host: each server goes through all of them, and waits for no other one."""
        cells = [cell for operation in rows for cell in self._cells(operation)]
        if any(cell.operation.devices for cell in cells):
            self.world.bring_devices()
        self._move([next(cell for cell in cells if cell.subject is subject) for subject in {cell.subject for cell in cells}], HOST)
        self._all(lambda subject: self._through([cell for cell in cells if cell.subject is subject]), self.subjects)

    def _through(self, cells):
        for cell in cells:
            cell.step(cell.subject.there)
            cell.step(lambda: self._look(cell))
            if cell.error is None and not cell.applies():
                continue
            cell.step(lambda: self._operate(cell))
            cell.step(lambda: self._judge(cell))
            self._end(cell)
            self.tell(cell)

    def _row(self, operation):
        cells = self._cells(operation)
        if operation.devices and cells:
            self.world.bring_devices()
        if operation.second and self.world.second != operation.second:
            # Host 1 can take what is on the other one only as long as that one is up.
            self._move(cells, HOST)
            self.world.bring_second(operation.second)
            self.world.schedule(HOST)
        self._each(cells, lambda cell: cell.subject.there())
        self._move(cells, operation.on)
        self._each(cells, self._look)
        cells = [cell for cell in cells if cell.error or cell.applies()]
        self.world.schedule(*operation.among)
        self._run(operation, [cell for cell in cells if cell.error is None])
        self.world.schedule(HOST)
        self._each(cells, self._judge)
        for cell in cells:
            self._end(cell)
            self.tell(cell)

    def _move(self, cells, where):
        """Have the servers on a host."""
        away = [cell for cell in cells if where is not None and cell.subject.server is not None and cell.subject.server.where != where]
        if away:
            self.world.schedule(*BOTH)
            self._each(away, lambda cell: cell.subject.server.migrate(where))
            self.world.schedule(HOST)

    @staticmethod
    def _look(cell):
        cell.subject.state.ready(cell.subject.server)
        cell.before = judge.Look(cell.subject.server)
        cell.seconds = 0.0

    @staticmethod
    def _operate(cell):
        try:
            cell.operation.run(cell.subject.server)
        except Refused as exc:
            cell.verdict = judge.REFUSED
            cell.found = [str(exc)]

    def _run(self, operation, cells):
        try:
            with operation.around(self.world, [cell.subject.server for cell in cells]):
                self._each(cells, self._operate)
        except Exception as exc:
            for cell in cells:
                if cell.error is None:
                    cell.error, cell.trace = exc, traceback.format_exc()

    @staticmethod
    def _judge(cell):
        server, said = cell.subject.server, cell.found
        if cell.operation.starts:
            # A system that starts writes to its disks: of a server that was off they cannot be what they were.
            cell.before.active = None
        if cell.verdict == judge.REFUSED:
            cell.verdict, cell.found = judge.untouched(server, cell.before)
            if not cell.found and (cell.operation.title, cell.subject.state.title) not in REFUSED:
                cell.verdict, cell.found = judge.FAILED, ['an unexpected refusal: %s' % said[0]]
        else:
            cell.verdict, cell.found = cell.operation.judge(server, cell.before)

    def _end(self, cell):
        subject = cell.subject
        if cell.error is not None:
            cell.verdict, cell.found = judge.FAILED, ['%s: %s' % (type(cell.error).__name__, cell.error), cell.trace]
            if cell.before is not None and subject.server is not None:
                self._afterwards(cell)
        if cell.verdict == judge.ANEW:
            subject.dressed = False
        elif cell.verdict in (judge.GONE, judge.LOST, judge.FAILED):
            self._remove(subject)

    @staticmethod
    def _afterwards(cell):
        """An operation that did not come to its end, for a reason of its own, must not have lost anything."""
        try:
            verdict, found = cell.operation.judge(cell.subject.server, cell.before)
            cell.found.append('afterwards: %s' % verdict)
            if verdict == judge.LOST:
                cell.verdict = judge.LOST
                cell.found.extend(found)
        except Exception as exc:
            cell.found.append('afterwards it could not be looked at: %s: %s' % (type(exc).__name__, exc))

    def _remove(self, subject):
        server, subject.server = subject.server, None
        if server is not None:
            try:
                self.world.admin.delete_server(server.uuid)
            except Exception as exc:
                print('        server %s could not be deleted: %s' % (server.uuid, exc), flush=True)
