"""The process that runs the engine, as nova-compute does: it stops before one act, or tells them all.

It says, a line of JSON each: `{"boundary": number, "act": text}` before the act that it is to stop before, where it then waits for a line (with "delay": it
does not, so many seconds later is the time for the fault);
at the end `{"done": true, "error": text or null, "refused": bool}`.
"""

import json
import os
import traceback

import libvirt

from light_snapshot.engine import domain as engine_domain
from light_snapshot.engine import engine as engines
from light_snapshot.engine import errors
from light_snapshot.engine import files as engine_files
from light_snapshot.engine import record as records
from tests.faults import world

OPTIONS = {'commit_timeout': 20, 'freeze_timeout': 2}

# What changes something, of all that the engine may ask libvirt for; reading is no act.
_CHANGING = ('snapshotCreateXML', 'blockCommit', 'blockJobAbort', 'blockJobSetSpeed', 'suspend', 'resume', 'fsFreeze', 'fsThaw',
             'setBlockIoTune', 'blockRebase', 'blockPull', 'blockCopy', 'blockResize', 'destroy', 'destroyFlags', 'create')
# Calls with more than one step in libvirt: faults come in the middle of them as well, so many milliseconds after they have begun.
_LONG = ('snapshotCreateXML', 'blockJobAbort')
_MEANWHILE = (1, 3, 5, 8, 12)
UNDER_WAY = 'is under way'
_READING = ('info', 'in_use', 'written', 'verify', 'overlap')


class Boundaries:
    """Counts the acts, and stops before one.

    :param stop: number of the act to stop before; None: tell them all and stop before none
    :param orders: file descriptor to read from
    :param answers: file descriptor to write to
    """

    def __init__(self, stop, orders, answers):
        self.stop, self.count = stop, 0
        self._orders, self._answers = orders, answers

    def say(self, **what):
        os.write(self._answers, json.dumps(what).encode() + b'\n')

    def before(self, act):
        number, self.count = self.count, self.count + 1
        if self.stop is None or number == self.stop:
            self.say(boundary=number, act=act)
        if number == self.stop:
            os.read(self._orders, 1)

    def during(self, act, delay):
        """As `before`, and the act begins at once: the fault strikes `delay` seconds later."""
        number, self.count = self.count, self.count + 1
        if self.stop is None or number == self.stop:
            self.say(boundary=number, act=act, delay=delay)

    def wrap(self, owner, name, act):
        original = getattr(owner, name)

        def wrapped(*args, **kwargs):
            self.before(act)
            return original(*args, **kwargs)
        setattr(owner, name, wrapped)

    def run(self, name, *args):
        """Carries out privileged acts."""
        if name not in _READING:
            self.before('%s %s' % (name, args[1] if len(args) > 1 and name != 'copy' else ''))
        return engine_files.run_here(name, *args)


class _Os:
    """`os`, as the engine's modules see it: acts on names count."""

    def __init__(self, boundaries):
        self._boundaries = boundaries

    def __getattr__(self, name):
        value = getattr(os, name)
        if name not in ('rename', 'unlink', 'mkdir', 'rmdir', 'link', 'utime'):
            return value

        def wrapped(*args, **kwargs):
            self._boundaries.before('%s %s' % (name, os.path.basename(args[0])))
            return value(*args, **kwargs)
        return wrapped


class _Dom:
    """A virDomain whose changing calls count. A commit that is stopped while it runs is slowed down, so that it does run."""

    def __init__(self, dom, boundaries):
        self._dom, self._boundaries = dom, boundaries

    def __getattr__(self, name):
        value = getattr(self._dom, name)
        if name not in _CHANGING:
            return value

        def wrapped(*args):
            self._boundaries.before(name)
            for milliseconds in _MEANWHILE if name in _LONG else ():
                self._boundaries.during('%s %s, %d ms' % (name, UNDER_WAY, milliseconds), milliseconds / 1000)
            if name != 'blockCommit':
                return value(*args)
            stops = self._boundaries.stop == self._boundaries.count
            disk, base, top, bandwidth, flags = args
            result = value(disk, base, top, 1 if stops else bandwidth, flags)
            self._boundaries.before('the commit runs')
            if stops:
                try:
                    self._dom.blockJobSetSpeed(disk, 0, 0)
                except libvirt.libvirtError:
                    pass
            return result
        return wrapped


def run(server, operation, stop, orders, answers):
    """Carry out an operation; to be called in a process of its own.

    :param server: `Server`
    :param operation: `Operation`
    :param stop: as for `Boundaries`, like `orders` and `answers`
    """
    boundaries = Boundaries(stop, orders, answers)
    boundaries.wrap(records.Record, 'save', 'save the record')
    boundaries.wrap(records.Record, 'remove', 'remove the record')
    engine_files.os = _Os(boundaries)
    connection = libvirt.open(world.URI)
    domain = engine_domain.Domain(_Dom(connection.lookupByName(server.guest.name), boundaries))
    engine = engines.Engine(server.directory, domain, boundaries.run, OPTIONS)
    try:
        operation.act(engine)
        engine.finish()
    except (errors.EngineError, libvirt.libvirtError, OSError) as exc:
        boundaries.say(done=True, error='%s: %s' % (type(exc).__name__, exc), refused=isinstance(exc, errors.Refused))
    except Exception:
        boundaries.say(done=True, error=traceback.format_exc(), refused=False, bug=True)
    else:
        boundaries.say(done=True, error=None, refused=False)
