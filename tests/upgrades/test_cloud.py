"""When the node of the tests of upgrades counts as serving: not by what a process before the last apt run has asked for."""
import subprocess
import sys

import pytest

from tests.upgrades import cloud


class Cloud(cloud.Cloud):
    """One whose services do what is written down: at each look the next (keys of nova-compute's, its reports, nova-conductor's)."""

    def __init__(self, before, looks):
        self.before, self.looks = set(before), list(looks)

    def _now(self):
        return self.looks[0]

    def wait(self, what, question, seconds=90):
        """As Node.wait, but what is written down goes on in place of the time."""
        while not question():
            assert len(self.looks) > 1, what
            self.looks.pop(0)

    def running(self, program):
        return set(self._now()[0])

    def _reports(self):
        return {'nova-compute': self._now()[1], 'nova-conductor': self._now()[2]}

    def run(self, *argv, text=None):
        return '', 0


def test_two_reports_of_another_process_are_enough():
    here = Cloud(['7.100'], [(['7.100'], 5, 5), (['9.200'], 5, 5), (['9.200'], 6, 6), (['9.200'], 7, 6), (['9.200'], 8, 7)])
    here.serving()
    assert here._now() == (['9.200'], 7, 6)


@pytest.mark.parametrize('looks,what', [
    # What the process before asked for waited in the queue.
    ([(['9.200'], 5, 5), (['9.200'], 6, 6), (['9.200'], 6, 9)], 'report'),
    # The process before goes on, alone or beside the new one.
    ([(['7.100'], 5, 5), (['7.100'], 8, 8)], 'another nova-compute'),
    ([(['7.100', '9.200'], 5, 5), (['7.100', '9.200'], 8, 8)], 'another nova-compute'),
    # It reported, and is gone.
    ([(['9.200'], 5, 5), ([], 8, 8)], 'report'),
    # No conductor does.
    ([(['9.200'], 5, 5), (['9.200'], 8, 5)], 'report'),
])
def test_less_is_not(looks, what):
    with pytest.raises(AssertionError, match=what):
        Cloud(['7.100'], looks).serving()


def test_one_that_stays_may_be_the_one_of_before():
    here = Cloud(['7.100'], [(['7.100'], 5, 5), (['7.100'], 7, 6)])
    here.serving(stays=True)
    with pytest.raises(AssertionError, match='report'):
        Cloud(['7.100'], [(['7.100'], 5, 5), (['7.100'], 6, 6)]).serving(stays=True)


def test_running_reads_the_proc_of_the_node(tmp_path):
    """Where numbers of processes are others than here."""
    program = tmp_path / 'nova-compute'
    program.write_text('print(open("/proc/self/stat").read(), flush=True)\ninput()\n')
    here = cloud.Cloud.__new__(cloud.Cloud)
    with subprocess.Popen(['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', sys.executable, str(program)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        stat = holder.stdout.readline().rpartition(')')[2].split()
        with open('/proc/%d/task/%d/children' % (holder.pid, holder.pid)) as stream:
            here.first = int(stream.read().split()[0])
        found = here.running('nova-compute'), here.running('nova-conductor')
        holder.communicate('\n')
    assert found == ({'1.' + stat[19]}, set())
