"""The harness's end of the process that runs the engine (see child.py), which is forked off."""

import json
import os
import select
import signal
import time

from tests.faults import child
from tests.faults.commands import HarnessError


class EngineProcess:
    """
    :param server: `Server`
    :param operation: `Operation`
    :param stop: number of the act to stop before; None: stop before none
    """

    def __init__(self, server, operation, stop):
        self.acts = []          # what it has said of its boundaries
        self.outcome = None     # its last word
        self._rest = b''
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            # The parent's ends must not keep the pipes open; its connection to libvirt is not used here.
            os.close(self._orders)
            os.close(self._answers)
            try:
                child.run(server, operation, stop, orders, answers)
            finally:
                os._exit(0)
        os.close(orders)
        os.close(answers)

    def _line(self, deadline):
        while b'\n' not in self._rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                return None
            data = os.read(self._answers, 65536)
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b'\n')
        return json.loads(line)

    def wait_boundary(self, seconds=60):
        """Wait until it stands at its boundary, or has gone that far into a call; whether it does (False: it came to its end before)."""
        said = self._line(time.monotonic() + seconds)
        if said is None:
            raise HarnessError('the engine neither came to its boundary nor to its end within %d s' % seconds)
        if 'done' in said:
            self.outcome = said
            return False
        self.acts.append(said['act'])
        time.sleep(said.get('delay', 0))
        return True

    def go_on(self):
        try:
            os.write(self._orders, b'\n')
        except BrokenPipeError:
            pass        # it did not wait, and has come to its end

    def wait_end(self, seconds):
        """Wait for its last word; None when it does not come in time (it is killed then)."""
        deadline = time.monotonic() + seconds
        while self.outcome is None:
            said = self._line(deadline)
            if said is None:
                break
            if 'done' in said:
                self.outcome = said
            else:
                self.acts.append(said['act'])
        self.kill()
        return self.outcome

    def kill(self):
        """SIGKILL; returns once it is dead."""
        if self._pid is None:
            return
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._pid = None
        os.close(self._orders)
        os.close(self._answers)
