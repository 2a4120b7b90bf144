"""What can be done with one server's layers. One operation runs at a time: see `lock`."""

import logging
import time

from light_snapshot.engine import checks
from light_snapshot.engine import copies
from light_snapshot.engine import errors
from light_snapshot.engine import files as engine_files
from light_snapshot.engine import holds
from light_snapshot.engine import inventory
from light_snapshot.engine import jobs
from light_snapshot.engine import layout
from light_snapshot.engine import lock
from light_snapshot.engine import plans
from light_snapshot.engine import present
from light_snapshot.engine import record as records
from light_snapshot.engine import starts
from light_snapshot.engine import thinning
from light_snapshot.engine import ways

LOG = logging.getLogger(__name__)

DEFAULTS = {
    'commit_timeout': 1800,     # seconds that a commit of a running guest may take
    'commit_slow_after': 30,    # seconds that it has to show that it will, before the guest's writes are limited
    'commit_slowest': 1,        # MiB a second that the guest may write at least then
    'commit_pause_limit': 5,    # seconds that the guest may be paused for it, once, where that is not enough
    'freeze_timeout': 10,       # seconds that the guest agent has to freeze the file systems
    'call_timeout': 30,         # seconds that any other call to libvirt has for its answer
    'lock_timeout': 30,         # seconds that another operation on the same server is waited for
    'chain_limit': 16,          # kept files that may lie below the root after a recover
    'deleted_seconds': 86400,   # how long discarded files stay in the separate folder
    'daily_keep': 7,            # daily restore points that stay in the history; 0: all
    'daily_keep_weekly': 4,     # weeks of which one more daily restore point stays each
}


class Engine(ways.Ways, starts.Starts, copies.Copies, holds.Holds):
    """One instance's layers.

    :param directory: the instance's directory
    :param domain: `domain.Domain`, or None where libvirt knows no such domain
    :param run: carries out the privileged acts (see `files.Files`)
    :param options: overrides of `DEFAULTS`
    :param held: why the layers have to stay as they are, where libvirt cannot tell, in words (see `holds`)
    """

    def __init__(self, directory, domain=None, run=engine_files.run_here, options=None, held=None):
        self.directory = directory
        self.domain = domain
        self.files = engine_files.Files(directory, run)
        self.options = dict(DEFAULTS, **(options or {}))
        self._deleting = False
        self._held = held
        self.record = records.load(directory)
        self.aim()

    # ---- what is

    @property
    def enabled(self):
        return self.record is not None

    def running(self):
        return self.domain is not None and self.domain.is_running()

    def _consistency(self):
        return plans.CRASH_CONSISTENT if self.running() else plans.STOPPED

    def aim(self):
        """What the domain is asked without a device in mind, such as for its state, goes by the root disk."""
        if self.domain is not None and self.record is not None and self.record.disks:
            self.domain.target = self.record.disks[0]['target']

    def points(self):
        """The restore points, oldest first: what a user can recover to (see `inventory.points`)."""
        return inventory.points(self.record, self.files) if self.record is not None else []

    def size(self):
        """Bytes that the layers and the history take on the host's disk (see `inventory.size`)."""
        return inventory.size(self.record, self.files)

    def written(self):
        """Bytes that the active layer takes, or None (see `inventory.written`)."""
        return inventory.written(self.record, self.files)

    def progress(self):
        """How far the commit under way is, or None (see `inventory.progress`)."""
        return inventory.progress(self.record, self.domain)

    def targets(self):
        """The guest devices whose layers we keep."""
        return self.record.targets if self.record is not None else []

    @lock.exclusive
    def check(self, repair=False):
        """What is wrong with this server's layers (see `checks`)."""
        if self.record is None:
            return []
        if repair:
            self.settle()
        return checks.findings(self.record, self.files, self.domain, repair) if self.record is not None else []

    # ---- gates

    def check_enabled(self):
        """:raises Refused: not enabled"""
        if self.record is None:
            raise errors.Refused('Light snapshots are not enabled for this server; nothing was changed. '
                                 'Enable them first.')

    def check_not_enabled(self):
        """:raises Refused: enabled already"""
        if self.record is not None:
            raise errors.Refused('Light snapshots are enabled for this server already; nothing was changed.')

    def check_no_preview(self):
        """:raises Refused: not enabled, or a preview is under way"""
        self.check_enabled()
        if self.record.preview:
            raise errors.Refused('The server shows restore point %d as a preview; nothing was changed. Keep the preview '
                                 'or undo it first.' % self.record.preview['index'])

    def _need_layers(self):
        self.check_no_preview()
        if not self.record.live:
            raise errors.Refused('All layers of this server are committed to its root disk; nothing was changed. '
                                 'Hard reboot the server: it gets its layers again when it starts.')

    @lock.exclusive
    def settle(self):
        """Finish or undo what a crash left, then see that the guest runs on the layer that the record names.

        Called before each operation and when nova-compute starts.

        :raises Held: the layers have to stay as they are
        :raises EngineError: when guest and record disagree; nothing is touched then
        """
        if self.record is None:
            return
        self.check_free()
        runner = self._runner()
        if not self.running():
            self._check_off()
        if self.record.job:
            runner.resume_interrupted()
        if not records.exists(self.directory):
            self.record = None
            return
        self.files.purge(self.options['deleted_seconds'])
        self.files.remove_export()
        if not self.running():
            self._mend_root()
        for disk in self.record.disks if self.running() else ():
            active, wanted = self.domain.on(disk['target']).active(), self.record.active_of(disk['name'])
            if active != self.record.path(wanted):
                raise errors.EngineError(
                    'The server runs on %s, and its record names %s; nothing was touched. Stop the server from writing '
                    '(pause it), look at its chain, and ask your operator.' % (active, wanted))

    def _check_off(self):
        """libvirt may take a guest for ended whose QEMU lives on (seen with 9.0.0, killed and started again); and a commit
        of a process that was killed may go on."""
        # What a disable commits to is in the record no more.
        job = self.record.job or {}
        names = self.record.files() | set(new['file'] for new in job.get('new') or ()) | set([job.get('base') or layout.DISK])
        ours = set(layout.of(disk, name) for disk in self.record.disk_names for name in names)
        written = sorted(ours.intersection(self.files.written()))
        if written:
            raise errors.EngineError(
                'libvirt says that the server is off, and a process of the compute host writes to %s; nothing was '
                'touched. If it is a QEMU that libvirt has lost, end it (fuser shows its number), then try again.'
                % self.record.path(written[0]))

    def _mend_root(self):
        """A commit that was given up has left clusters in the root that nothing uses. That they stay for now keeps nobody
        from anything."""
        root = self.record.root
        if not root.get('leaky'):
            return
        try:
            for disk in self.record.disk_names:
                if self.record.format_of(layout.of(disk, root['file'])) == 'qcow2':
                    self.files.mend(layout.of(disk, root['file']))
            root.pop('leaky')
            self.record.save()
        except (errors.EngineError, EnvironmentError) as exc:
            LOG.warning('light-snapshot: %s: clusters that nothing uses could not be given back: %s', self.directory, exc)

    def _runner(self):
        return jobs.Runner(self.record, self.files, self.domain, self.options)

    def _begin(self, job):
        """Write the job down and run its first part; what follows is left for `finish`.

        :raises Refused: our files were taken away, and this would give layers to a server that has none
        """
        if (job.get('after') or {}).get('live') and not self.record.live:
            present.check()
        self.record.set_job(job)
        self._runner().step()

    @lock.exclusive
    def finish(self):
        """Run what is left of the job under way (commits, clean-up), then bring back the space of what was deleted and
        of what retention lets go of. Afterwards nothing is left to do, unless the layers have to stay as they are: then all of
        it is left for the next operation.

        :raises EngineError: also where the space of what this very engine was asked to delete does not come back (yet)
        """
        if self.record is not None and self.held():
            return
        self.finish_job()
        try:
            with errors.explained():
                self._thin()
        except errors.EngineError as exc:
            if self._deleting:
                raise
            LOG.warning('light-snapshot: %s: the space of deleted restore points does not come back yet: %s',
                        self.directory, exc)

    @lock.exclusive
    def finish_job(self):
        """Run what is left of the job under way, and nothing else: what a guest that is off waits for."""
        if self.record is not None and self.record.job:
            self._runner().run()
        if self.record is not None and not records.exists(self.directory):
            self.record = None

    def _thin(self):
        while self.record is not None and not self.record.preview and not self.held():
            state = self.record.state()
            gone = thinning.expired(state, time.time()) or thinning.expired_daily(
                state, self.options['daily_keep'], self.options['daily_keep_weekly'])
            job = thinning.delete(state, gone) if gone else thinning.collapse(state, self.running())
            if job is None:
                return
            if job['kind'] == 'merge':
                # What is committed may share nothing with what it is committed to.
                self.files.need(self._allocated(job['top'] or self.record.active), 'Bringing back the space')
            self._begin(job)
            self.finish_job()

    def _allocated(self, *names):
        """Bytes that some files take, on all disks."""
        return sum(self.files.allocated(layout.of(disk, name)) for disk in self.record.disk_names for name in names)

    # ---- operations

    @lock.exclusive
    def enable(self, disks, store=False):
        """Put the first layers on the disks, of a running or a stopped guest.

        :param disks: [{'name', 'target', 'format'}]: nova's own disks in the directory, `disk` among them; 'target': the
            guest device; 'format': 'qcow2' or 'raw', as the host's configuration says (never probed)
        :raises Refused: already enabled, or a disk that cannot carry layers
        """
        self.check_not_enabled()
        self.check_free()
        disks = [dict(disk, size=self.files.virtual_size(disk['name'], disk['format'])) for disk in disks]
        self.files.need(0, 'A layer')
        disks.sort(key=lambda disk: disk['name'])
        rec = records.Record(self.directory, {'disks': disks})
        job = plans.enable(rec.state(), store, thinning.now(), self._consistency())
        # Until the job has taken effect the record names the plain disk as what the guest runs on.
        rec.data['root'] = {'file': layout.DISK, 'index': 0, 'on': None, 'dirty': False}
        self.record = rec
        self.aim()
        try:
            self._begin(job)
        except Exception:
            if not records.exists(self.directory):
                self.record = None
            raise

    @lock.exclusive
    def snapshot(self, name='', description='', quiesce=False, daily=None):
        """Freeze the active layers, all at one instant. The commit that keeps the chain bounded is left for `finish`.

        :param daily: of a daily snapshot, what to note of it; it is refused where something is wrong with the chain
        :returns: the index of the restore point
        """
        self.settle()
        self._need_layers()
        if daily:
            self._check_daily(daily)
        live = self.record.live
        # Worst case: the layer is committed to the root and shares nothing with it, and with store both stay.
        self.files.need(self._allocated(live[0]['file']) if len(live) > 1 else 0, 'The commit of the last layer')
        job = plans.snapshot(self.record.state(), thinning.now(), self._consistency(), name, description, daily)
        job['quiesce'] = bool(quiesce)
        index = live[-1]['index']
        self._begin(job)
        return index

    def _check_daily(self, daily):
        """:raises Refused: taken already, or nobody should build on this chain while no one looks"""
        if self.record.daily and self.record.daily['taken'] >= daily['taken']:
            raise errors.Refused('The daily light snapshot of %s is there already; nothing was changed.'
                                 % self.record.daily['taken'])
        wrong = [found for found in checks.findings(self.record, self.files, self.domain)
                 if found['severity'] == checks.ERROR]
        if wrong:
            raise errors.Refused('The layers of this server are not well, so that no daily light snapshot was taken and '
                                 'nothing was changed: %s Check its light snapshots, and have them repaired.'
                                 % wrong[0]['message'])

    @lock.exclusive
    def note_daily(self, daily):
        """Note up to when daily snapshots were seen to, without taking one."""
        self.check_enabled()
        self.record.data['daily'] = daily
        self.record.save()

    @lock.exclusive
    def commit_all(self):
        """Commit all live layers to the root. A running guest goes on, on the root itself."""
        self.settle()
        self.check_no_preview()
        if not self.record.live:
            return
        self.files.need(self._allocated(*[layer['file'] for layer in self.record.live]), 'The commit')
        self._begin(plans.commit_all(self.record.state(), thinning.now(), self._consistency()))

    @lock.exclusive
    def disable(self):
        """Commit everything to nova's own disks and remove all layers, the history and the record."""
        self.check_no_preview()
        self.settle()
        if self.record is None:
            return      # an earlier disable that was cut off has just been finished
        names = [layer['file'] for layer in self.record.live] + [self.record.root['file']]
        self.files.need(self._allocated(*[name for name in names if name != layout.DISK]), 'The commit')
        job = plans.disable(self.record.state())
        # The history's base is about to be written to: from here on nothing of it may be listed.
        self.record.data.update(kept={}, points={})
        self._begin(job)

    @lock.exclusive
    def store(self, enable):
        """Keep every layer from now on, or no longer. Costs the same however large the disk is."""
        self.settle()
        self.check_no_preview()
        if bool(enable) == self.record.store:
            return
        if enable:
            self._check_depth()
            job = plans.store_on(self.record.state(), thinning.now(), self._consistency())
        else:
            job = plans.store_off(self.record.state())
        self._begin(job)

    def _check_depth(self):
        on = self.record.root['on']
        files = plans.depth(self.record.state(), on) if on is not None else 0
        if files > self.options['chain_limit']:
            raise errors.Refused('The chain of this server is %d kept files deep; nothing was changed. Commit all its '
                                 'layers and hard reboot it, which flattens the chain, then try again.' % files)

    @lock.exclusive
    def describe(self, index, name, description):
        """Change a restore point's name and description (None: leave it). That is text in the record alone, so that it makes no
        difference who has the layers open.

        :raises NotFound: no such restore point
        :raises Held: what was cut off is to be finished first, and the layers have to stay as they are
        """
        if self.record is not None and self.record.job:
            # It carries the restore points as they were when it began.
            self.settle()
        self.check_no_preview()
        if index not in plans.shown(self.record.state()):
            raise errors.NotFound('There is no restore point %s; nothing was changed.' % index)
        point = self.record.data['points'].setdefault(
            str(index), plans.point(None, thinning.now(), plans.CRASH_CONSISTENT))
        if name is not None and name != point['name']:
            point.pop('daily', None)        # it is its owner's own from now on: no retention of daily ones takes it
        point.update((k, v) for k, v in (('name', name), ('description', description)) if v is not None)
        self.record.save()

    # ---- deletion

    @lock.exclusive
    def delete(self, index):
        """Delete a restore point: it is listed no more. Its space comes back in `finish`, as far as nothing that stands
        on it still needs it.

        :raises NotFound: no such restore point
        """
        self.settle()
        self.check_no_preview()
        self._begin(thinning.delete(self.record.state(), [index]))
        self._deleting = True

    @lock.exclusive
    def retain(self, count=None, days=None):
        """How many kept restore points may stay, and for how many days (None: no limit). Applied by `finish`."""
        self.settle()
        self.check_no_preview()
        self.record.data['retention'] = {'count': count, 'days': days}
        self.record.save()
