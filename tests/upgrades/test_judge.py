"""What the judge of upgrades finds in what the watch and the sampler wrote: it has to see each fault that it is there for."""
import pytest

from tests.upgrades import judge

COMMAND = '/usr/bin/python3 /usr/bin/nova-compute --config-file=/etc/nova/nova.conf'
HOOKED = ('1.0 B nova/__init__.py', '1.1 plain nova/compute/manager.py', '1.2 B nova/compute/manager.py.light-snapshot-orig',
          '1.3 B nova/network/neutron.py', '1.4 plain light_snapshot/nova/hooks.py', '1.5 plain nova/virt/libvirt/driver.py',
          '1.6 B nova/virt/libvirt/driver.py.light-snapshot-orig', '1.7 plain nova/privsep/light_snapshot.py')


@pytest.fixture
def judged(tmp_path):
    """Judge the processes that are written down as {key: lines}."""
    def judge_all(**written):
        for key, lines in written.items():
            (tmp_path / key.replace('_', '.').lstrip('p')).write_text('\n'.join(lines) + '\n')
        return judge.processes(str(tmp_path))
    return judge_all


def test_a_whole_process_is_no_fault(judged):
    found = judged(p7_100=(COMMAND,) + HOOKED)
    assert judge.faults(found) == [] and judge.marks_of(found, 'nova-compute') == ['B']


def test_a_module_of_another_build_is_seen(judged):
    found = judged(p7_100=(COMMAND,) + HOOKED + ('9.0 plain nova/late.py',))
    fault, = judge.faults(found)
    assert fault.startswith('MIXED: process 7.100') and 'nova/late.py' in fault


def test_our_own_modules_of_two_builds_are_seen(judged):
    fault, = judge.faults(judged(p7_100=(COMMAND,) + HOOKED + ('9.0 0.0.9 light_snapshot/nova/together.py',)))
    assert 'light_snapshot/' in fault and 'together.py' in fault


@pytest.mark.parametrize('missing', ['nova/virt/libvirt/driver.py.light-snapshot-orig', 'nova/compute/manager.py.light-snapshot-orig',
                                     'light_snapshot/nova/hooks.py'])
def test_a_nova_compute_without_hooks_is_seen(judged, missing):
    lines = [line for line in HOOKED if not line.endswith(' ' + missing)]
    # Without its shim, nova's own file runs at the path itself.
    found = judged(p7_100=[COMMAND] + [line.replace('plain nova/', 'B nova/') for line in lines])
    assert [fault for fault in judge.faults(found) if fault.startswith('NO HOOKS')]
    assert not [fault for fault in judge.faults(found, lambda moment: False) if fault.startswith('NO HOOKS')]


@pytest.mark.parametrize('count', range(1, len(HOOKED)))
def test_a_nova_compute_that_ends_in_the_middle_of_its_imports_is_no_fault(judged, count):
    assert judge.faults(judged(p7_100=(COMMAND,) + HOOKED[:count])) == []


def test_the_latest_process_is_told_by_its_start_and_no_fork(judged):
    found = judged(p900_100=(COMMAND,) + HOOKED, p7_200=(COMMAND,) + HOOKED, p8_300=(COMMAND, 'fork 7.200 6.0'))
    assert [one.key for one in found] == ['900.100', '7.200', '8.300'] and judge.latest(found, 'nova-compute').key == '7.200'


def test_what_a_child_has_from_its_parent_counts(judged):
    found = judged(p7_100=(COMMAND,) + HOOKED + ('5.0 B nova/before.py', '9.0 B nova/after.py'),
                   p8_200=(COMMAND, 'fork 7.100 6.0', '7.0 C nova/own.py'))
    child = [one for one in found if one.key == '8.200'][0]
    assert 'nova/before.py' in child.modules and 'nova/after.py' not in child.modules
    assert [fault for fault in judge.faults(found) if fault.startswith('MIXED: process 8.200')]


def test_samples(tmp_path):
    path = tmp_path / 'samples'
    path.write_text('1.0 start 7.100 /usr/bin/nova-compute x\n1.5 file virt/libvirt/driver.py none\n2.0 looks 90 0.020000\n'
                    '2.5 end 7.100\n3.0 looks 80 0.150000\n')
    seen = judge.Samples(str(path))
    assert seen.looks == 170 and seen.gap == 0.15
    assert seen.services['7.100'] == judge.Seen('/usr/bin/nova-compute x', 1.0, 2.5)
    assert seen.files == [(1.5, 'virt/libvirt/driver.py', 'none')]
