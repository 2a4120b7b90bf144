"""What can be done with one server's layers. The caller sees to it that one operation runs at a time."""

import time

from light_snapshot.engine import errors
from light_snapshot.engine import files as engine_files
from light_snapshot.engine import jobs
from light_snapshot.engine import layout
from light_snapshot.engine import plans
from light_snapshot.engine import record as records

DEFAULTS = {
    'commit_timeout': 1800,     # seconds that an active commit may take to catch up with the guest
    'freeze_timeout': 10,       # seconds that the guest agent has to freeze the file systems
    'chain_limit': 16,          # kept files that may lie below the root after a recover
    'deleted_seconds': 86400,   # how long discarded files stay in the separate folder
}


def _now():
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


class Engine(object):
    """One instance's layers.

    :param directory: the instance's directory
    :param domain: `domain.Domain`, or None where libvirt knows no such domain
    :param run: carries out the privileged acts (see `files.Files`)
    :param options: overrides of `DEFAULTS`
    :param progress: callable(done bytes, all bytes) for commits, or None
    """

    def __init__(self, directory, domain=None, run=engine_files.run_here, options=None, progress=None):
        self.directory = directory
        self.domain = domain
        self.files = engine_files.Files(directory, run)
        self.options = dict(DEFAULTS, **(options or {}))
        self.progress = progress
        self.record = records.load(directory)
        if self.record is not None and domain is not None:
            domain.target = self.record.target

    # ---- what is

    @property
    def enabled(self):
        return self.record is not None

    def running(self):
        return self.domain is not None and self.domain.is_running()

    def _consistency(self):
        return plans.CRASH_CONSISTENT if self.running() else plans.STOPPED

    def points(self):
        """The restore points, oldest first: what a user can recover to."""
        rec, found = self.record, {}
        if rec is None:
            return []
        for key, entry in rec.kept.items():
            found[int(key)] = (entry['file'], 'kept')
        if rec.live:
            found[rec.root['index']] = (found.get(rec.root['index'], (rec.root['file'],))[0], 'root')
            for layer in rec.live[:-1]:
                found[layer['index']] = (layer['file'], 'last')
        result = []
        for index in sorted(found):
            point = dict(rec.points.get(str(index)) or plans.point(None, None, plans.CRASH_CONSISTENT))
            point.update(index=index, state=found[index][1], size=self.files.allocated(found[index][0]),
                         current=index == rec.current, kept=str(index) in rec.kept)
            result.append(point)
        return result

    def size(self):
        """Bytes that the layers and the history take on the host's disk (without `disk`, and what is discarded)."""
        rec = self.record
        names = set([rec.root['file']] + [e['file'] for e in rec.live] + [e['file'] for e in rec.kept.values()])
        names.discard(layout.DISK)
        return sum(self.files.allocated(name) for name in names)

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

    def _need_layers(self):
        self.check_enabled()
        if not self.record.live:
            raise errors.Refused('All layers of this server are committed to its root disk; nothing was changed. '
                                 'Hard reboot the server: it gets its layers again when it starts.')

    def settle(self):
        """Finish or undo what a crash left, then see that the guest runs on the layer that the record names.

        Called before each operation and when nova-compute starts.

        :raises EngineError: when guest and record disagree; nothing is touched then
        """
        if self.record is None:
            return
        runner = self._runner()
        if self.record.job:
            runner.resume_interrupted()
        if records.exists(self.directory):
            self.files.purge(self.options['deleted_seconds'])
        else:
            self.record = None
            return
        if self.running():
            active = self.domain.active()
            if active != self.record.path(self.record.active):
                raise errors.EngineError(
                    'The server runs on %s, and its record names %s; nothing was touched. Stop the server from writing '
                    '(pause it), look at its chain, and ask your operator.' % (active, self.record.active))

    def _runner(self):
        return jobs.Runner(self.record, self.files, self.domain, self.options, self.progress)

    def _begin(self, job):
        """Write the job down and run its first part; what follows is left for `finish`."""
        self.record.set_job(job)
        self._runner().step()

    def finish(self):
        """Run what is left of the job under way (commits, clean-up). Afterwards nothing is left to do."""
        if self.record is not None and self.record.job:
            self._runner().run()
        if self.record is not None and not records.exists(self.directory):
            self.record = None

    # ---- operations

    def enable(self, target, disk_format, store=False):
        """Put the first layers on the root disk, of a running or a stopped guest.

        :param target: the guest device of the root disk
        :param disk_format: 'qcow2' or 'raw', as the host's configuration says (never probed)
        :raises Refused: already enabled, or a disk that cannot carry layers
        """
        self.check_not_enabled()
        size = self.files.virtual_size(layout.DISK, disk_format)
        self.files.need(0, 'A layer')
        rec = records.Record(self.directory, {'target': target, 'disk_format': disk_format, 'size': size})
        if self.domain is not None:
            self.domain.target = target
        job = plans.enable(rec.state(), store, _now(), self._consistency())
        # Until the job has taken effect the record names the plain disk as what the guest runs on.
        rec.data['root'] = {'file': layout.DISK, 'format': disk_format, 'index': 0, 'on': None, 'dirty': False}
        self.record = rec
        try:
            self._begin(job)
        except Exception:
            if not records.exists(self.directory):
                self.record = None
            raise

    def snapshot(self, name='', description='', quiesce=False):
        """Freeze the active layer. The commit that keeps the chain bounded is left for `finish`.

        :returns: the index of the restore point
        """
        self.settle()
        self._need_layers()
        live = self.record.live
        # Worst case: the layer is committed to the root and shares nothing with it, and with store both stay.
        self.files.need(self.files.allocated(live[0]['file']) if len(live) > 1 else 0, 'The commit of the last layer')
        job = plans.snapshot(self.record.state(), _now(), self._consistency(), self.record.current, name, description)
        job['quiesce'] = bool(quiesce)
        index = live[-1]['index']
        self._begin(job)
        return index

    def check_recover(self, index=None, use_root=False):
        """What `recover` would do, refused here while the guest still runs.

        :raises NotFound: no such restore point
        :raises Refused: the state forbids it
        """
        self._need_layers()
        return plans.recover(self.record.state(), index, use_root, self.options['chain_limit'])

    def recover(self, index=None, use_root=False):
        """Give the guest, which is off, a new active layer on a restore point."""
        self.settle()
        self._begin(self.check_recover(index, use_root))

    def commit_all(self):
        """Commit all live layers to the root. A running guest goes on, on the root itself."""
        self.settle()
        self.check_enabled()
        if not self.record.live:
            return
        self.files.need(sum(self.files.allocated(layer['file']) for layer in self.record.live), 'The commit')
        self._begin(plans.commit_all(self.record.state(), _now(), self._consistency(), self.record.current))

    def disable(self):
        """Commit everything to `disk` and remove all layers, the history and the record."""
        self.check_enabled()
        self.settle()
        if self.record is None:
            return      # an earlier disable that was cut off has just been finished
        names = [layer['file'] for layer in self.record.live] + [self.record.root['file']]
        self.files.need(sum(self.files.allocated(name) for name in names if name != layout.DISK), 'The commit')
        job = plans.disable(self.record.state())
        # The history's base is about to be written to: from here on nothing of it may be listed.
        self.record.data.update(kept={}, points={})
        self._begin(job)

    def store(self, enable):
        """Keep every layer from now on, or no longer. Costs the same however large the disk is."""
        self.settle()
        self.check_enabled()
        if bool(enable) == self.record.store:
            return
        if enable:
            self._check_depth()
            job = plans.store_on(self.record.state(), _now(), self._consistency(), self.record.current)
        else:
            job = plans.store_off(self.record.state())
        self._begin(job)

    def _check_depth(self):
        on = self.record.root['on']
        files = plans.depth(self.record.state(), on) if on is not None else 0
        if files > self.options['chain_limit']:
            raise errors.Refused('The chain of this server is %d kept files deep; nothing was changed. Commit all its '
                                 'layers and hard reboot it, which flattens the chain, then try again.' % files)

    def describe(self, index, name, description):
        """Change a restore point's name and description (None: leave it).

        :raises NotFound: no such restore point
        """
        self.check_enabled()
        if index not in [point['index'] for point in self.points()]:
            raise errors.NotFound('There is no restore point %s; nothing was changed.' % index)
        point = self.record.data['points'].setdefault(
            str(index), plans.point(None, _now(), plans.CRASH_CONSISTENT))
        point.update((k, v) for k, v in (('name', name), ('description', description)) if v is not None)
        self.record.save()

    # ---- nova's starts and moves

    def prepare_start(self):
        """What the guest, which is off, has to be started from; layers are made again where all were committed.

        :returns: (path, format)
        """
        self.settle()
        if self.record is None:
            return None
        if not self.record.live:
            self._refresh_size()
            self._begin(plans.start(self.record.state(), _now(), self.options['chain_limit']))
            self.finish()
        return self.record.path(self.record.active), self.record.active_format

    def _refresh_size(self):
        """A resize may have grown `disk` while there were no layers: the root follows."""
        rec = self.record
        size = max(rec.size, self.files.virtual_size(layout.DISK, rec.disk_format))
        if rec.root['file'] != layout.DISK:
            self.files.grow(rec.root['file'], size)
        rec.data['size'] = size
        rec.save()

    def has_history(self):
        """Whether files other than `disk` hold data even when every live layer is committed."""
        return self.record is not None and (bool(self.record.kept) or self.record.root['file'] != layout.DISK)

    def bring_from(self, directory):
        """Copy root, history and record from another directory of the same instance, where `disk` is here already.

        Copied, not linked: a revert of the resize goes back to the other directory as it is.
        """
        source = records.load(directory)
        if source is None:
            return
        if source.live or source.job:
            raise errors.EngineError('The layers in %s are not committed; they were not copied. Commit them first.'
                                     % directory)
        names = set([source.root['file']] + [entry['file'] for entry in source.kept.values()])
        names.discard(layout.DISK)
        for name in sorted(names):
            self.files.copy_from(directory, name)
        for entry in source.kept.values():
            self.files.keep(entry['file'])
        self.record = records.Record(self.directory, source.data)
        self.record.save()
