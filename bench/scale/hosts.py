"""python3 -m bench.scale.hosts ARGUMENT... -- HOST...: a nova-compute process for each of some hosts.

What they run is loaded once, and each is forked from there: a process of its own, whose program's pages are common to all. They
end with this one.
"""

import ctypes
import os
import signal
import sys


def _end_with_parent(parent):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


def _run(compute, arguments, host):
    from bench import scale
    from bench.scale import driver
    driver.record(host)
    sys.argv[:] = ['nova-compute'] + arguments + [
        '--config-file', str(scale.TOP / 'hosts' / host / 'nova.conf'), '--log-file', str(scale.LOGS / (host + '.log'))]
    compute.main()


def main():
    split = sys.argv.index('--')
    arguments, hosts, children = sys.argv[1:split], sys.argv[split + 1:], {}
    # First of all: nova replaces what others would have imported by then.
    from nova.cmd import compute
    import nova.virt
    from nova.compute import manager    # noqa: F401  loaded before the processes part
    from bench import scale
    from bench.scale import driver
    # nova looks for drivers below nova.virt alone.
    sys.modules['nova.virt.scale'] = nova.virt.scale = driver
    parent = os.getpid()
    for host in hosts:
        child = os.fork()
        if not child:
            _end_with_parent(parent)
            try:
                _run(compute, arguments, host)
            finally:
                os._exit(1)
        children[child] = host
        (scale.TOP / 'hosts' / host / 'pid').write_text('%d\n' % child)

    def end(_number, _frame):
        for one in children:
            try:
                os.kill(one, signal.SIGTERM)
            except ProcessLookupError:
                pass
    signal.signal(signal.SIGTERM, end)
    left = set(children)
    while left:
        try:
            left.discard(os.wait()[0])
        except InterruptedError:
            pass


if __name__ == '__main__':
    main()
