"""Copies of a server's disks that leave its directory: an image of what it has now, and its move to another host. A part
of `engine.Engine`.

A guest that runs goes on: what is copied is frozen at one instant, by layers that no restore point is listed for, and
`finish` merges what was written meanwhile back.
"""

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import lock
from light_snapshot.engine import plans
from light_snapshot.engine import thinning


class Copies(object):
    """What `Engine` does for nova's images and moves."""

    def _freeze(self):
        """Let a running guest write to new layers, so that everything below them holds still.

        :returns: the root disk's file that holds what the server had at this instant
        """
        frozen = self.record.active
        if not self.running():
            return frozen
        if self.record.live:
            self._begin(plans.aside(self.record.state(), thinning.now(), self._consistency()))
        else:
            self.renew()
        self.finish_job()
        return frozen

    @lock.exclusive
    def renew(self):
        """Layers again for a running server whose layers were all committed: what `prepare_start` does for one that is
        off.

        :raises Refused: too many kept files would lie below it; only a start can copy them together
        """
        self.settle()
        self.check_no_preview()
        if self.record.live:
            return
        job = plans.start(self.record.state(), thinning.now(), self.options['chain_limit'], self._consistency())
        if job['flatten']:
            raise errors.Refused('The chain of this server would be more than %d kept files deep; nothing was changed. Hard '
                                 'reboot the server, which flattens the chain, then try again.' % self.options['chain_limit'])
        self._begin(job)

    @lock.exclusive
    def export(self, image_format):
        """What the root disk holds at this instant, in one file of its own.

        :param image_format: one of `privileged.IMAGE_FORMATS`
        :returns: its path, in the server's directory; the caller moves it away
        :raises Refused: a preview is under way, there may not be enough space, or the layers have to stay as they are, and which of
            them the server has written to is not settled
        """
        if self.held():
            self._check_settled()
        else:
            self.settle()
        self.check_no_preview()
        names = self.record.files() | set([layout.DISK])
        self.files.need(sum(self.files.allocated(name) for name in names), 'The image')
        frozen = self._freeze()
        return self.files.export(frozen, self.record.format_of(frozen), image_format)

    def _check_settled(self):
        """:raises Held: something is still to be finished; which layer the server has written to last is not certain"""
        if self.record is not None and self.record.job:
            raise errors.Held(
                'An operation of this server (%s) was cut off, and cannot be finished while the memory of the server is saved; no image '
                'was made and nothing was changed. Once the server runs, have its light snapshots repaired (checkSnapshots), then try '
                'again.' % self.record.job['op'])

    # ---- to another host

    def travelling(self):
        """Names of the files of a server that go with it: all that its restore points and its layers stand on, but for
        nova's own disks and its swap (which nova makes anew), once every layer is committed and the guest is off.

        Each may be read by nova's user then.

        :raises EngineError: the layers are not committed
        """
        if self.record.live or self.record.job:
            raise errors.EngineError('The layers in %s are not committed; they were not copied. Commit them first.'
                                     % self.directory)
        return self._handed_over(name for disk in self.record.disk_names if disk != layout.SWAP
                                 for name in self._files_of(disk) if name != disk)

    @lock.exclusive
    def freeze_for_travel(self):
        """Freeze all below the active layers of a running guest, which then goes to another host layer and all.

        :returns: (names of the frozen files, nova's own disks among them; names of the active layers). The first may be
            read by nova's user.
        """
        self.settle()
        self.check_no_preview()
        self._freeze()
        active = [self.record.active_of(disk) for disk in self.record.disk_names]
        names = [name for disk in self.record.disk_names for name in self._files_of(disk)]
        return self._handed_over(name for name in names if name not in active), active

    def _files_of(self, disk):
        """Every file of one disk, nova's own among them."""
        return sorted(layout.of(disk, name) for name in self.record.files() | set([layout.DISK]))

    def _handed_over(self, names):
        names = list(names)
        for name in names:
            self.files.hand_over(name)
        return names

    @lock.exclusive
    def make_twin(self, name):
        """An empty layer with the backing file of an active one, for the other host; its name here, which nothing else
        has. The caller removes it by `remove_twin`."""
        disk = layout.disk_of(name)
        twin = layout.of(disk, layout.layer(self.record.index + 1))
        backing = layout.of(disk, plans.backing_files(self.record.state())[layout.on_root(name)])
        self.files.remove(twin)
        self.files.create(twin, backing, self.record.format_of(backing), self.record.disk(disk)['size'])
        return twin

    def remove_twin(self, name):
        self.files.remove(name)

    @lock.exclusive
    def arrive(self):
        """See to a record that has come here with its files: give what is kept its second name, and forget the disks
        that did not come along (swap), which the next start takes in anew.

        :raises EngineError: a file of the root disk is missing; nothing was changed
        """
        if self.record is None:
            return
        here = []
        for disk in self.record.disks:
            missing = [name for name in self._files_of(disk['name']) if not self.files.exists(name)]
            if not missing:
                here.append(disk)
            elif disk['name'] == layout.DISK:
                raise errors.EngineError('The record of the light snapshots came here without %s; nothing was changed. '
                                         'The host that the server comes from has it still.' % self.record.path(missing[0]))
        if len(here) < len(self.record.disks):
            self.record.data['disks'] = here
            self.record.save()
        for disk in here:
            for entry in self.record.kept.values():
                self.files.keep(layout.of(disk['name'], entry['file']))
