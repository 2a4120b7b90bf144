"""createImage, createBackup and shelve of a server with layers: the image is what its active layer shows, and no layer may
be read by nova's user. A running guest goes on meanwhile; nova's own way is for what has no layers."""

from __future__ import absolute_import

import logging
import os
import shutil

from nova.virt.libvirt import utils as libvirt_utils

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import record as records
from light_snapshot.nova import driver as glue

LOG = logging.getLogger(__name__)

UNKNOWN = 'Which server this image is made of is not known here: its layers were not touched. Make it as nova does (createImage).'

# The name of a server's directory -> (driver, server), while nova makes an image of it.
_under_way = {}


def snapshot(original, self, context, instance, *args, **kwargs):
    """Around all of it: a file alone tells nobody whose it is, and libvirt has to be asked whether the server is off, or its memory
    saved (nova does so itself for an image, where it makes none of running guests)."""
    if not glue.has_record(instance):
        return original(self, context, instance, *args, **kwargs)
    _settle(self, context, instance)
    name = os.path.basename(libvirt_utils.get_instance_path(instance))
    _under_way[name] = self, instance
    try:
        return original(self, context, instance, *args, **kwargs)
    finally:
        _under_way.pop(name, None)


def _settle(driver, context, instance):
    """What was cut off is finished while the guest runs, or is off: nova may save its memory next, and no layer may be changed then."""
    engine = glue.engine_of(driver, instance)
    if engine.record.job and not engine.held():
        engine.settle()
        engine.finish_job()
        glue.save_columns(context, instance, engine.record)


def live_snapshot(original, self, context, instance, guest, disk_path, out_path, source_format, image_format,
                  *args, **kwargs):
    """Of a guest that runs."""
    if not layout.is_ours(os.path.basename(disk_path)) or not glue.has_record(instance):
        return original(self, context, instance, guest, disk_path, out_path, source_format, image_format,
                        *args, **kwargs)
    engine = glue.engine_of(self, instance)
    try:
        _export(engine, out_path, image_format)
    finally:
        glue.save_columns(context, instance, engine.record)


def snapshot_extract(original, self, target, out_format):
    """Of a guest that is off, or whose memory is saved. Which file is its active layer its record knows; libvirt may remember an older
    one."""
    directory, name = os.path.split(self.path)
    if not layout.is_ours(name) or not records.exists(directory):
        return original(self, target, out_format)
    made_of = _under_way.get(os.path.basename(directory))
    if made_of is None:
        raise errors.Held(UNKNOWN)
    _export(glue.engine_of(*made_of), target, out_format)


def _export(engine, target, image_format):
    try:
        shutil.move(engine.export(image_format), target)
    finally:
        try:
            engine.finish()
        except errors.EngineError as exc:
            # The image is right; what was written meanwhile is merged back before the next operation.
            LOG.warning('light-snapshot: after an image of %s: %s', engine.directory, exc)
