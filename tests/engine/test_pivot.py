"""A pivot that libvirt does not see to its end: a guest that may write to its base already stays paused, and nothing is given up.

The real thing is in tests/faults, where libvirtd is killed so many milliseconds after the pivot has begun. Here it comes when it is
asked for.
"""

import pytest

from light_snapshot.engine import domain as domains, errors, jobs

BASE, LAYER = '/i/disk', '/i/disk.light-1'
CLOSED = 'client socket is closed'


class LibvirtError(Exception):
    """What libvirt's binding raises."""


class Guest(domains.Domain):
    """A guest with one disk. `told`: what libvirt says: (the active file, whether there is a job, whether it is ready)."""

    def __init__(self):
        self.paused, self.pivots, self.told, self.dead, self.after = False, 0, (LAYER, True, True), False, (BASE, False, False)
        self.asked = []

    def on(self, _target):
        return self

    def is_running(self):
        self._live()
        return True

    def is_saved(self):
        self._live()
        return False

    def _live(self):
        if self.dead:
            raise LibvirtError(CLOSED)

    def active(self, inactive=False):
        self._live()
        return self.told[0]

    def job(self):
        self._live()
        return {'cur': 1, 'end': 1} if self.told[1] else {}

    def is_ready(self):
        return self.told[2]

    def is_paused(self):
        self._live()
        return self.paused

    def pause(self):
        self.paused = True

    def resume(self):
        self._live()
        self.paused = False

    def check_can_commit(self, ours):
        self._live()

    def commit_active_prepare(self, base, catch_up):
        self.asked.append('prepare')

    def pivot(self, base):
        self._live()
        self.asked.append('pivot')
        if isinstance(self.after, Exception):
            self.dead = self.after.args == (CLOSED,)
            raise self.after
        self.told = self.after


class Record(object):
    """A server with one layer, whose commit of all has caught up."""

    directory, targets, root = '/i', ['vda'], {'file': 'disk'}

    def __init__(self):
        self.job = {'kind': 'merge', 'state': 'run', 'op': 'commit-all', 'top': None, 'base': 'disk', 'links': [], 'disks': ['disk'],
                    'after': {}, 'then': None}
        self.replaced = []

    def disk(self, _name):
        return {'name': 'disk', 'target': 'vda'}

    @staticmethod
    def path(name):
        return '/i/' + name

    def set_job(self, job, **more):
        self.job = dict(job, **more) if job else None

    def state(self):
        return {'root': {}, 'live': [{'index': 1}]}

    def replace(self, state, then):
        self.replaced.append((state, then))
        self.job = then


@pytest.fixture
def world(monkeypatch):
    monkeypatch.setattr(domains, 'SETTLE', 0)
    monkeypatch.setattr(domains, 'LAG', 0)
    record, guest = Record(), Guest()
    return jobs.Runner(record, None, guest, {'commit_timeout': 1}), record, guest


def test_it_is_written_down_before_the_pivot_and_the_guest_goes_on_after_the_record(world):
    runner, record, guest = world
    runner.step()
    assert guest.paused and record.replaced[0][1]['kind'] == 'wake' and guest.asked == ['prepare', 'pivot']
    runner.step()
    assert not guest.paused


def test_what_libvirt_refuses_and_lives_is_taken_back(world):
    runner, record, guest = world
    guest.after = LibvirtError('not ready')
    with pytest.raises(LibvirtError):
        runner.step()
    assert not guest.paused and record.job['pivots'] is False


@pytest.mark.parametrize('why', [errors.Hung('blockJobAbort', 30, 'x'), errors.EngineError('not yet'), LibvirtError(CLOSED)])
def test_what_may_come_yet_keeps_the_guest_paused_and_gives_nothing_up(world, why):
    runner, record, guest = world
    guest.after = why
    with pytest.raises(Exception):
        runner.step()
    assert guest.paused and record.job['pivots'] and record.replaced == []


def no_room(world):
    """The disk is full: libvirt has refused the pivot, and the record could not say so. Now there is room again."""
    runner, record, guest = world
    guest.after, written = LibvirtError('the mirror has failed'), record.set_job

    def full(job, **more):
        if record.job.get('pivots'):
            raise IOError('No space left on device')
        written(job, **more)
    record.set_job = full
    with pytest.raises(Exception):
        runner.step()
    assert record.job['pivots'] and record.replaced == []
    record.set_job, guest.after, guest.asked = written, (BASE, False, False), []
    return record, guest


@pytest.mark.parametrize('job_is_left', [True, False])
def test_an_answer_that_finds_no_room_is_remembered(world, job_is_left):
    record, guest = no_room(world)
    assert not guest.paused

    # There is room again: it begins anew, and is not taken for one that may have been.
    guest.told = (LAYER, job_is_left, job_is_left)
    jobs.Runner(record, None, guest, {'commit_timeout': 1}).resume_interrupted()
    assert guest.asked == ['prepare', 'pivot'] and not guest.paused and record.job is None


def test_who_does_not_remember_does_not_guess(world, monkeypatch):
    """As before, and nova-compute has ended meanwhile."""
    record, guest = no_room(world)
    guest.told = (LAYER, False, False)
    monkeypatch.setattr(jobs, '_refused', set())
    with pytest.raises(errors.EngineError, match='Stop the server and start it again'):
        jobs.Runner(record, None, guest, {'commit_timeout': 1}).resume_interrupted()
    assert guest.asked == [] and record.replaced == []


def cut_off(world):
    """A new engine, after a libvirtd that was killed in the pivot."""
    runner, record, guest = world
    guest.after = LibvirtError(CLOSED)
    with pytest.raises(LibvirtError):
        runner.step()
    guest.dead, guest.after, guest.asked = False, (BASE, False, False), []
    return jobs.Runner(record, None, guest, {'commit_timeout': 1}), record, guest


def test_libvirt_that_came_back_without_job_and_without_base_cannot_tell(world):
    """QEMU may have changed over, and what the guest wrote from then on would be in no layer."""
    runner, record, guest = cut_off(world)
    guest.told = (LAYER, False, True)       # its state file still calls the mirror ready
    for _each in range(3):
        with pytest.raises(errors.EngineError, match='do not resume it. Stop the server and start it again'):
            runner.resume_interrupted()
        assert guest.paused and guest.asked == [] and record.replaced == [] and record.job['pivots']


def test_one_that_knows_that_it_is_done(world):
    runner, record, guest = cut_off(world)
    guest.told = (BASE, False, False)
    runner.resume_interrupted()
    assert not guest.paused and record.job is None and guest.asked == ['pivot']


def test_one_whose_job_waits_for_the_pivot_is_asked_again_without_a_moment_of_running(world):
    runner, record, guest = cut_off(world)
    guest.told, seen = (LAYER, True, True), []
    guest.resume = lambda: seen.append(guest.told[0]) or setattr(guest, 'paused', False)
    runner.resume_interrupted()
    assert seen == [BASE] and guest.asked == ['pivot'] and record.job is None


def test_one_that_still_changes_over(world):
    runner, record, guest = cut_off(world)
    guest.told = (LAYER, True, False)
    with pytest.raises(errors.EngineError, match='still changes over'):
        runner.resume_interrupted()
    assert guest.paused and record.job['pivots']
