"""nova-compute's part: our RPC endpoint, what is done when the service starts, and the work in the background."""

from __future__ import absolute_import

import logging
import sys
import threading

import nova.context
from nova import exception
from nova import utils
from nova.compute import utils as compute_utils
from nova.compute import vm_states
import oslo_messaging as messaging

from light_snapshot.engine import errors
from light_snapshot.nova import driver as glue
from light_snapshot.nova import hooks
from light_snapshot.nova import names
from light_snapshot.nova import places

LOG = logging.getLogger(__name__)

CONFLICT = 409
NOT_FOUND = 404

# Where a manager notes, while it starts, the instances that `settle_all` is for.
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
    result = original(self, *args, **kwargs)
    unsettled = self.__dict__.pop(_UNSETTLED, None)
    if unsettled:
        _in_background(settle_all, self, unsettled)
    return result


def init_instance(original, self, context, instance, *args, **kwargs):
    """nova's crash recovery of one server: those that are ours are noted for the end of `init_host`."""
    # nova leaves another host's server alone; of one whose deletion was cut off it has not read everything.
    if hasattr(self.driver, '_host') and instance.host == self.host and (
            instance.obj_attr_is_set('task_state') and names.is_ours(instance.task_state)
            or glue.has_record(instance)):
        self.__dict__.setdefault(_UNSETTLED, []).append(instance)
    return original(self, context, instance, *args, **kwargs)


def rebuild_instance(original, self, context, instance, *args, **kwargs):
    """A rebuild makes the disk anew: layers and history went with the old one."""
    result = original(self, context, instance, *args, **kwargs)
    if glue.is_marked(instance) and not glue.has_record(instance):
        glue.save_columns(context, instance, None)
    return result


def _in_background(function, *args):
    """Run a function beside what the service does. Where nova runs on eventlet this is a green thread like nova's own,
    since it has replaced what `threading` stands on; nova's own helpers for this differ from release to release."""
    thread = threading.Thread(target=function, args=args, name='light-snapshot')
    thread.daemon = True
    thread.start()


def settle_all(manager, instances):
    """Finish or undo what the last nova-compute of this host left under way."""
    context = nova.context.get_admin_context()
    for instance in instances:
        try:
            _settle_one(manager, context, instance, names.is_ours(instance.task_state))
        except Exception:
            LOG.exception('light-snapshot: what was under way for %s could not be finished; it is tried again before '
                          'the next operation', instance.uuid)


def _settle_one(manager, context, instance, ours):
    @utils.synchronized(instance.uuid)
    def settle():
        engine = glue.engine_of(manager.driver, instance)
        engine.settle()
        engine.finish()
        glue.save_columns(context, instance, engine.record)
        instance.refresh()
        if (instance.task_state == names.TASK_STATES['recover'] and instance.vm_state == vm_states.ACTIVE
                and not engine.running()):
            # A recover had switched the guest off and was cut off there: it was running before.
            _start(manager, context, instance)
        if ours and names.is_ours(instance.task_state):
            instance.task_state = None
            instance.save()
    settle()


# ---- the endpoint

class Endpoint(object):
    """What nova-api asks a compute host for. A refusal is an answer, not an exception: {'code', 'message'}."""

    target = messaging.Target(namespace='light_snapshot', version='1.0')

    def __init__(self, manager):
        self._manager = manager

    def points(self, context, instance):
        """The restore points of one server, and what they take."""
        try:
            engine = self._engine(instance)
            if not engine.enabled:
                return {'points': [], 'enabled': False}
            others = engine.domain.other_disks() if engine.domain is not None else []
            return {'points': engine.points(), 'enabled': True, 'committed': engine.record.committed,
                    'store': engine.record.store, 'size': engine.size(), 'disks': [engine.record.target],
                    'disks_left_out': others}
        except errors.EngineError as exc:
            return {'code': CONFLICT, 'message': str(exc)}

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

    def operate(self, context, instance, operation, args):
        """Begin an operation: its checks and its instant. The rest goes on in the background.

        :returns: {} or {'index': N}, or a refusal; the caller gives the task state back after a refusal
        """
        work = Work(self._manager, context, instance, operation, args)
        _in_background(work.run)
        work.begun.wait()
        return work.answer

    def _engine(self, instance):
        return glue.engine_of(self._manager.driver, instance)


class Work(object):
    """One operation on one server: `begin_*` may refuse, `go_on_*` runs after the answer was given."""

    def __init__(self, manager, context, instance, operation, args):
        self.manager = manager
        self.context = context
        self.instance = instance
        self.operation = operation
        self.args = args
        self.begun = threading.Event()
        self.answer = {}
        self.engine = None

    def run(self):
        """Never raises: what goes wrong is in the answer, or in the action's record and the log."""
        # What oslo.log prefixes our lines with is kept by thread.
        self.context.update_store()

        @utils.synchronized(self.instance.uuid)
        def locked():
            event = 'compute_' + names.ACTIONS[self.operation]
            with places.event_reporter(self.context, self.manager.host, event, self.instance.uuid):
                try:
                    self._begin()
                    self.begun.set()
                    self._go_on()
                except Exception as exc:
                    if self.begun.is_set():
                        LOG.exception('light-snapshot: %s of %s failed', self.operation, self.instance.uuid)
                        compute_utils.add_instance_fault_from_exc(self.context, self.instance, exc, sys.exc_info())
                    raise
        try:
            locked()
        except errors.EngineError as exc:
            if not self.begun.is_set():
                self.answer = {'code': NOT_FOUND if isinstance(exc, errors.NotFound) else CONFLICT,
                               'message': str(exc)}
        except Exception as exc:
            if not self.begun.is_set():
                LOG.exception('light-snapshot: %s of %s failed', self.operation, self.instance.uuid)
                self.answer = {'code': 500, 'message': '%s: %s' % (type(exc).__name__, exc)}
        finally:
            self._end()

    def _begin(self):
        if hooks.problems:
            raise errors.Refused('Light snapshots are switched off on this host, because this nova is one they do not '
                                 'know: %s. Nothing was changed.' % hooks.problems[0])
        self.engine = glue.engine_of(self.manager.driver, self.instance)
        self.answer = getattr(self, 'begin_' + self.operation)(**self.args) or {}

    def _go_on(self):
        try:
            go_on = getattr(self, 'go_on_' + self.operation, None)
            if go_on is not None:
                go_on(**self.args)
            self.engine.finish()
        finally:
            glue.save_columns(self.context, self.instance, self.engine.record)

    def _end(self):
        """Give the task state back; a server that was deleted meanwhile has none."""
        try:
            self.instance.refresh()
            if names.is_ours(self.instance.task_state):
                self.instance.task_state = None
                self.instance.save()
        except exception.InstanceNotFound:
            pass
        except Exception:
            LOG.exception('light-snapshot: the task state of %s could not be given back', self.instance.uuid)
        self.begun.set()

    # ---- enable, disable, store

    def begin_enable(self, store):
        self.engine.check_not_enabled()
        domain = self.engine.domain
        if domain is None:
            raise errors.Refused('libvirt does not know this server; nothing was changed. Hard reboot it, then try '
                                 'again.')
        disk = self.engine.files.path('disk')
        target, fmt = domain.describe(disk)
        if target is None:
            raise errors.Refused('The root disk of this server is not a file of its own on the compute host (it is a '
                                 'volume, LVM or Ceph); such a disk cannot carry layers. Nothing was changed.')
        self.engine.enable(target, fmt, store)

    def begin_disable(self):
        self.engine.check_enabled()

    def go_on_disable(self):
        self.engine.disable()

    def begin_store(self, enable):
        self.engine.store(enable)

    # ---- snapshot, commit, recover

    def begin_snapshot(self, name, description, quiesce):
        return {'index': self.engine.snapshot(name, description, quiesce)}

    def begin_commit(self):
        self.engine.check_enabled()

    def go_on_commit(self):
        self.engine.commit_all()

    def begin_recover(self, index, use_root):
        self.engine.check_recover(index, use_root)

    def go_on_recover(self, index, use_root):
        running = self.engine.running()
        if running:
            # What was written since is discarded anyway: no reason to wait for a clean shutdown.
            self.manager.driver.power_off(self.instance, 0, 0)
        try:
            self.engine.recover(index, use_root)
            self.engine.finish()
        finally:
            # Also after a failure: the guest boots what the record names, before or after.
            if running:
                _start(self.manager, self.context, self.instance)


def _start(manager, context, instance):
    """Boot a guest as nova does: from its active layer."""
    block_device_info = manager._get_instance_block_device_info(context, instance)
    manager.driver.power_on(context, instance, places.network_info(instance), block_device_info)
