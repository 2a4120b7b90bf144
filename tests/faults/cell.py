"""One cell of the matrix: a server, an operation stopped at a boundary, a fault, the way back, and the checks."""

import time

import libvirt

from light_snapshot.engine import errors
from tests.faults import checks
from tests.faults.engine_process import EngineProcess
from tests.faults.guest import Dark
from tests.faults.operations import BEFORE, enable

ENGINE_SECONDS = 60     # until an engine that goes on after a fault must have come to its end
TRIES = 3               # starts of nova-compute until everything must be settled


class Cell:
    """
    :param prepared: `Prepared`
    :param operation: `Operation`
    :param fault: `Fault`; None: an undisturbed run
    :param boundary: number of the act before which it strikes
    :param after: indices of the restore points that an undisturbed run leaves
    """

    def __init__(self, prepared, operation, fault=None, boundary=None, after=None):
        self.prepared, self.operation, self.fault, self.boundary, self.after = prepared, operation, fault, boundary, after
        self.problems = checks.Problems()
        self.notes, self.acts = [], []
        self.outcome = None
        self.reached = True
        self.killed = False
        self.crashed = None     # what QEMU said when it ended by a fault of its own
        self.restarted = False  # the guest, because an error of the engine told so

    def run(self):
        """The server's whole story. What is wrong is in `problems` afterwards."""
        server = self.prepared.copy(self.fault.volume) if self.fault else self.prepared.copy()
        try:
            self._operate(server)
            if self.reached:
                self._come_back(server)
                self._check(server)
        finally:
            server.remove()

    # ---- the operation and the fault

    def _operate(self, server):
        guest = server.guest
        if self.operation.running:
            guest.on(server.sources())
            guest.wait_writing(4)
        else:
            guest.define(server.sources())
        self.lowest = guest.acknowledged() if self.operation.running else self.prepared.newest
        child = EngineProcess(server, self.operation, self.boundary)
        if self.fault is None:
            self.outcome = child.wait_end(ENGINE_SECONDS)
            self.acts = child.acts
            if self.outcome is None or self.outcome['error']:
                self.problems.add(checks.STUCK, 'undisturbed, it ends with %s' % self.outcome)
            return
        self.reached = child.wait_boundary()
        if not self.reached:
            child.kill()
            return
        self.acts = child.acts[:]
        self.fault.strike(server, child)
        if not self.fault.engine_dies:
            child.go_on()
            self.outcome = child.wait_end(ENGINE_SECONDS)
            if self.outcome is None:
                self.problems.add(checks.STUCK, 'the engine does not come to an end within %d s' % ENGINE_SECONDS)
            elif self.outcome.get('bug'):
                self.problems.add(checks.STUCK, 'the engine ends with an error that is none of its own: %s' % self.outcome['error'])
        self.fault.repair(server)
        self.killed = self.fault.guest_dies or server.volume.rebooted
        if not guest.running():
            self._notice_crash(guest)
        guest.full_speed()

    def _notice_crash(self, guest):
        """QEMU 7.2 does not stand every error of a disk. Its guest is off then, as after a SIGKILL; that is told, and all else must hold."""
        if self.operation.running and not self.killed and self.fault is not None and not self.fault.sudden:
            self.crashed = guest.last_words()
            self.killed = self.crashed is not None

    # ---- nova-compute starts again

    def _come_back(self, server):
        left = TRIES
        while True:
            try:
                engine = server.engine()
                engine.settle()
                engine.finish()
                return
            except (errors.EngineError, libvirt.libvirtError, OSError) as exc:
                self.notes.append('settle: %s' % exc)
                left -= 1
                if not left and not self.restarted and self._obey(server, str(exc)):
                    left = TRIES
                if not left:
                    self.problems.add(checks.STUCK, 'it cannot be settled: %s: %s' % (type(exc).__name__, exc))
                    return
                time.sleep(0.3)

    def _obey(self, server, text):
        """Do what the engine's error tells the operator; whether it tells anything."""
        if 'Stop the server and start it again' in text:
            server.guest.off()
        elif 'a QEMU that libvirt has lost, end it' in text:
            server.kill_qemu()
        else:
            return False
        self.killed = self.restarted = True
        return True

    # ---- the checks

    def _check(self, server):
        guest = server.guest
        if guest.running():
            checks.running(server, self.problems)
        elif self.operation.running and not self.killed:
            # libvirt may have learned of it since.
            self._notice_crash(guest)
            if not self.killed:
                self.problems.add(checks.LOST, 'the guest has ended')
        told = guest.acknowledged()
        guest.off()
        told = max(told, guest.acknowledged()) or self.prepared.newest
        checks.names(server, self.problems)
        checks.images(server, self.problems, self.killed)
        if self.problems:
            return      # what follows would only repeat it
        newest = self._check_disk(server, told)
        checks.points(server, self.problems, self.prepared.points, server.points() if self.after is None else self.after,
                      self.lowest, newest if self.operation.target is None else None, self.prepared.before)
        if self.fault is None:
            self.after = server.points()
        self._boot(server, newest)

    def _check_disk(self, server, told):
        target = self.operation.target
        if target is None:
            return checks.disk(server, self.problems, told, None if self.operation.running else [self.prepared.sum])
        sums = [self.prepared.before if target == BEFORE else self.prepared.points[target(self.prepared.points)]]
        if self.outcome is None or self.outcome['error']:
            sums.append(self.prepared.sum)
        return checks.disk(server, self.problems, None, sums)

    def _boot(self, server, newest):
        """It boots with these bytes and goes on writing, and the next operation succeeds."""
        guest = server.guest
        try:
            server.engine().prepare_start()
            up = guest.on(server.sources())
        except (Dark, errors.EngineError) as exc:
            self.problems.add(checks.LOST, 'it does not start: %s' % exc)
            return
        if up != newest:
            self.problems.add(checks.LOST, 'the guest came up with record %d, and its disk has %s' % (up, newest))
        if not guest.wait_writing(4):
            self.problems.add(checks.STUCK, 'the guest does not write after its start')
        engine = server.engine()
        try:
            if engine.record is None:
                enable(engine)
            elif engine.record.preview:
                engine.keep_preview()
            else:
                engine.snapshot('next')
            engine.finish()
        except (errors.EngineError, libvirt.libvirtError) as exc:
            self.problems.add(checks.STUCK, 'the next operation fails: %s' % exc)
            return
        checks.running(server, self.problems)
        guest.off()
        checks.names(server, self.problems)
        checks.disk(server, self.problems, guest.acknowledged())
