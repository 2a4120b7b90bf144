"""Hooks of the libvirt driver, and the way from an instance to its engine.

An instance without a record takes the code path it took before: one look at the file system, nothing more.
"""

from __future__ import absolute_import

import json
import logging
import os
import xml.etree.ElementTree as ET

from nova import exception
from nova.compute import vm_states
from nova.virt.libvirt import utils as libvirt_utils
from oslo_config import cfg

from light_snapshot.engine import domain as engine_domain
from light_snapshot.engine import engine as engines
from light_snapshot.engine import errors
from light_snapshot.engine import files as engine_files
from light_snapshot.engine import inventory
from light_snapshot.engine import layout
from light_snapshot.engine import record as records
from light_snapshot.nova import counters
from light_snapshot.nova import names
from light_snapshot.nova import options
from light_snapshot.nova import privileges

LOG = logging.getLogger(__name__)
# nova.conf.CONF, by the name that every release has for it.
CONF = cfg.CONF

MARK, MARKED = names.MARK, names.MARKED
# Task states in which nova makes a server's disk anew: after shelve, and after an evacuation without shared storage. (A
# rebuild takes the mark away first.)
SPAWNING = ('spawning', 'rebuild_spawning')
# The same for what the record notes of daily snapshots: where no record goes along to another host, this does.
DAILY = 'light_snapshot_daily'
# The same for who has begun a snapshot of this host's own: see `turns`.
CLAIM = 'light_snapshot_claim'

RESCUED = ('The rescue system runs in the place of this server and has its disk: its layers were not touched. Unrescue the server, then '
           'try again.')


def engine_of(driver, instance, starts=False):
    """The engine of one instance on this host. A rescued server is off for it, and its layers stay as they are: the guest that runs is the
    rescue system, which has the server's disk as one of its own, under another name.

    :param starts: nova is about to start the server itself
    :raises EngineError: when its record cannot be read
    :raises Refused: when libvirt cannot be asked
    """
    values = options.values(CONF)
    if is_rescued(instance) and not starts:
        return engines.Engine(libvirt_utils.get_instance_path(instance), None, privileges.run, values, RESCUED)
    try:
        domain = engine_domain.Domain(driver._host.get_guest(instance)._domain, timeout=values['call_timeout'])
    except exception.InstanceNotFound:
        domain = None
    except exception.NovaException as exc:
        raise errors.Refused('libvirt on the compute host cannot be asked for server %s (%s). Nothing was changed. Look at libvirtd '
                             'there, then try again.' % (instance.uuid, exc))
    return engines.Engine(libvirt_utils.get_instance_path(instance), domain, privileges.run, values)


def is_rescued(instance):
    """Whether the rescue system runs in the place of a server."""
    return instance.vm_state == vm_states.RESCUED


def is_known(instance, name):
    """Whether a value of an instance is there without a query. (nova's own tests hand in dictionaries.)"""
    return hasattr(instance, 'obj_attr_is_set') and instance.obj_attr_is_set(name)


def has_record(instance):
    """Whether this server has layers or history on this host."""
    # nova's own tests hand in instances without a uuid.
    return is_known(instance, 'uuid') and records.exists(libvirt_utils.get_instance_path(instance))


def check_complete(instance):
    """A marked server that has layers and no record must not start: what it would start from is an old state.

    :param instance: a marked one without a record

    :raises EngineError: it is so
    """
    directory = libvirt_utils.get_instance_path(instance)
    if os.path.isdir(directory):
        layers = sorted(name for name in os.listdir(directory) if layout.is_ours(name))
        if layers:
            raise errors.EngineError(
                'The directory %s holds layers (%s) and no record %s that says which of them the server runs on; the server '
                'was not started, because its file %s alone is an old state. Bring the record back, or ask your operator.'
                % (directory, ', '.join(layers), layout.RECORD, layout.DISK))


def is_marked(instance):
    """Whether a server that has no record on this host has light snapshots enabled all the same: by a mark in its
    system metadata, which nova has read with the instance. A plain server costs no query."""
    return is_known(instance, 'system_metadata') and instance.system_metadata.get(MARK) == MARKED


def is_half_rebuilt(instance):
    """Whether a rebuild of a server was cut off with the service: it takes the mark away first, and what else is of ours (the counters;
    the columns are not read for this) once the disk is made anew."""
    return is_known(instance, 'system_metadata') and counters.KEY in instance.system_metadata and not is_marked(instance)


def ensure_record(context, instance):
    """Where an enabled server has just got its disk: a record without layers, so that it gets them when it starts.
    Nothing for a server whose record came along."""
    from light_snapshot.nova import state
    if not is_marked(instance) or has_record(instance):
        return
    directory = libvirt_utils.get_instance_path(instance)
    columns = state.LightSnapshotState.get(context, instance.uuid)
    if not columns.light_snapshot_enable:
        return
    root = {'name': layout.DISK, 'target': os.path.basename(instance.root_device_name or 'vda'), 'format': disk_format(),
            'size': 0}
    record = records.Record(directory, {
        'disks': [root], 'index': columns.snapshot_index or 0, 'store': columns.snapshot_store,
        'daily': json.loads(instance.system_metadata.get(DAILY) or 'null'),
        'root': {'file': layout.DISK, 'index': columns.root_index or 0, 'on': None, 'dirty': True}})
    record.save()


def save_columns(context, instance, record):
    """Bring the database's columns, the mark and the counters to what the record says (None: not enabled)."""
    from light_snapshot.nova import state
    state.LightSnapshotState.put(context, instance.uuid, state.of_record(record))
    marks = {MARK: None, DAILY: None, CLAIM: None, counters.KEY: None}
    if record is None:
        marks[state.DAILY_SINCE] = None
    if record is not None:
        files = engine_files.Files(record.directory, privileges.run)
        marks.update({MARK: MARKED, DAILY: json.dumps(record.daily, sort_keys=True) if record.daily else None,
                      counters.KEY: counters.written(inventory.counters(record, files))})
    if all(instance.system_metadata.get(name) == value for name, value in marks.items()):
        return
    for name, value in marks.items():
        if value is not None:
            instance.system_metadata[name] = value
        else:
            instance.system_metadata.pop(name, None)
    instance.save()


def drop_claim(instance):
    """Take a claim away; it is saved with the task state."""
    if is_known(instance, 'system_metadata'):
        instance.system_metadata.pop(CLAIM, None)


def save_what_is(context, instance):
    """Bring the database to what is on a server's disk, after nova has made it anew or failed to; never raises."""
    try:
        # What nova has left unsaved in it, a task state perhaps, is not ours to save.
        instance.refresh()
        save_columns(context, instance, record_of(instance.uuid))
    except exception.InstanceNotFound:
        pass
    except Exception:
        LOG.exception('light-snapshot: the database does not say yet what is on the disk of %s; a check tells what is wrong there, '
                      'and a repair puts it right', instance.uuid)


def record_of(uuid):
    """The record of a server of this host, or None.

    :raises EngineError: when there is one that cannot be read
    """
    return records.load(os.path.join(CONF.instances_path, uuid))


def note_daily(uuid, daily):
    """Note up to when the daily snapshots of a server were seen to.

    :raises EngineError: not now: something else is under way for it
    """
    values = dict(options.values(CONF), lock_timeout=0)
    engines.Engine(os.path.join(CONF.instances_path, uuid), None, privileges.run, values).note_daily(daily)


# ---- starts

def get_guest_xml(original, self, context, instance, network_info, disk_info, image_meta, rescue=None,
                  *args, **kwargs):
    """Before a guest is defined: finish what a crash left, make layers where all were committed."""
    if is_marked(instance) and not has_record(instance):
        check_complete(instance)
        if rescue is None and instance.task_state in SPAWNING:
            ensure_record(context, instance)
    if rescue is None and has_record(instance):
        engine = engine_of(self, instance, starts=True)
        # nova before 14 keeps the saved memory in a hard reboot, so that libvirt goes on from it: nothing is to be prepared then.
        if not engine.running() and not engine.held():
            engine.prepare_start(disks_of(disk_info))
            save_columns(context, instance, engine.record)
    return original(self, context, instance, network_info, disk_info, image_meta, rescue, *args, **kwargs)


def get_guest_config(original, self, instance, *args, **kwargs):
    """The guest boots its active layer."""
    config = original(self, instance, *args, **kwargs)
    if has_record(instance):
        directory = libvirt_utils.get_instance_path(instance)
        record = records.load(directory)
        active = dict((record.path(name), record.active_of(name)) for name in record.disk_names)
        for device in config.devices:
            name = active.get(getattr(device, 'source_path', None))
            if name is not None:
                device.source_path, device.driver_format = record.path(name), record.format_of(name)
    return config


def disks_of(disk_info):
    """nova's own disks of a server that may carry layers, as the engine takes them."""
    return [{'name': name, 'target': entry['dev'], 'format': disk_format()}
            for name, entry in sorted(disk_info['mapping'].items()) if layout.is_disk(name)]


def disk_format():
    """The format in which this host makes nova's own disks."""
    return 'qcow2' if CONF.libvirt.images_type in ('qcow2', 'default') and CONF.use_cow_images else 'raw'


def soft_reboot(original, self, instance):
    """A soft reboot starts what libvirt has saved. Where that is not the active layer: False, so that nova does
    a hard reboot instead."""
    if has_record(instance):
        engine = engine_of(self, instance)
        if engine.domain is None or any(
                engine.domain.on(disk['target']).active(inactive=True)
                != engine.record.path(engine.record.active_of(disk['name'])) for disk in engine.record.disks):
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
    if '.light-' in xml:
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
    """(path, format) of nova's own file that a layer of ours stands on; None for any other file.

    :raises EngineError: when the record cannot be read
    """
    if not path or not layout.is_ours(os.path.basename(path)):
        return None
    directory = os.path.dirname(path)
    if os.path.dirname(directory) != os.path.normpath(CONF.instances_path):
        return None
    record, name = records.load(directory), layout.disk_of(os.path.basename(path))
    return None if record is None else (os.path.join(directory, name), record.format_of(name))
