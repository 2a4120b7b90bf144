"""Put into the node's Python by a .pth file: writes down which code of nova, of Horizon and of ours each process runs, as it runs it.

One file for each process, DIRECTORY/PID.TICKS: the first line is its command line, then `TIME MARK PATH` for each module. MARK tells
of which build a module is; it is in the module's own code (rebuilt.py puts it there), so that what is on the disk meanwhile does not
count. A line `fork PID.TICKS TIME` says whose modules, as of then, a process has from its parent.
"""
import os
import sys
import time

DIRECTORY = '/var/log/upgrade-watch'
CODE = '/usr/lib/python3/dist-packages/'
WATCHED = tuple(CODE + name for name in ('nova/', 'light_snapshot/', 'light_snapshot_dashboard/', 'openstack_dashboard/', 'horizon/'))
MARK = 'upgrade-watch build '
#: What is not rebuilt.
PLAIN = 'plain'

_key = None


def _identity():
    with open('/proc/self/stat', 'rb') as stream:
        return '%d.%s' % (os.getpid(), stream.read().rpartition(b')')[2].split()[19].decode())


def _write(text):
    descriptor = os.open('%s/%s' % (DIRECTORY, _key), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _begin():
    global _key
    _key = _identity()
    with open('/proc/self/cmdline', 'rb') as stream:
        _write(stream.read().decode(errors='replace').strip('\0').replace('\0', ' ').replace('\n', ' ') + '\n')


def _forked():
    parent = _key
    if parent is not None:
        _begin()
        _write('fork %s %.6f\n' % (parent, time.time()))


def _executes(event, arguments):
    if event != 'exec':
        return
    code = arguments[0]
    if getattr(code, 'co_name', '') != '<module>' or not code.co_filename.startswith(WATCHED):
        return
    if _key is None:
        _begin()
    marks = [value for value in code.co_consts if isinstance(value, str) and value.startswith(MARK)]
    _write('%.6f %s %s\n' % (time.time(), marks[0][len(MARK):] if marks else PLAIN, code.co_filename[len(CODE):]))


if os.path.isdir(DIRECTORY):
    sys.addaudithook(_executes)
    os.register_at_fork(after_in_child=_forked)
