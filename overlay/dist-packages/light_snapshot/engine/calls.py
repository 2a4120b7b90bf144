"""Deadlines on calls to libvirt: a call that does not answer is noticed while it hangs.

libvirt has no deadline of its own for most calls: a QEMU that does not answer on its monitor, or a guest agent that
does not answer, holds the caller for as long as it likes. A thread that hangs so cannot be ended; it can only be left
alone, and one domain is given one such thread at most.
"""

import errno
import fcntl
import functools
import logging
import socket
import threading
import time

from light_snapshot.engine import errors

LOG = logging.getLogger(__name__)

TIMEOUT = 30            # seconds that a call has for its answer

# A domain's uuid -> the worker whose call has not returned. Operations come and go with a proxy each; the domain is
# the same, and so is what hangs.
_hung = {}


class Calls(object):
    """Acts like the libvirt.virDomain that it stands for, and every method call has a deadline.

    :param dom: a libvirt.virDomain, or a proxy that acts like one (nova's, on eventlet: green threads throughout)
    :param timeout: seconds that a call has for its answer

    Each method raises Hung when it has not answered by then, and when an earlier call on the same domain still hangs.
    What libvirt raises comes through as it is.
    """

    def __init__(self, dom, timeout=TIMEOUT):
        self._dom = dom
        self._timeout = timeout
        self._worker = None
        self._lock = threading.Lock()

    def __getattr__(self, name):
        found = getattr(self._dom, name)
        return functools.partial(self._call, name, found) if callable(found) else found

    def _call(self, name, function, *args, **kwargs):
        return self._ask(_Call(name, functools.partial(function, *args, **kwargs)), self._timeout)

    def call(self, name, args, seconds, late=None):
        """One call with a deadline of its own.

        :param seconds: that it has for its answer
        :param late: name of a method (no arguments that matter: (None, 0)) that undoes it; called when the call
            answers after its deadline, when nobody waits for it any more
        :raises Hung: when it has not answered by then
        """
        undo = functools.partial(getattr(self._dom, late), None, 0) if late else None
        return self._ask(_Call(name, functools.partial(getattr(self._dom, name), *args), undo), seconds)

    def host(self, name):
        """What a method of the domain's connection answers."""
        return self._ask(_Call(name, lambda: getattr(self._dom.connect(), name)()), self._timeout)

    def _ask(self, call, seconds):
        with self._lock:
            if _hung:
                self._refuse()
            if self._worker is None:
                self._worker = _Worker()
            if not self._worker.ask(call, seconds):
                _hung[self._key()] = self._worker
                raise self._error(call)
        value, error = call.result
        if error is not None:
            raise error
        return value

    def _refuse(self):
        """:raises Hung: while a call on this domain hangs"""
        key = self._key()
        worker = _hung.get(key)
        if worker is None:
            return
        if not worker.is_free():
            raise self._error(worker.pending)
        LOG.warning('light-snapshot: %s of domain %s has returned, after its deadline', worker.answered, self._name())
        _hung.pop(key, None)

    def _error(self, call):
        return errors.Hung(call.name, time.time() - call.since, self._name())

    # Both are in the virDomain itself: libvirtd is not asked.

    def _key(self):
        return self._dom.UUIDString()

    def _name(self):
        return self._dom.name()


class _Call(object):
    """One call: what is to be done, and what came of it."""

    def __init__(self, name, function, late=None):
        self.name = name
        self.since = time.time()
        self.result = None          # (value, exception)
        self.done = False           # and `late` is over, too
        self._function = function
        self._late = late
        self._abandoned = False
        self._lock = threading.Lock()

    def run(self):
        """In the worker's thread."""
        try:
            result = self._function(), None
        except BaseException as exc:    # pylint: disable=broad-except
            result = None, exc
        with self._lock:
            self.result = result
            late = self._late if self._abandoned else None
        if late is not None:
            try:
                late()
            except Exception as exc:
                LOG.warning('light-snapshot: %s came after its deadline and could not be undone: %s', self.name, exc)
        self.done = True

    def abandon(self):
        """Nobody waits for it from now on: False if it has answered just now."""
        with self._lock:
            self._abandoned = self.result is None
            return self._abandoned


class _Worker(object):
    """A thread that carries out calls one after another, until this object is gone.

    The two speak through a pair of sockets. Nothing else waits with a deadline both on Python 2.7, whose conditions
    poll, and under eventlet, where all of this is green.
    """

    def __init__(self):
        self.pending = None         # the call that hangs
        self.answered = ''
        self._near, far = socket.socketpair()
        for end in (self._near, far):
            fcntl.fcntl(end.fileno(), fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        self._calls = []
        # The thread knows nothing of this object: when it goes, the thread sees its end of the pair closed.
        thread = threading.Thread(target=_serve, args=(far, self._calls), name='light-snapshot-libvirt')
        thread.daemon = True
        thread.start()

    def __del__(self):
        if hasattr(self, '_near'):
            self._near.close()

    def ask(self, call, seconds):
        """Whether a call was answered in time."""
        self._calls.append(call)
        self._near.sendall(b'.')
        if _receive(self._near, seconds) is None:
            if call.abandon():
                self.pending = call
                return False
            _receive(self._near)
        return True

    def is_free(self):
        """Whether the call that hung has returned."""
        if self.pending is not None and self.pending.done:
            _receive(self._near)
            self.answered, self.pending = self.pending.name, None
        return self.pending is None


def _serve(far, calls):
    while _receive(far):
        calls.pop().run()
        try:
            far.sendall(b'.')
        except socket.error:
            break       # nobody is there any more
    far.close()


def _receive(end, seconds=None):
    """The next byte; b'' when the other end is closed, None when there is none in `seconds`."""
    deadline = None if seconds is None else time.time() + seconds
    while True:
        end.settimeout(None if deadline is None else max(0.001, deadline - time.time()))
        try:
            return end.recv(1)
        except socket.timeout:
            return None
        except socket.error as exc:
            if exc.errno == errno.ECONNRESET:
                return b''      # closed, with an answer that nobody took
            if exc.errno != errno.EINTR:
                raise
