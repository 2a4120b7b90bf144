"""Carrying out a job, state by state. Each state is durable before its action, and each action can be repeated.

``push``
    ``create``: the new files are made. ``switch``: the guest (if it runs) is put on them. Undone while the guest
    is not on the new layer; a guest that is off boots from the new layer, which is empty or its own.
``merge``
    ``link``: layers get their second name in the history. ``run``: the data is committed; the layers stay as
    they are until the record says otherwise, so this state may be run again from anywhere. Where a deletion asked for
    it, it may be given up from anywhere as well.
``swap``
    ``create``: the new files are made. Undone if it was cut off here.
``cleanup``
    files that the record needs no more are removed, kept ones re-pointed.
``wake``
    a guest that was paused for one instant is resumed.
``settle``
    nothing but the record changes.

Files of a job are the root disk's. Each action is carried out for every disk of the record (or of the job, if it has
`disks`); what the guest must see at one instant is one act: one external snapshot of all disks, one pause around all
pivots.
"""

import logging
import time
import uuid

from light_snapshot.engine import catchup
from light_snapshot.engine import domain as domains
from light_snapshot.engine import errors
from light_snapshot.engine import holds
from light_snapshot.engine import layout
from light_snapshot.engine import plans

LOG = logging.getLogger(__name__)

# Marks of pivots that libvirt has refused, or was not asked for, where the disk had no room to write that down. Who does not
# remember it does not guess.
_refused = set()


class Runner(object):
    """Runs the job that stands in a record, to its end.

    :param record: `record.Record`
    :param files: `files.Files` of the same directory
    :param domain: `domain.Domain`, or None where libvirt knows no such domain
    :param options: `engine.DEFAULTS`, or others of the same names
    """

    def __init__(self, record, files, domain, options):
        self.record = record
        self.files = files
        self.domain = domain
        self.options = options

    def running(self):
        return self.domain is not None and self.domain.is_running()

    def run(self):
        """Run what stands in the record until nothing is left to do."""
        while self.record.job:
            self.step()

    def step(self):
        """Run one job to its end: what follows it then stands in the record.

        :raises Held: the guest's memory was saved meanwhile, and names the layers as they are
        """
        if self.domain is not None and self.domain.is_saved():
            raise errors.Held(holds.SAVED)
        getattr(self, '_' + self.record.job['kind'])(self.record.job)

    def resume_interrupted(self):
        """Finish or undo a job that a crash cut off. What is on disk, and what the guest runs on, decides."""
        job = self.record.job
        if job and job.get('quiesce') and self.running():
            # A crash between freeze and thaw: whatever becomes of the snapshot, the guest goes on.
            self.domain.thaw()
        if job and job['kind'] in ('push', 'swap') and self._never_happened(job):
            LOG.warning('light-snapshot: %s of %s was cut off before it took effect; undoing it',
                        job['op'], self.record.directory)
            self._undo(job)
            return False
        self.run()
        return True

    def _disks(self, job):
        """The disks that a job is about. A job that changes them has them in its `after`."""
        return job.get('disks') or [disk['name'] for disk in (job.get('after') or self.record.data)['disks']]

    def _each(self, job, name):
        """The files, one a disk, that stand for `name` on the root disk."""
        return [layout.of(disk, name) for disk in self._disks(job)]

    def _on(self, disk):
        """The guest's device of one disk."""
        return self.domain.on(self.record.disk(disk)['target'])

    def _entry(self, job, name):
        """As `Record.disk`, for a disk as well that comes with the job."""
        for entry in (job.get('after') or self.record.data)['disks']:
            if entry['name'] == name:
                return entry
        return None

    def _format(self, job, name):
        """As `Record.format_of`, for a disk as well that comes with the job."""
        entry = self._entry(job, name)
        return entry['format'] if entry else 'qcow2'

    def _never_happened(self, job):
        if job['state'] == 'create':
            return True
        if not self.running():
            return False
        new = set(self.record.path(name) for entry in job['new'] for name in self._each(job, entry['file']))
        if any(self._on(disk).active() in new for disk in self._disks(job)):
            return False
        self._check_view(job, [new['file'] for new in job['new']])
        return True

    def _check_view(self, job, names):
        """libvirt's view lags QEMU's when it was killed between QEMU's transaction and its own state file.

        :param names: files that the guest does not write to yet, for all that libvirt knows
        """
        written = self.files.written()
        for name in [each for name in names for each in self._each(job, name)]:
            if name in written:
                # A guest that we paused stays so: QEMU may have opened the file and not have changed over to it, and what
                # would be written now would go to a layer that has to stay empty.
                raise errors.EngineError(
                    'QEMU has %s open, and libvirt does not know of it; nothing was touched, and the server may be paused. '
                    'Stop the server and start it again: it goes on with what it wrote.' % self.record.path(name))

    def _undo(self, job):
        self._resume(job)
        for new in reversed(job['new']):
            for name in self._each(job, new['file']):
                self.files.remove(name)
        self.record.set_job(None)
        if job['op'] == 'enable':
            self.record.remove()

    def _resume(self, job):
        if job.get('paused') and self.running() and self.domain.is_paused():
            self.domain.resume()

    def _replace(self, job):
        """The record takes over; a guest that we paused is resumed by a job of its own, so that a crash right here
        does not leave it paused."""
        then = job['then']
        if job.get('paused'):
            then = {'kind': 'wake', 'op': job['op'], 'paused': True, 'then': then}
        self.record.replace(job['after'], then)

    def _wake(self, job):
        self._resume(job)
        self.record.set_job(job['then'])

    def _create(self, job):
        for new in job['new']:
            for disk in self._disks(job):
                backing = layout.of(disk, new['backing'])
                self.files.create(layout.of(disk, new['file']), backing, self._format(job, backing),
                                  self._entry(job, disk)['size'])
        copied = job.get('flatten')
        for disk in self._disks(job) if copied else ():
            backing = layout.of(disk, copied['backing'])
            self.files.flatten(layout.of(disk, copied['file']), backing, self._format(job, backing))

    # ---- push

    def _push(self, job):
        again = job['state'] == 'switch'
        try:
            if job['state'] == 'create':
                self._create(job)
                # Two layers have to be one instant: nothing may be written between them.
                job = dict(job, state='switch', paused=len(job['new']) > 1 and self.running()
                           and not self.domain.is_paused())
                self.record.set_job(job)
            if self.running():
                self._switch(job, again)
        except Exception:
            # Whatever happened: where the guest does not run on the new layer, nothing has changed.
            if self._never_happened(job):
                self._undo(job)
            raise
        self._replace(job)

    def _switch(self, job, again):
        """:param again: an earlier run of this was cut off"""
        files = [new['file'] for new in job['new']]
        active = self._on(layout.DISK).active()
        paths = [self.record.path(name) for name in files]
        left = files[paths.index(active) + 1:] if active in paths else files
        if again:
            self._check_view(job, left)
        frozen = False
        if job.get('quiesce') and left == files and not self.domain.is_paused():
            frozen = self.domain.freeze(self.options['freeze_timeout'])
            self._note_level(job, plans.QUIESCED if frozen else plans.CRASH_CONSISTENT)
        try:
            if job['paused']:
                self.domain.pause()
            for name in left:
                self.domain.snapshot(dict((self.record.disk(disk)['target'], self.record.path(layout.of(disk, name)))
                                          for disk in self._disks(job)))
        finally:
            if frozen:
                self.domain.thaw()

    @staticmethod
    def _note_level(job, level):
        index = str(job['after']['live'][-2]['index'])
        for state in (job['after'], (job['then'] or {}).get('after', {})):
            if index in state.get('points', {}):
                state['points'][index]['consistency'] = level

    # ---- merge

    def _merge(self, job):
        try:
            if job['state'] == 'link':
                for name in job['links']:
                    for each in self._each(job, name):
                        self.files.keep(each)
                job = dict(job, state='run')
                self.record.set_job(job)
            if job['top'] is None and self.running():
                self._merge_active(dict(job))
                return
            again = job.get('begun') or job['op'] == 'delete'
            if not job.get('begun'):
                self.record.set_job(job, begun=True)
            for disk in self._disks(job):
                self._merge_disk(job, disk, again)
        except Exception:
            self._give_up(job)
            raise
        self.record.replace(job['after'], job['then'])

    def _merge_disk(self, job, disk, again):
        """Commit one layer of one disk, or all of a guest that is off.

        :param again: an earlier commit to this base may have been cut off
        """
        base = layout.of(disk, job['base'])
        if job['top'] is None:
            self._commit_off(self.record.active_of(disk), base, again)
            return
        top = layout.of(disk, job['top'])
        if self.running():
            domain = self._on(disk)
            domain.check_chain(self.record.path(disk))
            chain = domain.chain()
            # Of a branch that the guest is not on it has no file open.
            if self.record.path(top) in chain or self.record.path(base) in chain:
                domain.check_can_commit(self.record.targets)
                domain.commit(self.record.path(top), self.record.path(base), self.options['commit_timeout'])
                return
        self._commit_off(top, base, again)
        if job.get('above'):
            self.files.repoint(layout.of(disk, job['above']), base, self.record.format_of(base))

    def _commit_off(self, top, base, again):
        if again and self.record.format_of(base) == 'qcow2':
            self.files.mend(base)
        self.files.commit(top, base)

    def _merge_active(self, job):
        disks = [(self._on(disk), self.record.path(layout.of(disk, job['base']))) for disk in self._disks(job)]

        def note(**changes):
            job.update(changes)
            self.record.set_job(job)

        self.domain.check_can_commit(self.record.targets)
        if self._may_have_pivoted(job):
            for domain, base in disks:
                domain.check_pivot(base)
        else:
            note(begun=True, pivots=False)
            self._prepare_pivots(job, disks, note)
        # `or`: a crash may have left the guest paused by us.
        paused = bool(job.get('paused')) or not self.domain.is_paused()
        # Until the record says that the guest writes to the base, it must not: a power loss in between leaves
        # layers that are complete, and committing them again is harmless.
        try:
            # From here on it may write to its base, for all that we know.
            note(paused=paused, pivots=uuid.uuid4().hex)
            if job['paused']:
                self.domain.pause()
            catchup.CatchUp(self.domain, self.options, note, job).put_back()
            for domain, base in disks:
                domain.pivot(base)
            self._check_left(job, disks)
        except Exception as exc:
            self._resume_unless_pivoted(job, disks, note, exc)
            raise
        self._replace(job)

    def _check_left(self, job, disks):
        """See that QEMU writes to no layer any more, where libvirt's word is not enough.

        :raises EngineError: it does, or may; the guest must stay paused
        """
        if not self.domain.is_pivot_guessed():
            return
        layers = set(layout.of(disk, layer['file']) for disk in self._disks(job) for layer in self.record.live if layer['file'] != job['base'])
        end = time.time() + domains.SETTLE
        while layers.intersection(self.files.written()):
            if time.time() > end:
                raise errors.EngineError(
                    'libvirt says that the guest writes to %s, and QEMU has the layers open still; the server stays paused and has lost '
                    'nothing. Do not resume it: stop the server and start it again, which commits them.' % disks[0][1])
            time.sleep(domains.POLL)

    def _prepare_pivots(self, job, disks, note):
        try:
            for domain, base in disks:
                domain.commit_active_prepare(base, catchup.CatchUp(domain, self.options, note, job))
        except Exception:
            self._take_back(job, disks, note)
            raise

    def _take_back(self, job, disks, note):
        """All disks or none: those that have caught up do not wait for ever, and the guest gets back what it had."""
        if not self.running():
            return
        try:
            for domain, base in disks:
                self._abort(domain, base)
        finally:
            catchup.CatchUp(self.domain, self.options, note, job).undo()

    @staticmethod
    def _abort(domain, base):
        try:
            if domain.active() != base:
                domain.abort()
        except Exception as exc:
            # What began this is told. libvirt before 1.3 ends no job of a disk whose last one has failed.
            LOG.warning('light-snapshot: the commit into %s could not be ended: %s', base, exc)

    @staticmethod
    def _may_have_pivoted(job):
        """Whether the guest may write to its base already: a pivot was about to be asked for, and nobody knows what came of it."""
        return bool(job.get('pivots')) and job['pivots'] not in _refused

    def _resume_unless_pivoted(self, job, disks, note, exc):
        """A guest some of whose disks write to their base already, or may do so at any moment, stays paused until the record says
        so, or until it is off: while it is paused, layers and base hold the same.

        :param exc: what the pivot has raised. An error of libvirt's is its answer, and it knows where the guest is
        """
        mark = job['pivots']
        if not isinstance(exc, errors.EngineError) and not any(domain.active() == base for domain, base in disks):
            try:
                note(pivots=False)
            except EnvironmentError:
                _refused.add(mark)
            self._resume(job)

    def _give_up(self, job):
        """A commit of all layers that could not catch up is taken back: the guest runs on its layers as before. So is
        one that only brings space back. A disable is not: its history is gone already, and it goes on when it is asked
        for again."""
        if job['op'] not in ('commit-all', 'delete') or self.running() and self._is_under_way(job):
            return
        for name in job['links']:
            for each in self._each(job, name):
                self.files.remove(layout.kept(each))
        state = self.record.state()
        if job['op'] == 'commit-all' and self.record.job.get('begun'):
            # What the root has got already would be seen by each restore point below the active layer.
            state['root'].update(spoilt=state['live'][-1]['index'], leaky=True)
        self.record.replace(state, None)

    def _is_under_way(self, job):
        """Whether libvirt still commits for this job, or has put the guest on the base of it already, or may have done so."""
        if self._may_have_pivoted(self.record.job or {}):
            return True
        for disk in self._disks(job):
            domain, base = self._on(disk), self.record.path(layout.of(disk, job['base']))
            if domain.has_job() or job['top'] is None and domain.active() == base:
                return True
            if job['top'] is not None and base in domain.chain() and \
                    self.record.path(layout.of(disk, job['top'])) not in domain.chain():
                return True
        return False

    # ---- swap, cleanup, settle

    def _swap(self, job):
        if self.running():
            raise errors.EngineError('The server is running; it has to be off to be recovered. Nothing was changed.')
        try:
            self._create(job)
        except Exception:
            self._undo(job)
            raise
        self.record.replace(job['after'], job['then'])

    def _cleanup(self, job):
        for action in job['cleanup']:
            getattr(self, '_do_' + action['do'])(action)
        if job['cleanup'][-1]['do'] != 'end':
            self.record.set_job(job['then'])

    def _do_keep(self, action):
        for name in self._each({}, action['file']):
            self.files.keep(name)

    def _do_repoint(self, action):
        for disk in self.record.disk_names:
            name, backing = layout.of(disk, action['file']), layout.of(disk, action['backing'])
            # libvirt has done it in the chain of a guest that runs; nobody else may write to that file.
            if not (self.running() and self.record.path(name) in self._on(disk).chain()):
                self.files.repoint(name, backing, self.record.format_of(backing))

    def _do_remove(self, action):
        for name in self._each({}, action['file']):
            self.files.remove(name)
            if not name.startswith(layout.HISTORY + '/'):
                self.files.remove(layout.kept(name))

    def _do_discard(self, action):
        for name in self._each({}, action['file']):
            self.files.remove(layout.kept(name))
            self.files.discard(name)

    def _do_end(self, _action):
        self.files.purge(0)
        self.files.remove_history()
        self.record.remove()
        self.record.data['job'] = None

    def _settle(self, job):
        self.record.replace(job['after'], job['then'])
