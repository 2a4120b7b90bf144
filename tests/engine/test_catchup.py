"""An active commit and a guest that never stops writing, on a clock of the test's own.

Minutes take no time, and what the real thing cannot be made to show at will (a pause that is not enough, a crash in
between) comes when it is asked for. tests/live has the real thing.
"""

import copy
import sys
import types

import pytest

from light_snapshot.engine import catchup, domain as domains, errors

MIB = 2.0 ** 20
OPTIONS = {'commit_timeout': 600, 'commit_slow_after': 30, 'commit_slowest': 1, 'commit_pause_limit': 5}
PLAIN = {'total_bytes_sec': 0, 'read_bytes_sec': 0, 'write_bytes_sec': 0, 'write_bytes_sec_max': 0,
         'write_bytes_sec_max_length': 0, 'write_iops_sec': 0, 'group_name': 'drive-virtio-disk0'}
DISK = '''<domain id="7"><devices>%s<disk type="file" device="disk"><source file="/i/disk.light-2"/><target dev="vda"/>
<backingStore><source file="/i/disk.light-1"/><backingStore><source file="/i/disk"/></backingStore></backingStore>
</disk></devices></domain>'''


class Killed(BaseException):
    """Nothing cleans up after it, as after SIGKILL."""


class Clock(object):
    def __init__(self):
        self.now, self.moved = 1000.0, []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        for function in self.moved:
            function(seconds)


class Guest(object):
    """A domain with an active commit under way.

    :param writes: MiB a second that the guest writes where it may
    :param copies: MiB a second that the commit copies
    :param left: MiB that are to be copied at the start
    """

    target = 'vda'
    latency = 0.05      # what was written in so many seconds is always on its way

    def __init__(self, clock, writes, copies, left=100, limits=None):
        self.writes, self.copies, self.left = writes * MIB, copies * MIB, left * MIB
        self.copied, self.written = 0.0, 0.0
        self.limits = dict(PLAIN, **(limits or {}))
        self.clock, self.paused, self.paused_seconds, self.aborted, self.on = clock, False, 0.0, False, True
        self.refuse_limits, self.seen = False, []
        self.record = {}
        self.dom = self
        clock.moved.append(self._live)

    def _live(self, seconds):
        limit = min([self.writes] + [self.limits[key] for key in ('write_bytes_sec', 'total_bytes_sec')
                                     if self.limits[key]])
        new = 0 if self.paused else limit * seconds
        self.paused_seconds += seconds * self.paused
        copied = min(self.copies * seconds, self.left + new)
        self.written += new
        self.copied += copied
        self.left = max(self.left + new - copied, 0 if self.paused else limit * self.latency)

    # ---- what the engine's Domain has

    def is_ready(self):
        return self.left < 65536

    def job(self):
        return {} if self.aborted else {'cur': int(self.copied), 'end': int(self.copied + self.left)}

    def abort(self):
        self.aborted = True

    def is_running(self):
        return self.on

    def is_saved(self):
        return False

    def is_paused(self):
        return self.paused

    def pause(self):
        assert self.record.get('paused'), 'paused before it was noted'
        self.paused = True

    def resume(self):
        self.paused = False

    # ---- what libvirt's has

    def name(self):
        return 'instance-7'

    def blockStats(self, target):
        return 0, 0, 0, int(self.written), -1

    def blockIoTune(self, target, flags):
        assert (target, flags) == ('vda', 0)
        return dict(self.limits)

    def setBlockIoTune(self, target, limits, flags):
        assert (target, flags) == ('vda', 1)
        if self.refuse_limits:
            raise sys.modules['libvirt'].libvirtError('no throttling here')
        assert 'vda' in self.record['rates'], 'changed before it was noted'
        assert not (limits['total_bytes_sec'] and limits['write_bytes_sec'])
        assert not (limits['write_bytes_sec_max_length'] and not limits['write_bytes_sec_max'])
        self.limits.update(limits)
        self.seen.append(limits['total_bytes_sec'] or limits['write_bytes_sec'])

    def note(self, **changes):
        self.record.update(copy.deepcopy(changes))

    def catch_up(self, **options):
        return catchup.CatchUp(self, dict(OPTIONS, **options), self.note, self.record)


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(catchup, 'time', made)
    monkeypatch.setattr(domains, 'time', made)
    fake = types.ModuleType('libvirt')
    fake.VIR_DOMAIN_AFFECT_LIVE, fake.VIR_DOMAIN_BLOCK_COMMIT_RELATIVE, fake.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE = 1, 8, 4
    fake.VIR_DOMAIN_PAUSED, fake.VIR_DOMAIN_PAUSED_IOERROR = 3, 5
    fake.libvirtError = type('libvirtError', (Exception,), {})
    monkeypatch.setitem(sys.modules, 'libvirt', fake)
    return made


def finish(guest, catch_up):
    """What `jobs` does when the commit is ready."""
    guest.note(paused=True)
    guest.pause()
    catch_up.put_back()


def test_a_commit_that_will_be_ready_in_time_leaves_the_guest_alone(clock):
    # 4 GiB at 20 MiB a second, half of which the guest writes anew: it takes minutes, and gets there.
    guest = Guest(clock, writes=0.5, copies=20, left=4096)
    guest.catch_up().wait('/i/disk')
    assert 200 < clock.now - 1000 < 300
    assert not guest.seen and not guest.paused and guest.record == {}


def test_writes_that_outrun_the_commit_are_limited_until_it_is_ready(clock):
    guest = Guest(clock, writes=200, copies=100)
    catch_up = guest.catch_up()
    catch_up.wait('/i/disk')
    assert clock.now - 1000 < 30 + 8 * catchup.STEP + 60
    assert guest.seen == sorted(guest.seen, reverse=True) and guest.seen[0] < 100 * MIB
    assert guest.record['rates']['vda'] == dict((k, v) for k, v in PLAIN.items() if k != 'group_name')
    finish(guest, catch_up)
    assert guest.limits == PLAIN and guest.record['rates'] == {}


def test_nothing_is_done_before_its_time(clock):
    guest = Guest(clock, writes=200, copies=100)
    clock.moved.append(lambda _seconds: guest.seen and clock.now < 1030 and pytest.fail('limited too early'))
    guest.catch_up().wait('/i/disk')
    assert guest.seen


def test_where_the_lowest_rate_is_not_enough_the_guest_is_paused(clock):
    guest = Guest(clock, writes=200, copies=100)
    guest.latency = 0.5         # even at 1 MiB a second half of one is always on its way
    catch_up = guest.catch_up()
    catch_up.wait('/i/disk')
    assert guest.seen[-1] == MIB
    # It stays paused for the pivot; that was noted.
    assert guest.paused and guest.record['paused'] and 0 < guest.paused_seconds <= 5
    finish(guest, catch_up)
    assert guest.limits == PLAIN


def test_a_guest_that_writes_little_is_paused_without_a_limit(clock):
    guest = Guest(clock, writes=0.9, copies=100)
    guest.latency = 0.5
    guest.catch_up().wait('/i/disk')
    assert guest.paused and not guest.seen
    assert clock.now - 1000 < 2 * 30 + 5


def test_what_even_a_pause_does_not_help_is_given_up_in_time(clock):
    guest = Guest(clock, writes=200, copies=100)
    guest.is_ready = lambda: False
    catch_up = guest.catch_up()
    with pytest.raises(errors.EngineError) as caught:
        catch_up.wait('/i/disk')
    assert 'writes faster than its layers can be committed (600 s)' in str(caught.value)
    assert clock.now - 1000 < 610
    assert guest.aborted and not guest.paused and guest.record['paused'] is False
    assert guest.paused_seconds <= 5.1
    catch_up.undo()
    assert guest.limits == PLAIN and guest.record == {'rates': {}, 'paused': False}


def test_no_pause_that_cannot_be_enough(clock):
    guest = Guest(clock, writes=200, copies=0.5, left=1000)
    with pytest.raises(errors.EngineError):
        guest.catch_up().wait('/i/disk')
    assert guest.paused_seconds == 0


def test_no_pause_where_it_is_not_wanted(clock):
    guest = Guest(clock, writes=200, copies=100)
    guest.latency = 0.5
    with pytest.raises(errors.EngineError):
        guest.catch_up(commit_pause_limit=0).wait('/i/disk')
    assert guest.paused_seconds == 0 and guest.seen[-1] == MIB


def test_a_guest_that_its_owner_paused_stays_paused(clock):
    guest = Guest(clock, writes=200, copies=100)
    guest.paused = True
    catch_up = guest.catch_up()
    catch_up.wait('/i/disk')
    catch_up.undo()
    assert guest.paused and not guest.seen


def test_where_writes_cannot_be_limited_the_pause_comes_at_once(clock):
    guest = Guest(clock, writes=50, copies=60)
    guest.refuse_limits = True
    catch_up = guest.catch_up()
    catch_up.wait('/i/disk')
    assert guest.paused and not guest.seen
    catch_up.put_back()
    assert guest.record['rates'] == {}


@pytest.mark.parametrize('limits', [
    {'write_bytes_sec': 150 * MIB, 'write_bytes_sec_max': 180 * MIB, 'write_bytes_sec_max_length': 3},
    {'total_bytes_sec': 150 * MIB}, {'write_iops_sec': 5000}], ids=['writes', 'total', 'operations'])
def test_limits_that_the_guest_had_are_put_back(clock, limits):
    guest = Guest(clock, writes=200, copies=100, limits=limits)
    before = dict(guest.limits)
    catch_up = guest.catch_up()
    catch_up.wait('/i/disk')
    assert guest.limits != before and 0 < guest.seen[0] < 100 * MIB
    catch_up.put_back()
    assert guest.limits == before


@pytest.mark.parametrize('latency', [0.05, 0.5], ids=['limited', 'paused'])
def test_a_crash_in_between_is_put_right_by_the_next_run(clock, latency):
    guest = Guest(clock, writes=200, copies=100)
    guest.latency = latency

    def kill(_seconds):
        if guest.paused if latency == 0.5 else guest.seen:
            raise Killed()
    clock.moved.append(kill)
    with pytest.raises(Killed):
        guest.catch_up().wait('/i/disk')
    clock.moved.remove(kill)
    assert guest.limits != PLAIN and guest.record['rates']
    catch_up = guest.catch_up()         # from what was noted
    seen = len(guest.seen)
    clock.moved.append(lambda _seconds: clock.moved.pop() and (guest.limits == PLAIN and not guest.paused
                                                               or pytest.fail('not put back at once')))
    catch_up.wait('/i/disk')
    assert len(guest.seen) > seen
    catch_up.undo()
    assert guest.limits == PLAIN and not guest.paused
    assert guest.record == {'rates': {}, 'paused': False} or guest.record == {'rates': {}}


def test_of_a_guest_that_is_off_nothing_is_put_back(clock):
    guest = Guest(clock, writes=200, copies=100)
    guest.record.update(rates={'vda': dict(PLAIN)}, paused=True)
    guest.on = False
    guest.catch_up().undo()
    assert guest.record == {'rates': {}, 'paused': False} and not guest.seen


# ---- the commit of one layer, and one job at a time

class Dom(object):
    """A virDomain with a commit that never ends, or ends when it is aborted."""

    def __init__(self, clock, others=''):
        self.clock, self.others, self.jobs, self.aborts = clock, others, {}, 0
        self.ends_well, self.reason = False, (1, 1)

    def state(self, flags):
        return self.reason

    def UUIDString(self):
        return 'a domain of test_catchup'

    def name(self):
        return 'instance-7'

    def XMLDesc(self, flags):
        xml = DISK % self.others
        return xml.replace('<backingStore><source file="/i/disk.light-1"/><backingStore>', '<backingStore>').replace(
            '</backingStore></backingStore>', '</backingStore>') if self.ends_well else xml

    def blockCommit(self, target, base, top, bandwidth, flags):
        self.jobs[target] = {'cur': 1, 'end': 10}

    def blockJobInfo(self, target, flags):
        return self.jobs.get(target, {})

    def blockJobAbort(self, target, flags):
        self.aborts += 1
        self.jobs.pop(target)
        if self.ends_well is None:
            self.ends_well = True
            raise sys.modules['libvirt'].libvirtError('no such job')


def test_a_commit_of_one_layer_has_a_limit(clock):
    dom = Dom(clock)
    with pytest.raises(errors.EngineError) as caught:
        domains.Domain(dom).commit('/i/disk.light-1', '/i/disk', 120)
    assert 120 <= clock.now - 1000 < 125
    assert dom.aborts == 1 and not dom.jobs
    assert '120 s (commit_timeout)' in str(caught.value)
    assert 'begun again before the next operation' in str(caught.value)


def test_a_commit_that_ends_well_while_it_is_stopped_is_a_success(clock):
    dom = Dom(clock)
    dom.ends_well = None
    domains.Domain(dom).commit('/i/disk.light-1', '/i/disk', 120)
    assert dom.aborts == 1


def test_no_commit_beside_another_block_job_of_the_same_server(clock):
    dom = Dom(clock, '<disk type="network" device="disk"><target dev="vdb"/></disk>')
    dom.jobs['vdb'] = {'cur': 1, 'end': 2}
    with pytest.raises(errors.EngineError) as caught:
        domains.Domain(dom).check_can_commit(['vda'])
    assert 'vdb' in str(caught.value)
    domains.Domain(dom).check_can_commit(['vda', 'vdb'])


def test_no_commit_begins_while_the_disk_is_full(clock):
    dom, libvirt = Dom(clock), sys.modules['libvirt']
    dom.reason = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_IOERROR)
    with pytest.raises(errors.EngineError) as caught:
        domains.Domain(dom).check_can_commit(['vda'])
    assert 'full' in str(caught.value)
