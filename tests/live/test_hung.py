"""QEMU or its guest agent does not answer, for real: the process is stopped."""

import os
import signal
import threading
import time

import pytest

from light_snapshot.engine import domain as domains
from light_snapshot.engine import errors

from conftest import wait


@pytest.fixture
def stopped(live):
    """A guest whose QEMU can be stopped; it goes on at the end whatever happens."""
    pid = live.pid()
    yield live, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT)
    os.kill(pid, signal.SIGCONT)


def test_a_call_is_reported_while_it_hangs_and_all_is_well_afterwards(stopped):
    live, stop, go_on = stopped
    total = live.guest.write('/data/known', 4, 'known')
    engine = live.engine(call_timeout=3)
    stop()
    began = time.monotonic()
    with pytest.raises(errors.Hung) as caught:
        engine.snapshot()
    assert 2.5 < time.monotonic() - began < 10
    assert live.machine.name in str(caught.value)
    threads = threading.active_count()
    # It hangs still: whoever asks now is told so at once, by an engine of its own, too.
    for other in (engine, live.engine(call_timeout=3)):
        began = time.monotonic()
        with pytest.raises(errors.Hung):
            other.snapshot()
        assert time.monotonic() - began < 1
    assert threading.active_count() == threads
    go_on()

    def answers():
        try:
            return domains.Domain(live.dom).is_running()
        except errors.Hung:
            return False
    wait(answers, 30, 'libvirt does not answer')
    # What was under way is finished or undone, and the next snapshot is what it should be.
    engine = live.engine()
    engine.settle()
    engine.finish()
    index = live.act('snapshot', 'after')
    assert index in [point['index'] for point in live.engine().points()]
    assert live.chain()[-1] == 'disk' and len(live.chain()) <= 3
    live.guest.drop_caches()
    assert live.guest.sha256('/data/known') == total


def test_a_commit_whose_qemu_does_not_answer_is_reported_and_done_later(stopped):
    live, stop, go_on = stopped
    live.act('snapshot')
    total = live.guest.write('/data/known', 24, 'known')
    live.engine().snapshot()        # its commit is left to be done
    stops = []

    def once(_done, _all):
        # The call that hangs tells how far the commit is as well, once it has its answer.
        if not stops:
            stops.append(stop())
    with pytest.raises(errors.Hung):
        # At this speed the commit is not over before QEMU is stopped.
        live.act('finish', call_timeout=3, progress=once, copies=4)
    assert live.engine().record.job['kind'] == 'merge'
    go_on()
    wait(lambda: not _hangs(live), 30, 'libvirt does not answer')
    engine = live.engine()
    engine.settle()
    engine.finish()
    assert live.engine().record.job is None and len(live.chain()) == 3
    live.guest.drop_caches()
    assert live.guest.sha256('/data/known') == total


def _hangs(live):
    try:
        domains.Domain(live.dom).has_job()
        return False
    except errors.Hung:
        return True


def test_a_freeze_with_an_agent_that_does_not_answer_ends_in_its_deadline(live):
    # The guest lets its agent go on by itself: nobody can be told to from outside.
    live.guest.run('(sleep 1; killall -STOP qemu-ga; sleep 25; killall -CONT qemu-ga) >/dev/null 2>&1 &', check=True)
    wait(lambda: not live.guest.answers(), 30, 'the agent answers still')
    began = time.monotonic()
    index = live.act('snapshot', 'x', '', True, freeze_timeout=3)
    seconds = time.monotonic() - began
    assert seconds < 3 + 2 * domains.AGENT + 10
    point = [one for one in live.engine().points() if one['index'] == index][0]
    assert point['consistency'] == 'crash-consistent'
    # The guest is not frozen: it writes its records on.
    live.guest.wait_up(60)
    assert not live.guest.frozen()
    live.guest.wait_record(live.guest.records() + 2)
    # And with an agent that answers a freeze is one.
    index = live.act('snapshot', 'y', '', True)
    assert [one for one in live.engine().points() if one['index'] == index][0]['consistency'] == 'quiesced'
    assert not live.guest.frozen()
