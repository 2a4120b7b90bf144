"""Carrying out a job, state by state. Each state is durable before its action, and each action can be repeated.

``push``
    ``create``: the new files are made. ``switch``: the guest (if it runs) is put on them. Undone while the guest
    is not on the new layer; a guest that is off boots from the new layer, which is empty or its own.
``merge``
    ``link``: layers get their second name in the history. ``run``: the data is committed; the layers stay as
    they are until the record says otherwise, so this state may be run again from anywhere.
``swap``
    ``create``: the new files are made. Undone if it was cut off here.
``cleanup``
    files that the record needs no more are removed, kept ones re-pointed.
``wake``
    a guest that was paused for one instant is resumed.
``settle``
    nothing but the record changes.
"""

import logging

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans

LOG = logging.getLogger(__name__)


class Runner(object):
    """Runs the job that stands in a record, to its end.

    :param record: `record.Record`
    :param files: `files.Files` of the same directory
    :param domain: `domain.Domain`, or None where libvirt knows no such domain
    :param options: {'commit_timeout', 'freeze_timeout'}, in seconds
    :param progress: callable(done bytes, all bytes) or None
    """

    def __init__(self, record, files, domain, options, progress=None):
        self.record = record
        self.files = files
        self.domain = domain
        self.options = options
        self.progress = progress

    def running(self):
        return self.domain is not None and self.domain.is_running()

    def run(self):
        """Run what stands in the record until nothing is left to do."""
        while self.record.job:
            self.step()

    def step(self):
        """Run one job to its end: what follows it then stands in the record."""
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

    def _never_happened(self, job):
        if job['state'] == 'create':
            return True
        return self.running() and self.domain.active() not in [self.record.path(new['file']) for new in job['new']]

    def _undo(self, job):
        self._resume(job)
        for new in reversed(job['new']):
            self.files.remove(new['file'])
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
            self.files.create(new['file'], new['backing'], new['format'], self.record.size)
        if job.get('flatten'):
            self.files.flatten(**dict(name=job['flatten']['file'], backing=job['flatten']['backing'],
                                      backing_format=job['flatten']['format']))

    # ---- push

    def _push(self, job):
        try:
            if job['state'] == 'create':
                self._create(job)
                # Two layers have to be one instant: nothing may be written between them.
                job = dict(job, state='switch', paused=len(job['new']) > 1 and self.running()
                           and not self.domain.is_paused())
                self.record.set_job(job)
            if self.running():
                self._switch(job)
        except Exception:
            # Whatever happened: where the guest does not run on the new layer, nothing has changed.
            if self._never_happened(job):
                self._undo(job)
            raise
        self._replace(job)

    def _switch(self, job):
        paths = [self.record.path(new['file']) for new in job['new']]
        active = self.domain.active()
        left = paths[paths.index(active) + 1:] if active in paths else paths
        frozen = False
        if job.get('quiesce') and left == paths and not self.domain.is_paused():
            frozen = self.domain.freeze(self.options['freeze_timeout'])
            index = str(job['after']['live'][-2]['index'])
            level = plans.QUIESCED if frozen else plans.CRASH_CONSISTENT
            for state in (job['after'], (job['then'] or {}).get('after', {})):
                if index in state.get('points', {}):
                    state['points'][index]['consistency'] = level
        try:
            if job['paused']:
                self.domain.pause()
            for path in left:
                self.domain.snapshot(path)
        finally:
            if frozen:
                self.domain.thaw()

    # ---- merge

    def _merge(self, job):
        if job['state'] == 'link':
            for name in job['links']:
                self.files.keep(name)
            job = dict(job, state='run')
            self.record.set_job(job)
        if not self.running():
            self._merge_offline(job)
        elif job['top'] is None:
            self._merge_active(job)
            return
        else:
            self.domain.commit(self.record.path(job['top']), self.record.path(job['base']), self.progress)
        self.record.replace(job['after'], job['then'])

    def _merge_offline(self, job):
        if job['top'] is None:
            self.files.commit(self.record.active, job['base'])
        else:
            self.files.commit(job['top'], job['base'])
            self.files.repoint(job['above'], job['base'], job['base_format'])

    def _merge_active(self, job):
        base = self.record.path(job['base'])
        try:
            self.domain.commit_active_prepare(base, self.options['commit_timeout'], self.progress)
        except Exception:
            self._give_up(job)
            raise
        # `or`: a crash may have left the guest paused by us.
        job = dict(job, paused=job.get('paused') or not self.domain.is_paused())
        self.record.set_job(job)
        # Until the record says that the guest writes to the base, it must not: a power loss in between leaves
        # layers that are complete, and committing them again is harmless.
        try:
            if job['paused']:
                self.domain.pause()
            self.domain.pivot(base)
        except Exception:
            self._resume(job)
            raise
        self._replace(job)

    def _give_up(self, job):
        """A commit of all layers that could not catch up is taken back: the guest runs on its layers as before.
        A disable is not: its history is gone already, and it goes on when it is asked for again."""
        if job['op'] == 'commit-all' and not self.domain.has_job():
            for name in job['links']:
                self.files.remove(layout.kept(name))
            self.record.set_job(None)

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
        self.files.keep(action['file'])

    def _do_repoint(self, action):
        self.files.repoint(action['file'], action['backing'], action['format'])

    def _do_remove(self, action):
        self.files.remove(action['file'])

    def _do_discard(self, action):
        self.files.discard(action['file'])

    def _do_end(self, _action):
        self.files.purge(0)
        self.files.remove_history()
        self.record.remove()
        self.record.data['job'] = None

    def _settle(self, job):
        self.record.replace(job['after'], job['then'])
