"""Deadlines on calls, with real threads: a domain whose calls end when the test says so."""

import gc
import threading
import time

import pytest

from light_snapshot.engine import calls, errors


class Domain(object):
    """What the proxy asks of a libvirt.virDomain. `freeze` hangs until `answer` is set."""

    def __init__(self, uuid):
        self.uuid = uuid
        self.answer = threading.Event()
        self.thawed = []

    def UUIDString(self):
        return self.uuid

    def name(self):
        return 'instance-7'

    def XMLDesc(self, flags):
        return '<domain flags="%d"/>' % flags

    def blockJobInfo(self, target, flags=0):
        raise LookupError('no %s' % target)

    def fsFreeze(self, mounts, flags):
        self.answer.wait()
        return 1

    def fsThaw(self, mounts, flags):
        self.thawed.append((mounts, flags))


@pytest.fixture
def dom(request):
    made = Domain(request.node.name)
    yield made
    made.answer.set()
    calls._hung.clear()
    wait(lambda: not workers())


def workers():
    gc.collect()
    return [thread for thread in threading.enumerate() if thread.name == 'light-snapshot-libvirt']


def wait(condition):
    end = time.time() + 30
    while not condition():
        assert time.time() < end
        time.sleep(0.01)


def test_what_is_returned_and_raised_comes_through(dom):
    proxy = calls.Calls(dom)
    assert proxy.XMLDesc(3) == '<domain flags="3"/>'
    assert proxy.uuid == dom.uuid
    with pytest.raises(LookupError) as caught:
        proxy.blockJobInfo('vda', flags=0)
    assert str(caught.value) == 'no vda'
    assert not hasattr(proxy, 'agentSetResponseTimeout')


def test_a_call_that_hangs_is_noticed_while_it_hangs(dom):
    proxy = calls.Calls(dom, 0.2)
    began = time.time()
    with pytest.raises(errors.Hung) as caught:
        proxy.fsFreeze(None, 0)
    assert 0.15 < time.time() - began < 20
    assert not dom.answer.is_set()
    assert (caught.value.call, caught.value.domain) == ('fsFreeze', 'instance-7')
    assert 'fsFreeze of domain instance-7' in str(caught.value)


def test_a_call_may_have_a_deadline_of_its_own(dom):
    began = time.time()
    with pytest.raises(errors.Hung):
        calls.Calls(dom, 60).call('fsFreeze', (None, 0), 0.2)
    assert time.time() - began < 30


def test_while_one_hangs_others_are_refused_at_once_and_no_thread_is_made(dom):
    proxy = calls.Calls(dom, 60)
    with pytest.raises(errors.Hung):
        proxy.call('fsFreeze', (None, 0), 0.2)
    threads = threading.active_count()
    for asked in (proxy, calls.Calls(dom, 60), calls.Calls(dom, 60)):
        began = time.time()
        with pytest.raises(errors.Hung) as caught:
            asked.XMLDesc(0)
        assert time.time() - began < 20
        assert caught.value.call == 'fsFreeze'
    assert threading.active_count() == threads
    # Another domain has nothing to do with it.
    assert calls.Calls(Domain('other')).XMLDesc(0) == '<domain flags="0"/>'


def test_after_its_answer_the_domain_is_asked_again(dom):
    proxy = calls.Calls(dom, 60)
    with pytest.raises(errors.Hung):
        proxy.call('fsFreeze', (None, 0), 0.2)
    dom.answer.set()
    wait(lambda: proxy._worker.pending.done)
    assert proxy.XMLDesc(1) == '<domain flags="1"/>'
    assert calls.Calls(dom).XMLDesc(2) == '<domain flags="2"/>'
    assert proxy.fsFreeze(None, 0) == 1
    assert not dom.thawed


def test_a_freeze_that_succeeds_too_late_is_thawed(dom):
    proxy = calls.Calls(dom)
    with pytest.raises(errors.Hung):
        proxy.call('fsFreeze', (None, 0), 0.1, late='fsThaw')
    assert not dom.thawed
    dom.answer.set()
    wait(lambda: dom.thawed)
    assert dom.thawed == [(None, 0)]


def test_a_freeze_in_time_is_not_thawed(dom):
    dom.answer.set()
    proxy = calls.Calls(dom)
    assert proxy.call('fsFreeze', (None, 0), 10, late='fsThaw') == 1
    assert proxy.XMLDesc(0) and not dom.thawed


def test_one_thread_serves_all_calls_and_goes_with_the_proxy(dom):
    proxy = calls.Calls(dom)
    for number in range(20):
        assert proxy.XMLDesc(number) == '<domain flags="%d"/>' % number
    assert len(workers()) == 1
    del proxy
    wait(lambda: not workers())


def test_two_threads_get_their_own_answers(dom):
    proxy, wrong = calls.Calls(dom), []

    def ask(first):
        for number in range(first, first + 300):
            if proxy.XMLDesc(number) != '<domain flags="%d"/>' % number:
                wrong.append(number)
    threads = [threading.Thread(target=ask, args=(first,)) for first in (0, 1000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_what_a_call_costs(dom):
    proxy, best = calls.Calls(dom), 1.0
    proxy.name()
    for _round in range(100):      # the machine may be busy: what counts is a round that was let alone
        began = time.time()
        for _number in range(20):
            proxy.name()
        best = min(best, (time.time() - began) / 20)
    print('%.3f ms a call' % (best * 1000))
    assert best < 0.0002
