"""python3 -m tests.faults.worker TOP: runs cells, in namespaces of its own (see workers.py).

Reads one line of JSON a cell: `{"operation", "fault", "boundary", "after"}`, and answers with one. Without "fault" it is the
undisturbed run, whose answer has "acts" and "after". An answer without "fit" is its last one that is of any use.
"""

import json
import os
import sys
import time
import traceback

from tests.faults import cell, checks, faults, operations, server, world


class Worker:
    """
    :param top: an empty directory
    """

    def __init__(self, top):
        self.world = world.World(top)
        self.prepared = {}

    def _prepared(self, setup):
        if setup not in self.prepared:
            self.prepared[setup] = server.Prepared(self.world, setup, len(self.prepared))
        return self.prepared[setup]

    def answer(self, question):
        """Run one cell; what is to be said of it."""
        operation = operations.BY_NAME[question['operation']]
        fault = faults.BY_NAME[question['fault']] if question.get('fault') else None
        prepared = self._prepared(operation.setup)
        began = time.monotonic()
        one = cell.Cell(prepared, operation, fault, question.get('boundary'), question.get('after'))
        self.world.complaints()
        fit = True
        try:
            one.run()
        except Exception:
            one.problems.add(checks.STUCK, 'the harness: %s' % traceback.format_exc())
            fit = False
        if one.problems:
            one.notes += ['libvirtd: %s' % line for line in self.world.complaints()[-12:]]
        return {'fit': fit, 'verdict': one.problems.verdict if one.reached else 'not reached', 'problems': list(one.problems), 'notes': one.notes,
                'acts': one.acts, 'after': one.after, 'outcome': one.outcome, 'clusters': one.problems.leaked_clusters, 'restarted': one.restarted, 'crashed': one.crashed,
                'seconds': time.monotonic() - began}


def _reap():
    """This is process 1 of its namespace: QEMU's processes become its children. The work is done by another."""
    worker = os.fork()
    if worker:
        while True:
            pid, status = os.wait()
            if pid == worker:
                os._exit(os.waitstatus_to_exitcode(status) & 255)


def main(top):
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    if os.getpid() == 1:
        _reap()
    worker = Worker(top)
    print(json.dumps({'ready': True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), file=answers, flush=True)


if __name__ == '__main__':
    main(sys.argv[1])
