"""What a server's start and its moves ask of its layers. A part of `engine.Engine`."""

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import lock
from light_snapshot.engine import plans
from light_snapshot.engine import present
from light_snapshot.engine import record as records
from light_snapshot.engine import thinning


class Starts(object):
    """What `Engine` does when nova starts a guest, resizes it or brings it to another host."""

    @lock.exclusive
    def prepare_start(self, disks=None):
        """What the guest, which is off, has to be started from; layers are made again where all were committed, unless our files
        were taken away.

        :param disks: [{'name', 'target', 'format'}]: the disks that nova gives the guest; None: those of the record
        :returns: (path, format) of the root disk; None for a plain server
        """
        self.settle()
        if self.record is None:
            return None
        if disks is not None and not self.record.preview:
            self._follow(disks)
        if not self.record.live and not present.gone():
            self._refresh_sizes()
            self._begin(plans.start(self.record.state(), thinning.now(), self.options['chain_limit']))
            self.finish_job()
        active = self.record.active
        return self.record.path(active), self.record.format_of(active)

    def _follow(self, disks):
        """A resize may have brought disks, or taken them away (swap is never brought along)."""
        known = dict((disk['name'], disk) for disk in disks if self.files.exists(disk['name']))
        gone = [name for name in self.record.disk_names if name not in known and name != layout.DISK]
        if gone:
            self._drop(gone)
        targets = self.targets()
        formats = [disk['format'] for disk in self.record.disks]
        for disk in self.record.disks:
            disk['target'] = known.get(disk['name'], disk)['target']
            if not self.record.live and not self.has_history():
                # A migration may have made a raw disk a qcow2 one; nothing of ours names its format then.
                disk['format'] = known.get(disk['name'], disk)['format']
        if self.targets() != targets or [disk['format'] for disk in self.record.disks] != formats:
            self.record.save()
        for name in sorted(set(known) - set(self.record.disk_names)):
            disk = dict(known[name], size=self.files.virtual_size(name, known[name]['format']))
            self._begin(plans.adopt(self.record.state(), disk))
            self.finish_job()

    def _drop(self, names):
        """Forget disks that nova has taken away. The record first: a crash leaves files for `check` to find."""
        self.record.data['disks'] = [disk for disk in self.record.disks if disk['name'] not in names]
        self.record.save()
        for disk in names:
            for name in sorted(self.record.files() - set([layout.DISK])):
                self.files.remove(layout.kept(layout.of(disk, name)))
                self.files.discard(layout.of(disk, name))
            self.files.remove(layout.kept(disk))

    def _refresh_sizes(self):
        """A resize may have grown nova's disks while there were no layers: the roots follow."""
        rec = self.record
        for disk in rec.disks:
            size = max(disk['size'], self.files.virtual_size(disk['name'], disk['format']))
            if rec.root['file'] != layout.DISK:
                self.files.grow(layout.of(disk['name'], rec.root['file']), size)
            disk['size'] = size
        rec.save()

    def has_history(self):
        """Whether files other than nova's hold data even when every live layer is committed."""
        return self.record is not None and (bool(self.record.kept) or self.record.root['file'] != layout.DISK)

    @lock.exclusive
    def bring_from(self, directory):
        """Copy root, history and record from another directory of the same instance, where nova's disks are already.

        Copied, not linked: a revert of the resize goes back to the other directory as it is. A disk that did not come
        along (swap) is left out; it is taken in anew at the next start.
        """
        source = records.load(directory)
        if source is None:
            return
        if source.live or source.job:
            raise errors.EngineError('The layers in %s are not committed; they were not copied. Commit them first.'
                                     % directory)
        disks = [disk for disk in source.disks if self.files.exists(disk['name'])]
        for disk in disks:
            for name in sorted(source.files() - set([layout.DISK])):
                self.files.copy_from(directory, layout.of(disk['name'], name))
            for entry in source.kept.values():
                self.files.keep(layout.of(disk['name'], entry['file']))
        self.record = records.Record(self.directory, dict(source.data, disks=disks))
        self.record.save()
