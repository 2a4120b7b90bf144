"""Cinder's driver of the testbed: volumes are files, and this machine's servers get them as loop devices.

The kernel of a small virtual machine may have no device mapper, iSCSI, NBD or NFS, so that none of cinder's own drivers has anything to
work with. cinder-volume imports a copy of this file, which imports cinder alone.
"""
import os

from cinder.volume import driver


class LoopDriver(driver.VolumeDriver):
    """Volumes, and nothing else: no snapshots, no clones, no images."""

    VERSION = "1"

    def check_for_setup_error(self):
        pass

    def _update_volume_stats(self):
        self._stats = {"volume_backend_name": self.configuration.volume_backend_name, "vendor_name": "light-snapshot's testbed",
                       "driver_version": self.VERSION, "storage_protocol": "local",
                       "total_capacity_gb": "unknown", "free_capacity_gb": "unknown"}

    def local_path(self, volume):
        return os.path.join(self.configuration.volumes_dir, volume.name)

    def create_volume(self, volume):
        with open(self.local_path(volume), "wb") as handle:
            handle.truncate(volume.size * 2 ** 30)

    def delete_volume(self, volume):
        if os.path.exists(self.local_path(volume)):
            os.unlink(self.local_path(volume))

    # Nothing is exported: all hosts of the testbed are one machine, with one /dev.

    def ensure_export(self, context, volume):
        pass

    def create_export(self, context, volume, connector):
        pass

    def remove_export(self, context, volume):
        pass

    def _losetup(self, *words):
        return self._execute("losetup", *words, run_as_root=True)[0]

    def _devices(self, volume):
        # Anybody may ask this, and rootwrap takes seconds on a busy machine.
        found, _ = self._execute("losetup", "-j", self.local_path(volume))
        return [line.split(":")[0] for line in found.splitlines()]

    def initialize_connection(self, volume, connector, **kwargs):
        found = self._devices(volume) or [self._losetup("-f", "--show", self.local_path(volume)).strip()]
        return {"driver_volume_type": "local", "data": {"device_path": found[0]}}

    def terminate_connection(self, volume, connector, **kwargs):
        # The kernel waits until nobody has it open: the other host of a migration goes on with it.
        for device in self._devices(volume):
            self._losetup("-d", device)
