"""apt upgrades, reinstalls, removes and downgrades nova, libvirt and Horizon under our package, while a server of the host has layers.

One node for all files of this directory, one step after another: each test begins where the one before ended (conftest.py).
"""
import os

import pytest

from tests.upgrades import base, judge, rebuilt

pytestmark = pytest.mark.usefixtures('judged')

NEXT = '+upgrade1'
CODE = '/usr/lib/python3/dist-packages/'


def newer(here, names, mark='B', suffix=NEXT):
    """These packages, built again with a higher version."""
    return [rebuilt.again(here.debian[name], rebuilt.installed(here.lower, name) + suffix, mark, names) for name in names]


def others(here, name, pids):
    """The service runs, and none of these processes."""
    now = here.pids(name)
    assert pids and now and not set(pids) & set(now), '%s: %s before, %s now' % (name, pids, now)


def test_the_package_came_while_the_services_ran(here):
    assert judge.marks_of(here.watched(), 'nova-compute') == ['plain']
    assert 'nova/virt/libvirt/driver.py.light-snapshot-orig' in judge.latest(here.watched(), 'nova-compute').modules


def test_upgrade(here):
    """`apt upgrade` with a newer nova and libvirt."""
    here.stage(*(newer(here, rebuilt.NOVA) + newer(here, rebuilt.LIBVIRT)))
    before = dict((name, here.pids(name)) for name in ('nova-compute', 'nova-conductor', 'nova-api', 'libvirtd'))
    said = here.apt('upgrade')
    for name in rebuilt.NOVA + rebuilt.LIBVIRT:
        assert here.version(name).endswith(NEXT), said
    here.serving()
    for name, pids in before.items():
        others(here, name, pids)
    here.verify()
    assert judge.marks_of(here.watched(), 'nova-compute')[-1] == 'B'
    assert judge.marks_of(here.watched(), 'nova-conductor')[-1] == 'B'


def test_reinstall(here):
    here.apt('install', '--reinstall', 'python3-nova', 'nova-common', 'nova-compute')
    here.serving()
    here.verify()


def test_reinstall_of_libvirt(here):
    """libvirtd restarts; nova-compute goes on with another libvirtd than it began with."""
    before = here.pids('libvirtd')
    here.apt('install', '--reinstall', *rebuilt.LIBVIRT)
    others(here, 'libvirtd', before)
    here.serving(stays=True)
    here.verify()


def test_purge_of_libvirt(here):
    """It takes nova-compute along; the server has its layers all the while, and what comes back runs with our hooks."""
    # apt purges the program before the package that has the init script, which stops nothing without the program.
    here.well('service', 'libvirtd', 'stop')
    here.wait('libvirtd ends', lambda: not here.pids('libvirtd'))
    here.apt('purge', *rebuilt.LIBVIRT)
    assert not here.pids('nova-compute')
    assert os.path.exists(here.at(CODE + 'nova/virt/libvirt/driver.py.light-snapshot-orig'))
    here.verify()
    # Their settings went with them; apt's sources stay those of before.
    base.templates(here.at(''), 'nova-compute.conf', 'libvirtd.conf', 'libvirtd.default')
    here.apt('install', 'nova-compute', *rebuilt.LIBVIRT)
    # The group `libvirt` is made after its init script has tried to start libvirtd, which wants it; and nova's user may get into it after
    # nova-compute was started. Nothing in Debian tries either again, but for systemd.
    for name in ('libvirtd', 'nova-compute'):
        here.well('service', name, 'restart')
        here.wait(name + ' runs', lambda: here.pids(name))
    assert 'libvirt' in here.well('id', '-Gn', 'nova').split()
    here.serving()
    here.verify()


def test_nova_compute_alone_goes_and_comes_back(here):
    """Between the two nothing of ours may go: the server still has layers."""
    here.apt('remove', 'nova-compute')
    assert not here.pids('nova-compute')
    assert os.path.exists(here.at(CODE + 'nova/virt/libvirt/driver.py.light-snapshot-orig'))
    here.verify()
    here.apt('install', 'nova-compute')
    here.serving()
    here.verify()


def test_all_of_nova_goes_and_comes_back(here):
    """Our files stay without a nova, and the one that comes back has them when it starts."""
    said = here.apt('remove', 'python3-nova')
    assert 'files of ours stay' in said
    assert os.path.exists(here.at(CODE + 'light_snapshot/shim.py'))
    assert os.path.exists(here.at(CODE + 'nova/virt/libvirt/driver.py'))
    assert not os.path.exists(here.at(CODE + 'nova/virt/libvirt/driver.py.light-snapshot-orig'))
    here.verify()
    here.apt('install', 'nova-compute', 'nova-conductor', 'nova-api')
    here.serving()
    here.verify()


def back(here, names, *others):
    """These packages in the versions that Debian has; apt knows others besides."""
    here.stage(*(here.debian[name] for name in names), *others)
    here.apt('install', '--allow-downgrades', *('%s=%s' % (name, rebuilt.installed(here.lower, name)) for name in names))
    for name in names:
        assert here.version(name) == rebuilt.installed(here.lower, name)


def test_downgrade(here):
    """Of nova and libvirt."""
    before = here.pids('libvirtd')
    back(here, rebuilt.NOVA + rebuilt.LIBVIRT)
    here.serving()
    others(here, 'libvirtd', before)
    here.verify()
    assert judge.marks_of(here.watched(), 'nova-compute')[-1] == 'plain'
