"""nova-compute's part: our RPC endpoint, what is done when the service starts, and the work in the background."""

from __future__ import absolute_import

import logging
import sys
import threading
import time

from nova import exception
from nova import utils
from nova.compute import task_states
from nova.compute import vm_states
import oslo_messaging as messaging

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans
from light_snapshot.nova import about
from light_snapshot.nova import checking
from light_snapshot.nova import driver as glue
from light_snapshot.nova import faults
from light_snapshot.nova import hooks
from light_snapshot.nova import names
from light_snapshot.nova import notifications
from light_snapshot.nova import places
from light_snapshot.nova import rpcapi
from light_snapshot.nova import takers

LOG = logging.getLogger(__name__)

# Seconds before each new attempt to tell the database what was done.
PAUSES = (2, 5, 10, 20, 40) + (60,) * 10

CONFLICT = 409
NOT_FOUND = 404

_REBUILDS = (task_states.REBUILDING, task_states.REBUILD_BLOCK_DEVICE_MAPPING, task_states.REBUILD_SPAWNING)

# What is imported no sooner than it is needed, because it builds on this module or on nova's objects.
_LATER = ('light_snapshot.nova.daily', 'light_snapshot.nova.settling', 'light_snapshot.nova.state',
          'light_snapshot.nova.together')

# Where a manager notes, while it starts, the instances that `settling.settle_all` is for.
_UNSETTLED = '_light_snapshot_unsettled'


# ---- hooks

def init(original, self, *args, **kwargs):
    """Our endpoint beside nova's own, where the driver is one that can carry layers."""
    result = original(self, *args, **kwargs)
    from light_snapshot.nova import state  # noqa: F401  registers our object
    self.additional_endpoints.append(Endpoint(self))
    return result


def init_host(original, self, *args, **kwargs):
    """After nova's own crash recovery: ours, in the background (a commit may take long)."""
    hooks.hold(*_LATER + (('nova.privsep.light_snapshot',) if places.find('privsep') else ()))
    from light_snapshot.nova import unextended
    unextended.look(self)
    result = original(self, *args, **kwargs)
    unsettled = self.__dict__.pop(_UNSETTLED, None)
    from light_snapshot.nova import daily       # they build on this module
    from light_snapshot.nova import settling
    if unsettled:
        in_background(settling.settle_all, self, unsettled)
    daily.start(self)
    return result


def cleanup_host(original, self, *args, **kwargs):
    """The service stops: no daily snapshot begins any more, and none of a snapshotAll."""
    from light_snapshot.nova import daily
    from light_snapshot.nova import together
    daily.stop(self)
    together.stop(self)
    return original(self, *args, **kwargs)


def init_instance(original, self, context, instance, *args, **kwargs):
    """nova's crash recovery of one server: those that are ours are noted for the end of `init_host`."""
    # nova leaves another host's server alone; of one whose deletion was cut off it has not read everything.
    if hasattr(self.driver, '_host') and instance.host == self.host and (
            instance.obj_attr_is_set('task_state') and names.is_ours(instance.task_state)
            or glue.has_record(instance) or _is_half_rebuilt(instance)):
        self.__dict__.setdefault(_UNSETTLED, []).append(instance)
    return original(self, context, instance, *args, **kwargs)


def _is_half_rebuilt(instance):
    """Of a rebuild that was cut off nova has not read the system metadata, in most releases: one query for such a server."""
    try:
        if instance.obj_attr_is_set('task_state') and instance.task_state in _REBUILDS:
            instance.system_metadata
        return glue.is_half_rebuilt(instance)
    except Exception:
        LOG.exception('light-snapshot: %s could not be looked at; its next rebuild does', instance.uuid)
        return False


def rebuild_instance(original, self, context, instance, *args, **kwargs):
    """A rebuild makes the disk anew: layers and history go with the old one, and the server is a plain one. An evacuation,
    which nova does here as well, keeps light snapshots on."""
    concerned = glue.is_marked(instance) or glue.has_record(instance) or glue.is_half_rebuilt(instance)
    if not concerned or places.argument(original, (self, context, instance) + args, kwargs, 'evacuate', 'recreate'):
        return original(self, context, instance, *args, **kwargs)
    instance.system_metadata.pop(glue.MARK, None)
    try:
        return original(self, context, instance, *args, **kwargs)
    finally:
        # Also where it fails: with the old disk gone the server is a plain one, with the disk still there nothing has changed.
        glue.save_what_is(context, instance)


def in_background(function, *args):
    """Run a function beside what the service does. Where nova runs on eventlet this is a green thread like nova's own,
    since it has replaced what `threading` stands on; nova's own helpers for this differ from release to release."""
    thread = threading.Thread(target=function, args=args, name='light-snapshot')
    thread.daemon = True
    thread.start()


# ---- the endpoint

class Plain(object):
    """An answer that holds none of nova's objects: on its way nova would look for them in each part of it, which is most of what a
    long list costs."""

    def __init__(self, answer):
        self._answer = answer

    def obj_to_primitive(self):
        """What nova's serializer sends instead of an object: the answer as it is."""
        return self._answer


class Endpoint(object):
    """What nova-api asks a compute host for. A refusal is an answer, not an exception: {'code', 'message'}."""

    target = messaging.Target(namespace='light_snapshot', version=rpcapi.NEWEST)

    def __init__(self, manager):
        self._manager = manager

    def points(self, context, instance):
        """The restore points of one server, and what they take."""
        try:
            with errors.explained():
                return self._points(instance)
        except errors.EngineError as exc:
            return {'code': CONFLICT, 'message': str(exc)}

    def _points(self, instance):
        engine = self._engine(instance)
        if not engine.enabled:
            return {'points': [], 'enabled': False}
        others = engine.domain.other_disks(engine.targets()) if engine.domain is not None else []
        return Plain({
            'points': takers.told(engine.points(), engine.record), 'enabled': True, 'committed': engine.record.committed,
            'store': engine.record.store, 'size': engine.size(), 'written': engine.written(), 'disks': engine.targets(),
            'disks_left_out': others, 'progress': engine.progress(),
            'preview': (engine.record.preview or {}).get('index'), 'retention': engine.record.retention})

    def describe(self, context, instance, index, name, description):
        """Rename a restore point."""
        @utils.synchronized(instance.uuid)
        def describe():
            self._engine(instance).describe(index, name, description)
        try:
            describe()
            return {}
        except errors.NotFound as exc:
            return {'code': NOT_FOUND, 'message': str(exc)}
        except errors.EngineError as exc:
            return {'code': CONFLICT, 'message': str(exc)}

    def check(self, context, instance):
        """What is wrong with one server's light snapshots: {'findings': [...]}. Nothing is changed."""
        look = checking.Look(self._manager.driver, context, instance)
        in_background(look.run)
        return look.wait()

    def operate(self, context, instance, operation, args):
        """Begin an operation: its checks and its instant. The rest goes on in the background.

        :returns: {} or {'index': N}, or a refusal; the caller gives the task state back after a refusal
        """
        work = Work(self._manager, context, instance, operation, args)
        in_background(work.run)
        work.begun.wait()
        return work.answer

    def snapshot_all(self, context, uuids, args):
        """Take a snapshot of each of these servers of the host, a few at a time, in the background: see `together.add`."""
        from light_snapshot.nova import together    # it builds on this module
        return together.add(self._manager, context, uuids, args)

    def about(self, context):
        """Which release of light-snapshot this host runs, and whether its hooks hold."""
        return about.told()

    def _engine(self, instance):
        return glue.engine_of(self._manager.driver, instance)


class Work(object):
    """One operation on one server: `begin_*` may refuse, `go_on_*` runs after the answer was given.

    :param operation: None where the server has no task state of ours (`settle`)
    """

    def __init__(self, manager, context, instance, operation, args):
        self.manager = manager
        self.context = context
        self.instance = instance
        self.operation = operation
        self.args = args
        self.begun = threading.Event()
        self.answer = {}
        self.engine = None
        self.changed = False    # the record, and the database does not know yet
        self.notices = notifications.Notices(context, manager.host, instance, operation, args)

    def run(self):
        """Never raises: what goes wrong is in the answer, or in the action's record and the log."""
        # What oslo.log prefixes our lines with is kept by thread.
        self.context.update_store()
        self.notices.start()

        @utils.synchronized(self.instance.uuid)
        def locked():
            with faults.Event(self.context, self.manager.host, self.operation, self.instance.uuid):
                try:
                    self._begin()
                    self.begun.set()
                    self._go_on()
                except Exception as exc:
                    if self.begun.is_set():
                        LOG.exception('light-snapshot: %s of %s failed', self.operation, self.instance.uuid)
                        faults.add(self.context, self.instance, exc, sys.exc_info())
                    raise
        try:
            locked()
        except errors.EngineError as exc:
            self.notices.failed(exc)
            if not self.begun.is_set():
                self.answer = {'code': NOT_FOUND if isinstance(exc, errors.NotFound) else CONFLICT,
                               'message': str(exc)}
        except Exception as exc:
            self.notices.failed(exc)
            if not self.begun.is_set():
                LOG.exception('light-snapshot: %s of %s failed', self.operation, self.instance.uuid)
                self.answer = {'code': 500, 'message': '%s: %s' % (type(exc).__name__, exc)}
        finally:
            self.end()
            self.notices.end(self.answer)

    def _begin(self):
        if hooks.problems:
            raise errors.Refused('Light snapshots are switched off on this host, because this nova is one they do not '
                                 'know: %s. Nothing was changed.' % hooks.problems[0])
        with errors.explained():
            self.engine = glue.engine_of(self.manager.driver, self.instance)
            self.engine.check_free()
            self.answer = getattr(self, 'begin_' + self.operation)(**self.args) or {}

    def _go_on(self):
        try:
            go_on = getattr(self, 'go_on_' + self.operation, None)
            if go_on is not None:
                go_on(**self.args)
            self.engine.finish()
        finally:
            # That nova's database is away takes nothing back of what was done.
            self.changed = True
            try:
                glue.save_columns(self.context, self.instance, self.engine.record)
                self.changed = False
            except Exception as exc:
                LOG.warning('light-snapshot: what %s of %s has changed could not be written to the database yet: %s',
                            self.operation, self.instance.uuid, exc)

    def settle(self):
        """Finish or undo what the last nova-compute has left of it. Anything may be raised; `end` is still to come."""
        @utils.synchronized(self.instance.uuid)
        def settle():
            self.engine = engine = glue.engine_of(self.manager.driver, self.instance)
            self.changed = True
            engine.check_free()
            engine.settle()
            engine.finish_job()
            self.instance.refresh()
            if (names.takes_power(self.instance.task_state) and self.instance.vm_state == vm_states.ACTIVE
                    and not engine.running()):
                # A recover or a preview had switched the guest off and was cut off there: it was running before.
                _start(self.manager, self.context, self.instance, _devices(self.manager, self.context, self.instance))
            engine.finish()
        settle()

    def end(self, aside=False):
        """Nothing of it is under way any more, and the task state is given back: later, where nova's database is away.

        :param aside: later is beside what the caller does next
        """
        told = self._end()
        self.begun.set()
        if not told and aside:
            in_background(self._end_later)
        elif not told:
            self._end_later()

    def _end(self):
        """Give the task state back; a server that was deleted meanwhile has none.

        :returns: False where nova's database could not be reached
        """
        try:
            self.instance.refresh()
            if self.changed:
                glue.save_columns(self.context, self.instance, self.engine.record)
                self.changed = False
            if self.operation is not None and names.is_ours(self.instance.task_state):
                glue.drop_claim(self.instance)
                self.instance.task_state = None
                self.instance.save()
        except exception.InstanceNotFound:
            pass
        except Exception as exc:
            LOG.warning('light-snapshot: the task state of %s could not be given back: %s', self.instance.uuid, exc)
            return False
        return True

    def _end_later(self):
        """The message queue or the database was away: again and again for some minutes. After that the next start of
        nova-compute does it."""
        for pause in PAUSES:
            time.sleep(pause)
            if self._end():
                return
        LOG.error('light-snapshot: the database was told nothing of %s of %s; restart nova-compute once it is back',
                  self.operation or 'what was under way', self.instance.uuid)

    def _by_user(self, operation, *args, **kwargs):
        """An operation of the engine, whose restore point is this request's user's."""
        return takers.by(self.engine, self.context.user_id, operation, *args, **kwargs)

    # ---- enable, disable, store

    def begin_enable(self, store):
        self.engine.check_not_enabled()
        domain = self.engine.domain
        if domain is None:
            raise errors.Refused('libvirt does not know this server; nothing was changed. Hard reboot it, then try '
                                 'again.')
        disks = domain.local_disks(self.engine.directory)
        if not disks or disks[0]['name'] != layout.DISK:
            raise errors.Refused('The root disk of this server is not a file of its own on the compute host (it is a '
                                 'volume, LVM or Ceph); such a disk cannot carry layers. Nothing was changed.')
        self._by_user(self.engine.enable, disks, store)

    def begin_disable(self):
        self.engine.check_no_preview()

    def go_on_disable(self):
        self.engine.disable()

    def begin_store(self, enable):
        self._by_user(self.engine.store, enable)

    def begin_retain(self, **limits):
        self.engine.check_enabled()
        # What is not named stays as it is.
        self.engine.retain(**dict(self.engine.record.retention, **limits))

    # ---- snapshot, commit, delete

    def begin_snapshot(self, name, description, quiesce, daily=None):
        who = takers.DAILY if daily else self.context.user_id
        return {'index': takers.by(self.engine, who, self.engine.snapshot, name, description, quiesce, daily)}

    def begin_commit(self):
        self.engine.check_no_preview()

    def go_on_commit(self):
        self._by_user(self.engine.commit_all)

    def begin_delete(self, index):
        self.engine.check_enabled()
        self.engine.delete(index)

    # ---- recover, preview

    def begin_recover(self, index, use_root, safety=None):
        self.engine.check_recover(index, use_root, safety)

    def go_on_recover(self, index, use_root, safety=None):
        self._powered_off(self._by_user, self.engine.recover, index, use_root, safety, consistency=self._consistency())

    def begin_preview(self, index, use_root):
        self.engine.check_enabled()
        self.engine.check_preview(index, use_root)

    def go_on_preview(self, index, use_root):
        self.engine.prepare_preview(index, use_root)
        self._powered_off(self.engine.preview, index, use_root, consistency=self._consistency())

    def begin_keep_preview(self):
        self.engine.check_enabled()
        self._by_user(self.engine.keep_preview)

    def begin_undo_preview(self):
        self.engine.check_enabled()
        self.engine.check_undo()

    def go_on_undo_preview(self):
        self._powered_off(self.engine.undo_preview)

    def _consistency(self):
        """Of what the server has now, once its power was cut."""
        return plans.CRASH_CONSISTENT if self.engine.running() else plans.STOPPED

    def _powered_off(self, change, *args, **kwargs):
        """Give the guest another disk while it is off; it gets its power back."""
        running, devices = self.engine.running(), None
        if running:
            # Asked for while it runs: the database or the message queue may be away when it is to start again.
            devices = _devices(self.manager, self.context, self.instance)
            # What was written since is discarded or frozen as it is: no reason to wait for a clean shutdown.
            self.manager.driver.power_off(self.instance, 0, 0)
        try:
            change(*args, **kwargs)
            self.engine.finish_job()
        finally:
            # Also after a failure: the guest boots what the record names, before or after.
            if running:
                _start(self.manager, self.context, self.instance, devices)

    # ---- repair

    def begin_repair(self):
        return {'findings': checking.findings(self.context, self.instance, self.engine, repair=True)}


def _devices(manager, context, instance):
    """What is attached to a server, as nova's driver takes it."""
    return manager._get_instance_block_device_info(context, instance)


def _start(manager, context, instance, devices):
    """Boot a guest as nova does: from its active layer."""
    manager.driver.power_on(context, instance, places.network_info(instance), devices)
