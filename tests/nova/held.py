"""Snapshots that last until a test lets them go."""

import threading

from light_snapshot.nova import manager


class Held(object):
    """Put `take` into the place of what takes one."""

    def __init__(self, monkeypatch):
        self.begun, self.go, self.threads = [], threading.Semaphore(0), []
        self.changed = threading.Condition()
        monkeypatch.setattr(manager, 'in_background', self._start)

    def take(self, uuid):
        with self.changed:
            self.begun.append(uuid)
            self.changed.notify_all()
        assert self.go.acquire()

    def _start(self, function, *args):
        thread = threading.Thread(target=function, args=args)
        thread.daemon = True
        thread.start()
        self.threads.append(thread)

    def wait(self, count):
        with self.changed:
            while len(self.begun) < count:
                self.changed.wait(30)
        return self.begun

    def end(self):
        for _thread in range(9):
            self.go.release()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive()
