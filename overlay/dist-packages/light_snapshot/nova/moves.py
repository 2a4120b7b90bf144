"""Resize, cold and live migration of a server with layers: what its restore points stand on goes with it."""

from __future__ import absolute_import

import logging
import os
import sys

from nova import exception
from nova.virt.libvirt import utils as libvirt_utils
from oslo_config import cfg
from oslo_utils import excutils

from light_snapshot.engine import engine as engines
from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.nova import destinations
from light_snapshot.nova import driver as glue
from light_snapshot.nova import faults
from light_snapshot.nova import manager as managers
from light_snapshot.nova import places
from light_snapshot.nova import privileges
from light_snapshot.nova import takers

LOG = logging.getLogger(__name__)
# nova.conf.CONF, by the name that every release has for it.
CONF = cfg.CONF


# ---- resize and cold migration

def _rollback(reason):
    return exception.InstanceFaultRollback(exception.ResizeError(reason=reason))


def migrate_disk_and_power_off(original, self, context, instance, dest, flavor, network_info, block_device_info=None,
                               *args, **kwargs):
    """Commit first; then nova copies its own disks, and the history and the record go after them.

    :raises InstanceFaultRollback: where that cannot be done; the server is as before then
    """
    if not glue.has_record(instance):
        return original(self, context, instance, dest, flavor, network_info, block_device_info, *args, **kwargs)
    directory = libvirt_utils.get_instance_path(instance)
    shared = places.find('is_path_shared')(self, dest, directory)
    try:
        with errors.explained():
            engine, running = _commit(self, context, instance, flavor)
    except errors.EngineError as exc:
        raise _rollback(str(exc))
    _save_columns(context, instance, engine)
    try:
        result = original(self, context, instance, dest, flavor, network_info, block_device_info, *args, **kwargs)
    except Exception:
        with excutils.save_and_reraise_exception():
            _renew(self, context, instance)
    try:
        if shared:
            engines.Engine(directory, None, privileges.run).bring_from(directory + '_resize')
        else:
            _send_history(directory, dest)
    except Exception as exc:
        LOG.exception('light-snapshot: the history of %s could not be copied', instance.uuid)
        # nova takes this for a resize that did not happen: so it has to be one.
        self._cleanup_remote_migration(dest, directory, directory + '_resize', shared)
        if running:
            self.power_on(context, instance, network_info, block_device_info)
        raise _rollback('The history of the light snapshots could not be copied: %s' % exc)
    return result


def _commit(driver, context, instance, flavor):
    """Commit the layers of a server that is about to leave.

    :returns: (its engine, whether it ran)
    :raises EngineError: it cannot leave
    """
    engine = glue.engine_of(driver, instance)
    running = engine.running()
    _check_untouched(engine, instance, flavor)
    host = destinations.of_resize(context, instance, CONF.host)
    if host != CONF.host:
        destinations.check(context, instance, host)
    takers.by(engine, context.user_id, engine.commit_all)
    engine.finish()
    return engine, running


def _save_columns(context, instance, engine):
    """Tell the database. That it cannot be told ends nothing: what is on the disk wins."""
    try:
        glue.save_columns(context, instance, engine.record)
    except Exception:
        LOG.exception('light-snapshot: the database does not say yet what is on the disk of %s', instance.uuid)


def _renew(driver, context, instance):
    """nova did not let a server go, and did not stop it: it gets its layers again. (One that is off gets them as it starts.) Raises nothing."""
    try:
        engine = glue.engine_of(driver, instance)
        if engine.running():
            engine.renew()
            engine.finish()
            _save_columns(context, instance, engine)
    except Exception:
        LOG.exception('light-snapshot: %s stays on this host without layers. A hard reboot gives it new ones.', instance.uuid)


def prep_snapshot_based_resize_at_source(original, self, ctxt, instance, *args, **kwargs):
    """A resize to another cell goes by an image of the server, and removes the server's directory afterwards.

    :raises ResizeError: the server has layers or history, which cannot go along
    """
    if glue.has_record(instance):
        raise exception.ResizeError(reason='Server %s has light snapshots, which do not go along to another cell. Nothing was changed. Disable '
                                           'them first (this removes them), or resize it within its cell.' % instance.uuid)
    return original(self, ctxt, instance, *args, **kwargs)


def _check_untouched(engine, instance, flavor):
    """With history nova's own disks are what it stands on. nova may grow such a file, and not write to it: it does where it
    grows the file system in it, and where it makes a raw file a qcow2 one.

    :raises InstanceFaultRollback: it would
    """
    if not engine.has_history():
        return
    raw = [disk['name'] for disk in engine.record.disks if disk['format'] == 'raw']
    grows = flavor.root_gb > instance.flavor.root_gb or flavor.ephemeral_gb > instance.flavor.ephemeral_gb
    if grows and (raw or CONF.resize_fs_using_block_device):
        raise _rollback('nova may grow the file system in a disk of this server, and its light snapshots stand on that disk '
                        'as it is. Disable light snapshots first (this removes them), then resize.')
    _check_format(raw)


def _check_format(raw):
    if raw and CONF.use_cow_images:
        raise _rollback('nova makes raw disks qcow2 ones in a migration (use_cow_images), and light snapshots stand on %s '
                        'as it is. Set use_cow_images to false where images_type is raw, or disable light snapshots '
                        'first (this removes them).' % ', '.join(raw))


def _send_history(directory, dest):
    """To a host that does not share the directory. nova's own disks are there already; the record comes last."""
    source = directory + '_resize'
    names = engines.Engine(source, None, privileges.run).travelling()
    for name in names + [layout.RECORD]:
        _copy(os.path.join(source, name), os.path.join(directory, name), dest)


def _copy(source, target, host):
    libvirt_utils.copy_image(source, target, host=host, compression=False)


def finish_migration(original, self, context, migration, instance, *args, **kwargs):
    """The destination's part of a resize or cold migration."""
    if glue.has_record(instance):
        engine = glue.engine_of(self, instance)
        if engine.has_history():
            # The host that it comes from may be configured otherwise.
            _check_format([disk['name'] for disk in engine.record.disks if disk['format'] == 'raw'])
        engine.arrive()
    glue.ensure_record(context, instance)
    return original(self, context, migration, instance, *args, **kwargs)


# ---- live migration

def check_can_live_migrate_source(original, self, context, instance, *args, **kwargs):
    """Before a live migration.

    :raises MigrationPreCheckError: the server's layers cannot go along as they are
    """
    if glue.has_record(instance):
        try:
            engine = glue.engine_of(self, instance)
            engine.settle()
            engine.check_no_preview()
            engine.finish()
            engine.renew()
            engine.finish()
        except errors.EngineError as exc:
            raise exception.MigrationPreCheckError(reason=str(exc))
        glue.save_columns(context, instance, engine.record)
    return original(self, context, instance, *args, **kwargs)


def live_migration(original, self, context, instance, dest, post_method, recover_method, block_migration=False,
                   migrate_data=None):
    """libvirt copies the active layers alone, to a host whose files are not ours. All that they stand on is frozen and goes
    ahead, the guest running; on a shared path there is nothing to copy."""
    if not glue.has_record(instance):
        return original(self, context, instance, dest, post_method, recover_method, block_migration, migrate_data)

    def recover(*args, **kwargs):
        try:
            return recover_method(*args, **kwargs)
        finally:
            _finish_later(self, context, instance)

    try:
        destinations.check(context, instance, dest)
        if not _data(migrate_data, 'is_shared_instance_path'):
            _send_ahead(glue.engine_of(self, instance), _data(migrate_data, 'target_connect_addr') or dest)
    except Exception as exc:
        LOG.exception('light-snapshot: %s does not migrate to %s; it stays here', instance.uuid, dest)
        _add_fault(context, instance, exc)
        return recover(*places.rollback_arguments(context, instance, dest, block_migration, migrate_data))
    return original(self, context, instance, dest, post_method, recover, block_migration, migrate_data)


def _add_fault(context, instance, exc):
    """Tell the user why; nova itself says in its log alone what becomes of a live migration at this point."""
    info = sys.exc_info()
    try:
        faults.add(context, instance, exc, info)
    except Exception:
        LOG.exception('light-snapshot: no fault could be put on %s', instance.uuid)


def _data(migrate_data, name):
    """What nova's hosts have agreed on: a dictionary in 12, an object from 13 on."""
    if isinstance(migrate_data, dict):
        return migrate_data.get(name)
    return getattr(migrate_data, name) if migrate_data is not None and name in migrate_data else None


def _send_ahead(engine, host):
    frozen, active = engine.freeze_for_travel()
    for name in frozen:
        _copy(engine.files.path(name), engine.files.path(name), host)
    for name in active:
        # libvirt copies into it what the guest has written to this layer.
        twin = engine.make_twin(name)
        try:
            _copy(engine.files.path(twin), engine.files.path(name), host)
        finally:
            engine.remove_twin(twin)
    _copy(engine.record.path(layout.RECORD), engine.record.path(layout.RECORD), host)


def _finish_later(driver, context, instance):
    """In the background: what was written while layers were copied is merged back."""
    def finish():
        try:
            engine = glue.engine_of(driver, instance)
            engine.arrive()
            engine.finish()
            glue.save_columns(context, instance, engine.record)
        except Exception:
            LOG.exception('light-snapshot: after the migration of %s its layers could not be merged; this is tried again '
                          'before the next operation', instance.uuid)
    managers.in_background(finish)


def post_live_migration_at_destination(original, self, context, instance, *args, **kwargs):
    """The server runs here now."""
    result = original(self, context, instance, *args, **kwargs)
    if glue.has_record(instance):
        _finish_later(self, context, instance)
    else:
        glue.ensure_record(context, instance)
    return result
