"""Hooks of the libvirt driver, and the way from an instance to its engine.

An instance without a record takes the code path it took before: one look at the file system, nothing more.
"""

from __future__ import absolute_import

import logging
import os
import shutil
import xml.etree.ElementTree as ET

from nova import exception
from nova.virt.libvirt import utils as libvirt_utils
from oslo_config import cfg

from light_snapshot.engine import domain as engine_domain
from light_snapshot.engine import engine as engines
from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import record as records
from light_snapshot.nova import options
from light_snapshot.nova import places
from light_snapshot.nova import privileges

LOG = logging.getLogger(__name__)
# nova.conf.CONF, by the name that every release has for it.
CONF = cfg.CONF

# In an instance's system metadata, while light snapshots are enabled.
MARK, MARKED = 'light_snapshot_enable', 'True'


def engine_of(driver, instance):
    """The engine of one instance on this host.

    :raises EngineError: when its record cannot be read
    """
    try:
        domain = engine_domain.Domain(driver._host.get_guest(instance)._domain)
    except exception.InstanceNotFound:
        domain = None
    return engines.Engine(libvirt_utils.get_instance_path(instance), domain, privileges.run,
                          options.values(CONF))


def has_record(instance):
    """Whether this server has layers or history on this host."""
    # nova's own tests hand in dictionaries, and instances without a uuid.
    known = hasattr(instance, 'obj_attr_is_set') and instance.obj_attr_is_set('uuid')
    return known and records.exists(libvirt_utils.get_instance_path(instance))


def is_marked(instance):
    """Whether a server that has no record on this host has light snapshots enabled all the same: by a mark in its
    system metadata, which nova has read with the instance. A plain server costs no query."""
    return instance.obj_attr_is_set('system_metadata') and instance.system_metadata.get(MARK) == MARKED


def save_columns(context, instance, record):
    """Bring the database's columns, and the mark, to what the record says (None: not enabled)."""
    from light_snapshot.nova import state
    state.LightSnapshotState.put(context, instance.uuid, state.of_record(record))
    if (record is not None) == (instance.system_metadata.get(MARK) == MARKED):
        return
    if record is not None:
        instance.system_metadata[MARK] = MARKED
    else:
        instance.system_metadata.pop(MARK)
    instance.save()


# ---- starts

def get_guest_xml(original, self, context, instance, network_info, disk_info, image_meta, rescue=None,
                  *args, **kwargs):
    """Before a guest is defined: finish what a crash left, make layers where all were committed."""
    if rescue is None and has_record(instance):
        engine = engine_of(self, instance)
        if not engine.running():
            engine.prepare_start()
            save_columns(context, instance, engine.record)
    return original(self, context, instance, network_info, disk_info, image_meta, rescue, *args, **kwargs)


def get_guest_config(original, self, instance, *args, **kwargs):
    """The guest boots its active layer."""
    config = original(self, instance, *args, **kwargs)
    if has_record(instance):
        directory = libvirt_utils.get_instance_path(instance)
        record = records.load(directory)
        disk = os.path.join(directory, layout.DISK)
        for device in config.devices:
            if getattr(device, 'source_path', None) == disk:
                device.source_path = record.path(record.active)
                device.driver_format = record.active_format
    return config


def soft_reboot(original, self, instance):
    """A soft reboot starts what libvirt has saved. Where that is not the active layer: False, so that nova does
    a hard reboot instead."""
    if has_record(instance):
        engine = engine_of(self, instance)
        active = engine.record.path(engine.record.active)
        if engine.domain is None or engine.domain.active(inactive=True) != active:
            LOG.warning('light-snapshot: libvirt would not restart %s from its active layer; hard reboot instead',
                        instance.uuid)
            return False
    return original(self, instance)


# Whoever asks which files a guest has, to find their image-cache file or to copy them, is shown `disk`. nova asks this
# of every guest on the host, also to add up their sizes. One record that cannot be read must not stop that: such a disk
# is left out, as nova leaves out a volume. (The guest itself is refused at its next start.)

def disk_info_from_config(original, self, guest_config, *args, **kwargs):
    """16 and later: nova asks with a guest's parsed configuration."""
    shown = []
    for device in guest_config.devices:
        # Of a volume or a block device it is no path of a file; of a file system or a network card there is none.
        path = getattr(device, 'source_path', None) if getattr(device, 'source_type', None) == 'file' else None
        try:
            root = _root_of(path)
        except errors.EngineError as exc:
            LOG.error('light-snapshot: %s', exc)
            continue
        if root is not None:
            device.source_path, device.driver_format = root
        shown.append(device)
    guest_config.devices = shown
    return original(self, guest_config, *args, **kwargs)


def disk_info_from_xml(original, self, instance_name, xml, *args, **kwargs):
    """Before 16: nova asks with libvirt's text."""
    if layout.DISK + '.light-' in xml:
        xml = _xml_on_root(xml)
    return original(self, instance_name, xml, *args, **kwargs)


def _xml_on_root(xml):
    domain = ET.fromstring(xml)
    devices = domain.find('./devices')
    for disk in devices.findall('disk') if devices is not None else ():
        source = disk.find('source')
        try:
            root = _root_of(source.get('file') if source is not None else None)
        except errors.EngineError as exc:
            LOG.error('light-snapshot: %s', exc)
            devices.remove(disk)
            continue
        if root is not None:
            path, fmt = root
            source.set('file', path)
            disk.find('driver').set('type', fmt)
    return ET.tostring(domain).decode('ascii')


def _root_of(path):
    """(path, format) of the file `disk` that a layer of ours stands on; None for any other file.

    :raises EngineError: when the record cannot be read
    """
    if not path or not layout.is_ours(os.path.basename(path)):
        return None
    directory = os.path.dirname(path)
    if os.path.dirname(directory) != os.path.normpath(CONF.instances_path):
        return None
    record = records.load(directory)
    return None if record is None else (os.path.join(directory, layout.DISK), record.disk_format)


# ---- resize and migration

def _rollback(reason):
    return exception.InstanceFaultRollback(exception.ResizeError(reason=reason))


def _is_shared(driver, dest, path):
    return places.find('is_path_shared')(driver, dest, path)


def migrate_disk_and_power_off(original, self, context, instance, dest, *args, **kwargs):
    """Commit first; then nova copies `disk`, and the history and the record go after it.

    :raises InstanceFaultRollback: where that cannot be done; the server is as before then
    """
    if not has_record(instance):
        return original(self, context, instance, dest, *args, **kwargs)
    directory = libvirt_utils.get_instance_path(instance)
    shared = _is_shared(self, dest, directory)
    engine = engine_of(self, instance)
    if engine.has_history() and not shared:
        raise _rollback('The server keeps light snapshots, and its new host does not share %s; their history cannot '
                        'go with it. Disable light snapshots first (this removes the history).' % directory)
    try:
        engine.commit_all()
        engine.finish()
    except errors.EngineError as exc:
        raise _rollback(str(exc))
    save_columns(context, instance, engine.record)
    result = original(self, context, instance, dest, *args, **kwargs)
    if shared:
        _bring_history(directory)
    return result


def _bring_history(directory):
    try:
        engines.Engine(directory, None, privileges.run).bring_from(directory + '_resize')
    except Exception as exc:
        # nova takes this for a resize that did not happen: so it has to be one.
        shutil.rmtree(directory, ignore_errors=True)
        os.rename(directory + '_resize', directory)
        raise _rollback('The history of the light snapshots could not be copied: %s' % exc)


def _ensure_record(context, instance):
    """On a host that an enabled server has just come to: a record without layers, so that it gets them when it
    starts. Nothing for a server whose record came along."""
    from light_snapshot.nova import state
    if not is_marked(instance) or has_record(instance):
        return
    directory = libvirt_utils.get_instance_path(instance)
    columns = state.LightSnapshotState.get(context, instance.uuid)
    if not columns.light_snapshot_enable:
        return
    fmt = 'qcow2' if CONF.libvirt.images_type in ('qcow2', 'default') and CONF.use_cow_images else 'raw'
    index = columns.snapshot_index or 0
    record = records.Record(directory, {
        'target': os.path.basename(instance.root_device_name or 'vda'), 'disk_format': fmt, 'index': index,
        'store': columns.snapshot_store,
        'root': {'file': layout.DISK, 'format': fmt, 'index': columns.root_index or 0, 'on': None, 'dirty': True}})
    record.save()


def finish_migration(original, self, context, migration, instance, *args, **kwargs):
    """The destination's part of a resize or cold migration."""
    _ensure_record(context, instance)
    return original(self, context, migration, instance, *args, **kwargs)


def check_can_live_migrate_source(original, self, context, instance, *args, **kwargs):
    """Before a live migration: commit, the guest running.

    :raises MigrationPreCheckError: where that cannot be done
    """
    if has_record(instance):
        engine = engine_of(self, instance)
        if engine.has_history():
            raise exception.MigrationPreCheckError(
                reason='The server keeps light snapshots, and a live migration cannot take their history along. '
                       'Disable light snapshots first (this removes the history).')
        try:
            engine.commit_all()
            engine.finish()
        except errors.EngineError as exc:
            raise exception.MigrationPreCheckError(reason=str(exc))
        save_columns(context, instance, engine.record)
    return original(self, context, instance, *args, **kwargs)


def post_live_migration_at_destination(original, self, context, instance, *args, **kwargs):
    """The layers are made again when the server starts the next time."""
    result = original(self, context, instance, *args, **kwargs)
    _ensure_record(context, instance)
    return result
