"""The ways back of one server's layers: recover, and preview with its two ends. A part of `engine.Engine`."""

from light_snapshot.engine import branches
from light_snapshot.engine import errors
from light_snapshot.engine import lock
from light_snapshot.engine import plans
from light_snapshot.engine import thinning


class Ways(object):
    """What `Engine` can do to bring a server to another restore point. The guest is off where it says so."""

    def _safety(self, safety):
        if safety and not self.record.store:
            raise errors.Refused('This server does not keep its light snapshots, so that what it has now cannot be kept '
                                 'either; nothing was changed. Switch the keeping on first, or go without.')
        return self.record.store if safety is None else bool(safety)

    def _plan(self, plan, index, use_root, safety, consistency=None):
        self._need_layers()
        state = self.record.state()
        job = plan(state, thinning.now(), consistency or self._consistency(), index, use_root, self.options['chain_limit'],
                   self._safety(safety))
        if job['flatten']:
            names, on = [], state['kept'][str(branches.target(state, index, use_root))]
            while on['on'] is not None and str(on['on']) in state['kept']:
                names.append(on['file'])
                on = state['kept'][str(on['on'])]
            self.files.need(self._allocated(*names), 'Going to a restore point so deep')
        return job

    def check_recover(self, index=None, use_root=False, safety=None):
        """What `recover` would do, refused here while the guest still runs.

        :raises NotFound: no such restore point
        :raises Refused: the state forbids it
        """
        return self._plan(branches.recover, index, use_root, safety)

    @lock.exclusive
    def recover(self, index=None, use_root=False, safety=None, consistency=None):
        """Give the guest, which is off, new active layers on a restore point.

        :param safety: list what the server has now as a restore point, which copies nothing; None: where it keeps its
            light snapshots
        :param consistency: of that restore point: `plans.CRASH_CONSISTENT` where the guest's power was cut for this
        """
        self.settle()
        self._begin(self._plan(branches.recover, index, use_root, safety, consistency))

    def check_preview(self, index=None, use_root=False, safety=None):
        """As `check_recover`, for `preview`."""
        return self._plan(branches.preview, index, use_root, safety)

    @lock.exclusive
    def prepare_preview(self, index=None, use_root=False):
        """What takes time before a preview, done while the guest still runs: a restore point that stands on the last
        snapshot must not depend on layers that the server leaves."""
        self.settle()
        self._need_layers()
        state = self.record.state()
        if plans.live_below(state, branches.target(state, index, use_root)) is not None and len(state['live']) > 1:
            self._begin(plans.merge_oldest(state))
            self.finish_job()

    @lock.exclusive
    def preview(self, index=None, use_root=False, safety=None, consistency=None):
        """As `recover`, and everything stays as it is until `keep_preview` or `undo_preview`.

        :param safety: list what the server has now as a restore point once the preview is kept
        """
        self.prepare_preview(index, use_root)
        self._begin(self._plan(branches.preview, index, use_root, safety, consistency))

    def check_undo(self):
        """:raises Refused: there is no preview"""
        self.check_enabled()
        if not self.record.preview:
            raise errors.Refused('The server shows no preview; nothing was changed.')

    @lock.exclusive
    def keep_preview(self):
        """The preview is what the server is from now on. The guest may be running."""
        self.settle()
        self.check_undo()
        self._begin(branches.keep(self.record.state()))

    @lock.exclusive
    def undo_preview(self):
        """The server, which is off, goes back to what it was before the preview."""
        self.settle()
        self.check_undo()
        self._begin(branches.undo(self.record.state()))

