"""Workers: processes in namespaces of their own (files, processes, network), which end with everything that they have started."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time

from tests.faults import TOP
from tests.faults.commands import HarnessError

ANSWER_SECONDS = 240
_UNSHARE = ('unshare', '--mount', '--pid', '--net', '--ipc', '--fork', '--kill-child', '--mount-proc', '--propagation', 'private')


class Worker:
    """One worker, started here.

    :param number: shown in the name of its log
    :param logs: the directory for what it says on its error output
    """

    def __init__(self, number, logs):
        self.top = tempfile.mkdtemp(prefix='light-snapshot-faults-', dir='/var/tmp')
        os.chmod(self.top, 0o755)
        self._log = open(os.path.join(logs, 'worker-%d.log' % number), 'ab')
        self._rest = b''
        self._process = subprocess.Popen(_UNSHARE + (sys.executable, '-m', 'tests.faults.worker', self.top), cwd=TOP, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._log, start_new_session=True,
                                         env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1'))
        try:
            self._line(60)
        except HarnessError:
            self.stop()
            raise HarnessError('a worker does not start; see %s' % self._log.name)

    def ask(self, question):
        """The answer to one cell.

        :raises HarnessError: when there is none in time, or the worker ends; it is of no use any more then
        """
        self._process.stdin.write(json.dumps(question).encode() + b'\n')
        self._process.stdin.flush()
        return self._line(ANSWER_SECONDS)

    def _line(self, seconds):
        end = time.monotonic() + seconds
        while b'\n' not in self._rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise HarnessError('no answer within %d s' % seconds)
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                raise HarnessError('the worker has ended; see %s' % self._log.name)
            self._rest += data
        line, _, self._rest = self._rest.partition(b'\n')
        return json.loads(line)

    def stop(self, seconds=0):
        """End it. The kernel ends all of its processes with it, and with the last one its mounts and loop devices go.

        :param seconds: that it has to end by itself, once its cell is done
        """
        try:
            self._process.stdin.close()
            self._process.wait(seconds)
        except (OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._log):
            try:
                stream.close()
            except OSError:
                pass
        shutil.rmtree(self.top, ignore_errors=True)
