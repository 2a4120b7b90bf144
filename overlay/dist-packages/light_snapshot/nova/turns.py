"""Snapshots that a host takes of many servers, a few at a time: who waits, who has a turn, and how one is taken. Whose turn it is
is for others to say: `daily` and `together`."""

from __future__ import absolute_import

import collections
import logging
import threading
import time
import uuid as uuids

from nova import exception
from nova import objects
from nova import utils
from nova.compute import vm_states

from light_snapshot.nova import driver as glue
from light_snapshot.nova import manager as managers
from light_snapshot.nova import names

LOG = logging.getLogger(__name__)

STATES = [vm_states.ACTIVE, vm_states.STOPPED]
OPERATION = 'snapshot'

_ATTRS = ['flavor', 'info_cache', 'metadata', 'system_metadata']


class NotNow(Exception):
    """The server cannot have one now; the message says why. Nothing was changed."""


class Turns(object):
    """The servers of one host that wait for a snapshot, and the workers that take them.

    :param concurrency: how many are taken at a time
    :param take: of a uuid and what was said of it: takes one, and returns once all of its work is done
    :param failed: of a uuid and an exception: what `take` has raised
    """

    def __init__(self, concurrency, take, failed):
        self.concurrency = concurrency
        self._take, self._failed = take, failed
        self._lock = threading.Lock()
        self._stopped = False
        self._waiting = collections.OrderedDict()       # uuid -> what was said of it; the next one first
        self._running = set()       # uuids
        self._workers = 0

    def replace(self, uuids):
        """These wait, in this order, and nobody else does. Who has a turn already does not wait for a second one."""
        with self._lock:
            self._waiting.clear()
        self.add(uuids)

    def add(self, uuids, what=None):
        """These wait as well, after the others.

        :param what: is said of each when its turn comes
        :returns: those of them that neither waited nor had a turn already
        """
        with self._lock:
            if self._stopped:
                return []
            added = [uuid for uuid in uuids if uuid not in self._running and uuid not in self._waiting]
            self._waiting.update((uuid, what) for uuid in added)
            more = max(min(self.concurrency - self._workers, len(self._waiting)), 0)
            self._workers += more
        for _number in range(more):
            managers.in_background(self._work)
        return added

    def stop(self):
        """Nobody waits any more. What is under way goes on as long as the process does.

        :returns: who has waited, and what was said of each: [(uuid, what)]
        """
        with self._lock:
            self._stopped = True
            waited = list(self._waiting.items())
            self._waiting.clear()
        return waited

    def runs(self, uuid):
        """Whether a server has its turn."""
        return uuid in self._running

    def _work(self):
        """One worker: takes what waits, until nothing does."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._workers -= 1
                    return
                uuid, what = self._waiting.popitem(last=False)
                self._running.add(uuid)
            try:
                self._take(uuid, what)
            except Exception as exc:
                LOG.exception('light-snapshot: the light snapshot of %s failed', uuid)
                self._failed(uuid, exc)
            finally:
                with self._lock:
                    self._running.discard(uuid)


def take(manager, context, uuid, arguments, check=lambda instance: None):
    """Take a snapshot of a server as nova-api has one taken: the task state, the action's record, and the work, here until all of
    it is done.

    :param context: an administrator's
    :param check: of the server, before it has the task state; raises NotNow where it is to have none
    :param arguments: of the server gives the snapshot's arguments, asked once nobody else can change it; None: take none any more
    :returns: the operation's answer; None where none was to be taken
    :raises NotNow: the server's state forbids it
    """
    instance = _claim(manager, context, uuid, check)
    begins = False
    try:
        args = arguments(instance)
        if args is not None:
            objects.InstanceAction.action_start(context, uuid, names.ACTIONS[OPERATION], want_result=False)
            begins = True
    finally:
        if not begins:
            managers.Work(manager, context, instance, OPERATION, {}).end()
    if not begins:
        return None
    work = managers.Work(manager, context, instance, OPERATION, args)
    work.run()
    return work.answer


def _claim(manager, context, uuid, check=lambda instance: None):
    """The server, with the task state of a snapshot: from now on nobody else begins anything with it."""
    try:
        instance = objects.Instance.get_by_uuid(context, uuid, expected_attrs=_ATTRS)
    except exception.InstanceNotFound:
        raise NotNow('it is not there any more')
    if instance.host != manager.host:
        raise NotNow('it has left this host')
    if instance.vm_state not in STATES:
        raise NotNow('it is %s, and has to be %s' % (instance.vm_state, ' or '.join(STATES)))
    if instance.task_state is not None:
        raise NotNow('another task is under way (%s)' % instance.task_state)
    check(instance)
    instance.task_state = names.TASK_STATES[OPERATION]
    claim = instance.system_metadata[glue.CLAIM] = uuids.uuid4().hex
    try:
        instance.save(expected_vm_state=STATES, expected_task_state=[None])
    except exception.InstanceUpdateConflict:        # of either state
        raise NotNow('another task has just begun')
    except exception.InstanceNotFound:
        raise NotNow('it is not there any more')
    except Exception:
        # The conductor may have done it and been too late with its answer, or do it yet.
        managers.in_background(_give_back, manager, context, uuid, claim)
        raise
    return instance


def _give_back(manager, context, uuid, claim):
    """For some minutes: where a claim that has failed turns out to hold after all, its task state is given back."""
    for pause in managers.PAUSES:
        time.sleep(pause)
        try:
            if _gave_back(manager, context, uuid, claim):
                return
        except exception.InstanceNotFound:
            return
        except Exception as exc:
            LOG.warning('light-snapshot: whether %s waits for a light snapshot that nobody takes cannot be told yet: %s', uuid, exc)


def _gave_back(manager, context, uuid, claim):
    """nova writes the claim and the task state in one transaction, or neither: where the server has another claim, or none, the
    task state is another request's. What of ours is under way here for the server is waited for; it takes a claim away in the end.

    :returns: whether nothing more is to be done
    """
    @utils.synchronized(uuid)
    def locked():
        instance = objects.Instance.get_by_uuid(context, uuid, expected_attrs=_ATTRS)
        if instance.system_metadata.get(glue.CLAIM) != claim:
            return False
        if instance.task_state != names.TASK_STATES[OPERATION]:
            return True
        LOG.warning('light-snapshot: the light snapshot of %s that could not be begun has left its task state; it is given back', uuid)
        glue.drop_claim(instance)
        instance.task_state = None
        instance.save(expected_task_state=[names.TASK_STATES[OPERATION]])
        return True
    return locked()
