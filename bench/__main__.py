"""python3 -m bench: what light snapshots cost. As root, where the testbed can be brought up (`make testbed-up`)."""

import argparse
import contextlib
import os
import subprocess
import sys
import time

import bench
from bench import engine_lines, horizon_lines, lab, nova_lines, table

NAMES = ['measure', 'ours', 'reference', 'ratio', 'bound', '']


def up():
    """Bring the testbed up if it is not."""
    command = [sys.executable, '-m', 'testbed']
    if subprocess.run(command + ['status'], cwd=bench.ROOT, stdout=subprocess.DEVNULL).returncode:
        subprocess.run(command + ['up'], cwd=bench.ROOT, check=True)


@contextlib.contextmanager
def package():
    """The package on this machine: built and installed where it is not, and purged again then."""
    state = subprocess.run(['dpkg-query', '-W', '-f', '${db:Status-Status}', 'light-snapshot'], stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL, text=True).stdout
    if state == 'installed':
        yield
        return
    print('installing the package ...', flush=True)
    built = lab.command(os.path.join(bench.ROOT, 'tools', 'build-deb'), os.path.join(bench.ROOT, 'dist'))
    lab.command('dpkg', '-i', built.splitlines()[-1])
    try:
        # Where a policy-rc.d lets dpkg restart nothing, this is the step that dpkg has named.
        lab.command('light-snapshot', 'install')
        yield
    finally:
        lab.command('dpkg', '--purge', 'light-snapshot')


def main():
    parser = argparse.ArgumentParser(prog='bench', description='Ratios from one run: light snapshots against bare libvirt and nova.')
    parser.add_argument('--count', type=int, default=10, help='how often each cheap measure is taken (default: %(default)s)')
    parser.add_argument('--layer', type=int, default=1024, metavar='MIB',
                        help='size of the layers that are committed (default: %(default)s)')
    parser.add_argument('--commits', type=int, default=10, help='how many of them (default: %(default)s)')
    parser.add_argument('--many', type=int, default=500, help='snapshots before reading is measured (default: %(default)s)')
    parser.add_argument('--data', type=int, default=2048, metavar='MIB', help='data on the server\'s disk (default: %(default)s)')
    parser.add_argument('--images', type=int, default=10, help='how often nova creates an image (default: %(default)s)')
    parser.add_argument('--pages', type=int, default=40, help='how often each page of Horizon is loaded (default: %(default)s)')
    parser.add_argument('--points', type=int, default=200, help='restore points of the server on that page (default: %(default)s)')
    parser.add_argument('--only', choices=('engine', 'nova', 'horizon'), help='one part alone')
    chosen = parser.parse_args()
    if os.geteuid():
        parser.error('must be run as root')
    up()
    began, lines = time.monotonic(), []
    if chosen.only in (None, 'engine'):
        print('the engine against bare libvirt ...', flush=True)
        rows = []
        try:
            with lab.Lab() as here:
                engine_lines.measure(here, lines, rows, chosen.count, chosen.layer, chosen.commits, chosen.many)
        finally:
            table.show('Engine: medians (lowest..highest)', NAMES, [line.cells() for line in lines])
            table.show('Where the time of an engine snapshot goes (medians)', ['part', 'time'], rows)
    if chosen.only in (None, 'nova'):
        print('\nthrough nova, against nova ...', flush=True)
        with package():
            found = nova_lines.measure(chosen.count, chosen.data, chosen.images)
        lines += found
        table.show('Through nova: medians (lowest..highest)', NAMES, [line.cells() for line in found])
    if chosen.only in (None, 'horizon'):
        print('\nthe page in Horizon ...', flush=True)
        with package():
            found = horizon_lines.measure(chosen.pages, chosen.points)
        lines += found
        table.show('Horizon: p95; median (lowest..highest)', NAMES, [line.cells() for line in found])
    return table.verdict(lines, began)


if __name__ == '__main__':
    sys.exit(main())
