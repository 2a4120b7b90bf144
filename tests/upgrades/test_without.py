"""nova and Horizon are purged under our package, and a nova comes anew, on the node of test_nova.py."""
import os

import pytest

from tests.upgrades import judge, rebuilt
from tests.upgrades.test_nova import back, newer

pytestmark = pytest.mark.usefixtures('judged')

CODE = '/usr/lib/python3/dist-packages/'


def answers(here):
    """Apache runs one Horizon, with our panel, and Django answers: it sends who is not logged in to the page for that."""
    here.verify()
    said = here.well('python3', '-c', 'import http.client as one; it = one.HTTPConnection("127.0.0.1"); it.request("GET", "/horizon/");'
                     ' answer = it.getresponse(); print(answer.status, answer.getheader("Location"))')
    assert said.split()[0] == '302' and '/auth/login/' in said, said


def mark_of_horizon(here):
    """Of the build that the newest process of Horizon runs."""
    return [mark for one in here.watched() for mark in one.marks('openstack_dashboard/')][-1]


def test_upgrade_of_horizon(here):
    """`apt upgrade` with a newer Horizon."""
    here.stage(*(newer(here, rebuilt.HORIZON) + newer(here, rebuilt.NOVA)))
    here.apt('upgrade')
    answers(here)
    assert mark_of_horizon(here) == 'B'


def test_reinstall_of_horizon(here):
    here.apt('install', '--reinstall', *rebuilt.HORIZON)
    answers(here)


def test_downgrade_of_horizon(here):
    back(here, rebuilt.HORIZON, *newer(here, rebuilt.NOVA))
    answers(here)
    assert mark_of_horizon(here) == 'plain'


def test_purge_of_horizon(here):
    here.apt('purge', 'python3-django-horizon')
    here.verify()
    assert not os.path.exists(here.at(CODE + 'light_snapshot_dashboard'))


def test_purge_of_nova(here):
    """nova's purge takes the servers' directories along: nothing of ours stays in its code, and nothing is diverted."""
    here.apt('purge', 'python3-nova')
    assert not os.path.exists(here.at('/var/lib/nova/instances'))
    here.verify()
    for name in ('nova', 'light_snapshot', 'light_snapshot.egg-info'):
        left = [os.path.join(top, leaf) for top, _dirs, leaves in os.walk(here.at(CODE + name)) for leaf in leaves]
        assert not os.path.exists(here.at(CODE + name)), left
    assert 'light-snapshot' not in here.well('dpkg-divert', '--list')


def test_nova_that_comes_to_a_host_with_layers(here):
    """Our package is there already and nova is not, and a disk with servers was brought along: nova-compute's very first process has
    our hooks."""
    here.add_server()
    before = judge.latest(here.watched(), 'nova-compute').key
    here.apt('install', 'nova-compute')

    def hooked():
        one = judge.latest(here.watched(), 'nova-compute')
        return one.key != before and judge.HOOKS in one.modules
    # It gets no further than its manager: there is no conductor any more.
    here.wait('the new nova-compute imports our hooks', hooked, 300)
    assert judge.BEHIND[0] + judge.ORIGINAL in judge.latest(here.watched(), 'nova-compute').modules
    here.verify()
