"""Deadlines on calls where nova-compute runs on eventlet: `threading` and `socket` are green there, and what stands for
a virDomain is eventlet's proxy, whose calls run in real threads. In a process of its own, patched as nova is."""

import os
import subprocess
import sys

SCRIPT = '''from __future__ import print_function
import eventlet
from eventlet import hubs
# On 2.7 the clock of nova's hub looks for libc by a process of its own, which has to be before anything is green.
hubs.get_hub()
eventlet.monkey_patch()
import gc, sys, threading, time
from eventlet import patcher, tpool
# Ours, and not one that is installed; nor may the overlay's nova stand before the real one.
sys.path.insert(0, sys.argv[1])
import light_snapshot
sys.path.remove(sys.argv[1])
from light_snapshot.engine import calls, errors
real = patcher.original('threading')


class Domain(object):
    def __init__(self):
        self.answer, self.thawed = real.Event(), []
    def UUIDString(self):
        return 'uuid'
    def name(self):
        return 'instance-7'
    def XMLDesc(self, flags):
        return '<domain flags="%d"/>' % flags
    def blockJobInfo(self, target, flags):
        raise LookupError('no ' + target)
    def fsFreeze(self, mounts, flags):
        self.answer.wait()      # holds a real thread: were it ours, the clock below would stand still
        return 1
    def fsThaw(self, mounts, flags):
        self.thawed.append(flags)


ticks = []
def clock():
    while True:
        ticks.append(time.time())
        eventlet.sleep(0.01)
eventlet.spawn(clock)

dom = Domain()
proxy = calls.Calls(tpool.Proxy(dom))
assert proxy.XMLDesc(4) == '<domain flags="4"/>'
try:
    proxy.blockJobInfo('vda', 0)
    raise SystemExit('no error')
except LookupError as exc:
    assert str(exc) == 'no vda'

began, before = time.time(), len(ticks)
try:
    proxy.call('fsFreeze', (None, 0), 0.3, late='fsThaw')
    raise SystemExit('not hung')
except errors.Hung as exc:
    assert exc.call == 'fsFreeze' and exc.domain == 'instance-7', exc
assert 0.25 < time.time() - began < 20 and not dom.answer.is_set()
assert len(ticks) - before > 10, 'other green threads stood still'
for other in (proxy, calls.Calls(tpool.Proxy(dom))):
    try:
        other.XMLDesc(0)
        raise SystemExit('not refused')
    except errors.Hung as exc:
        assert exc.call == 'fsFreeze'
dom.answer.set()
end = time.time() + 30
while not proxy._worker.pending.done and time.time() < end:
    eventlet.sleep(0.01)
assert dom.thawed == [0]
assert proxy.XMLDesc(5) == '<domain flags="5"/>'
assert calls.Calls(tpool.Proxy(dom)).XMLDesc(6) == '<domain flags="6"/>'

# Asked from two green threads at once.
answers = {}
def ask(first):
    for number in range(first, first + 50):
        answers[number] = proxy.XMLDesc(number)
both = [eventlet.spawn(ask, first) for first in (0, 100)]
for one in both:
    one.wait()
assert len(answers) == 100 and all('"%d"' % number in text for number, text in answers.items())

def cost(one):
    best = 1
    for _round in range(10):
        began = time.time()
        for _number in range(10):
            one.XMLDesc(0)
        best = min(best, (time.time() - began) / 10)
    return best * 1000
bare = cost(tpool.Proxy(dom))
print('OK: %.3f ms a call, %.3f without a deadline' % (cost(proxy), bare))
'''


def test_under_eventlet():
    import light_snapshot
    top = os.path.dirname(os.path.dirname(os.path.abspath(light_snapshot.__file__)))
    done = subprocess.Popen([sys.executable, '-c', SCRIPT, top], stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    said = done.communicate()[0].decode('utf-8', 'replace')
    print(said)
    assert done.returncode == 0 and 'OK: ' in said, said
