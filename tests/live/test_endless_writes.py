"""A commit of all layers while the guest writes without end, faster than the commit copies."""

import time

import pytest

from light_snapshot.engine import errors

MIB = 2 ** 20
BOUNDS = {'commit_timeout': 120, 'commit_slow_after': 4, 'commit_slowest': 1, 'commit_pause_limit': 5}


class Limits:
    """Looks on while a commit goes on: the limits of the guest's writes, bytes a second, as they came."""

    def __init__(self, live):
        self.live, self.seen = live, []

    def __call__(self, _done, _all):
        limit = self.live.limits()['write_bytes_sec']
        if limit and limit not in self.seen:
            self.seen.append(limit)


@pytest.fixture
def busy(live):
    """A guest with two snapshots, known data, and writes that do not end; (live, checksum of the data)."""
    total = live.guest.write('/data/known', 24, 'known')
    live.act('snapshot')
    live.write_for_ever()
    began = live.written()
    end = time.monotonic() + 60
    while live.written() < began + 64 * MIB:
        assert time.monotonic() < end, 'the guest does not write'
        time.sleep(0.1)
    yield live, total


def rate(live, seconds=2):
    """Bytes a second that the guest writes."""
    began, before = time.monotonic(), live.written()
    while time.monotonic() < began + seconds:
        time.sleep(0.1)
    return (live.written() - before) / (time.monotonic() - began)


def test_a_commit_of_all_under_endless_writes_ends_and_the_guest_is_as_before(busy):
    live, total = busy
    before, free = live.limits(), rate(live)
    limits, copies = Limits(live), max(2, int(free / MIB / 20))
    began = time.monotonic()
    live.act('commit_all', progress=limits, copies=copies, **BOUNDS)
    seconds = time.monotonic() - began
    print('%.1f s, %d MiB/s written, %d MiB/s copied, limits %s' % (
        seconds, free / MIB, copies, [limit // MIB for limit in limits.seen]))
    assert seconds < BOUNDS['commit_timeout']
    assert limits.seen and limits.seen == sorted(limits.seen, reverse=True)
    assert live.chain() == ['disk']
    # Its limits are what they were, it runs, and it writes as it did.
    assert live.limits() == before
    assert live.guest.state() == 'running'
    assert rate(live) > free / 3
    live.stop_writing()
    live.guest.drop_caches()
    assert live.guest.sha256('/data/known') == total
    boot = live.guest.boot()
    # From `disk` alone, after a cold start.
    live.guest.sync()
    live.machine.off()
    live.machine.on(live.machine.disk)
    assert live.guest.boot() == boot + 1
    assert live.guest.sha256('/data/known') == total
    live.guest.records()        # verified: an unbroken series


class Killed(BaseException):
    """Nothing of the engine cleans up after it, as after SIGKILL."""


def test_a_commit_that_is_killed_while_the_guest_is_slowed_down_is_finished_by_the_next_run(busy):
    live, total = busy
    before = live.limits()
    limits, copies = Limits(live), max(2, int(rate(live) / MIB / 20))

    def progress(done, total_bytes):
        limits(done, total_bytes)
        if limits.seen:
            raise Killed()
    with pytest.raises(Killed):
        live.act('commit_all', progress=progress, copies=copies, **BOUNDS)
    assert live.limits() != before
    # As after a restart of nova-compute: another engine finds the job in the record.
    engine = live.engine(**BOUNDS)
    assert list(engine.record.job['rates']) == ['vda']
    engine.settle()
    engine.finish()
    assert live.chain() == ['disk'] and engine.record.job is None
    assert live.limits() == before and live.guest.state() == 'running'
    live.stop_writing()
    live.guest.drop_caches()
    assert live.guest.sha256('/data/known') == total


def test_a_commit_that_cannot_catch_up_is_given_up_in_its_time(busy):
    live, total = busy
    before = live.limits()
    chain, limits = live.chain(), Limits(live)
    began = time.monotonic()
    with pytest.raises(errors.EngineError) as caught:
        # It copies less than what the guest may write at least.
        live.act('commit_all', progress=limits, copies=1, **dict(BOUNDS, commit_timeout=25, commit_slowest=8))
    assert limits.seen[-1] == 8 * MIB
    assert 'runs on its layers as before' in str(caught.value)
    assert 25 <= time.monotonic() - began < 25 + BOUNDS['commit_pause_limit'] + 10
    assert live.limits() == before and live.guest.state() == 'running'
    assert live.chain() == chain and live.engine().record.job is None
    # What was given up can be done when the load is gone.
    live.stop_writing()
    live.act('commit_all')
    assert live.chain() == ['disk']
    live.guest.drop_caches()
    assert live.guest.sha256('/data/known') == total
