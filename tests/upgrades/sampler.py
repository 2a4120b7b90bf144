"""Runs on the node: looks again and again at each service that runs, and at the files behind it. Writes a line for each change.

    sampler.py FILE      until it is killed

`TIME look` begins and ends, `TIME start PID.TICKS COMMAND`, `TIME end PID.TICKS`, `TIME file NAME STATE`. Every second `TIME looks N GAP`:
how many looks there were, and the longest time between two of them (seconds).
"""
import os
import sys
import time

CODE = '/usr/lib/python3/dist-packages/nova/'
FILES = ('virt/libvirt/driver.py', 'virt/libvirt/driver.py.light-snapshot-orig', 'compute/manager.py',
         'compute/manager.py.light-snapshot-orig', 'version.py')
SERVICES = ('nova-compute', 'nova-conductor', 'nova-api', 'nova-api-uwsgi.ini', 'libvirtd', 'apache2', '(wsgi:')


def services(top='/proc'):
    """{PID.TICKS: command line} of what runs now, by the /proc that is mounted at `top`."""
    found = {}
    for name in os.listdir(top):
        if not name.isdigit():
            continue
        try:
            with open('%s/%s/cmdline' % (top, name), 'rb') as stream:
                argv = stream.read().decode(errors='replace').strip('\0').split('\0')
            words = [os.path.basename(word) for word in argv[:4]]
            if not any(word.startswith(SERVICES) for word in words) or words[0] in ('sh', 'start-stop-daemon', 'service'):
                continue
            with open('%s/%s/stat' % (top, name), 'rb') as stream:
                found['%s.%s' % (name, stream.read().rpartition(b')')[2].split()[19].decode())] = ' '.join(argv).replace('\n', ' ')
        except OSError:
            pass
    return found


def files():
    """{name: inode and time, or 'none'}."""
    found = {}
    for name in FILES:
        try:
            facts = os.lstat(CODE + name)
            found[name] = '%d/%d' % (facts.st_ino, facts.st_mtime_ns)
        except OSError:
            found[name] = 'none'
    return found


def main():
    """Look until the end."""
    known, before, count, gap, last, told = {}, {}, 0, 0.0, time.time(), time.time()
    with open(sys.argv[1], 'a', buffering=1) as out:
        while True:
            now, alive = files(), services()
            moment = time.time()
            gap, last, count = max(gap, moment - last), moment, count + 1
            for key in alive.keys() - known.keys():
                out.write('%.6f start %s %s\n' % (moment, key, alive[key]))
            for key in known.keys() - alive.keys():
                out.write('%.6f end %s\n' % (moment, key))
            for name, state in now.items():
                if before.get(name) != state:
                    out.write('%.6f file %s %s\n' % (moment, name, state))
            known, before = alive, now
            if moment - told >= 1:
                out.write('%.6f looks %d %.6f\n' % (moment, count, gap))
                told, count, gap = moment, 0, 0.0
            time.sleep(0.01)


if __name__ == '__main__':
    main()
