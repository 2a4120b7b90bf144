"""Which cells there are, and handing them to workers."""

import collections
import threading
import time

from tests.faults import child, faults, operations
from tests.faults.commands import HarnessError
from tests.faults.workers import Worker

#: (operation, how the act begins, fault): what `make test` runs of the matrix
SAMPLE = [
    ('enable with store', 'snapshotCreateXML', 'power lost'),
    ('enable with store', 'save', 'disk full'),
    ('snapshot with store', 'create', 'disk full'),
    ('snapshot with store', 'create', 'write errors'),
    ('snapshot with store', 'snapshotCreateXML', 'engine killed'),
    ('snapshot with store', 'snapshotCreateXML is under way, 8', 'libvirtd killed'),
    ('snapshot with store', 'blockCommit', 'QEMU killed'),
    ('snapshot with store', 'the commit runs', 'engine killed'),
    ('snapshot with store', 'the commit runs', 'QEMU killed'),
    ('snapshot with store', 'the commit runs', 'libvirtd killed'),
    ('snapshot with store', 'the commit runs', 'power lost'),
    ('snapshot with store', 'repoint', 'disk gone'),
    ('commit all', 'the commit runs', 'power lost'),
    ('commit all', 'blockJobAbort', 'engine killed'),
    ('commit all', 'blockJobAbort', 'QEMU killed'),
    ('commit all', 'blockJobAbort is under way, 5', 'libvirtd killed'),
    ('commit all', 'blockJobAbort is under way, 8', 'libvirtd killed'),
    ('commit all', 'resume', 'engine killed'),
    ('recover index', 'create', 'power lost'),
    ('recover index', 'unlink', 'engine killed'),
    ('recover index', 'link', 'disk full'),
]


class Task:
    """One cell, or (without a fault) the undisturbed run of an operation, whose answer tells its boundaries."""

    def __init__(self, operation, fault=None, boundary=None, act='', after=None):
        self.operation, self.fault, self.boundary, self.act, self.after = operation, fault, boundary, act, after
        self.answer = None

    @property
    def label(self):
        return '%s: %s: %s' % (self.operation, '%d %s' % (self.boundary, self.act) if self.fault else '', self.fault or 'undisturbed')

    def question(self):
        return {'operation': self.operation, 'fault': self.fault, 'boundary': self.boundary, 'after': self.after}


class Matrix:
    """All cells, or some.

    :param logs: the directory for the workers' logs
    :param wanted: callable(Task) -> whether a cell is to run
    :param tell: callable(Task) for each one that has its answer
    """

    def __init__(self, logs, names, wanted, tell):
        self._logs, self._wanted, self._tell = logs, wanted, tell
        self._tasks = collections.deque(Task(name) for name in names)
        self._busy, self._change = 0, threading.Condition()
        self._workers, self._over, self._failure = [], False, None

    def run(self, count):
        """Run everything with `count` workers; ends early, all of them stopped, on any exception here.

        :raises HarnessError: when a worker cannot be started
        """
        threads = [threading.Thread(target=self._try_to_serve, args=(number,), daemon=True) for number in range(count)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.5)
        finally:
            self._over = True
            for worker in list(self._workers):
                worker.stop(20)
        if self._failure:
            raise self._failure

    def _start(self, number):
        worker = Worker(number, self._logs)
        self._workers.append(worker)
        return worker

    def _try_to_serve(self, number):
        try:
            self._serve(number)
        except HarnessError as exc:
            self._failure = exc

    def _serve(self, number):
        worker = self._start(number)
        while not self._over:
            with self._change:
                while not self._tasks and self._busy:
                    self._change.wait(1)
                if not self._tasks:
                    break
                task = self._tasks.popleft()
                self._busy += 1
            began = time.monotonic()
            try:
                task.answer = worker.ask(task.question())
                if not task.answer['fit']:
                    worker.stop()
                    worker = self._start(number)
            except (HarnessError, OSError, ValueError) as exc:
                if self._over:
                    return
                task.answer = {'verdict': 'stuck', 'problems': [['stuck', 'the harness: %s' % exc]], 'notes': [], 'acts': [], 'after': None,
                               'outcome': None, 'clusters': 0, 'restarted': False, 'crashed': None, 'seconds': time.monotonic() - began}
                worker.stop()
                worker = self._start(number)
            with self._change:
                self._busy -= 1
                self._tell(task)
                if task.fault is None:
                    self._tasks.extendleft(reversed([cell for cell in cells(task) if self._wanted(cell)]))
                self._change.notify_all()
        worker.stop(20)


def cells(task):
    """The cells of an operation, from its undisturbed run."""
    running = operations.BY_NAME[task.operation].running
    return [Task(task.operation, fault.name, boundary, act, task.answer['after'])
            for boundary, act in enumerate(task.answer['acts'])
            for fault in faults.FAULTS if (running or not fault.running_only) and (fault.sudden or child.UNDER_WAY not in act)]


def sample():
    """callable(Task) that chooses `SAMPLE`: of each line the first act that begins so."""
    left = list(SAMPLE)

    def wanted(cell):
        for line in left:
            if line[0] == cell.operation and cell.act.startswith(line[1]) and line[2] == cell.fault:
                left.remove(line)
                return True
        return False
    return wanted
