"""The Ansible module on a real server: by real Ansible, and the guest's bytes are those of before."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'ansible'))

import collection  # noqa: E402
from testbed.cloud import openrc  # noqa: E402

NAME = 'before the play'


@pytest.fixture(scope='module')
def play(server, tmp_path_factory):
    """Has tasks of the module run, one for each state; what their answers say of a change."""
    top = tmp_path_factory.mktemp('play')
    environment = dict(collection.environment(top), **openrc())

    def run(*states):
        _said, answers = collection.answers(environment, top, [{'server': server.uuid, 'name': NAME, 'state': state} for state in states])
        return [answer['changed'] for answer in answers]
    return run


def test_a_restore_point_and_the_way_back(server, play):
    server.act('enableSnapshot', {'store': True})
    sums = server.write('played', 'before')
    server.guest.sync()
    assert play('present') == [True]
    assert NAME in [point['name'] for point in server.points().values()]
    server.write('played', 'after')
    assert server.sums('played') != {'played': sums}
    assert play('recovered', 'absent') == [True, True]
    server.guest.wait_up()
    assert server.sums('played') == {'played': sums}
    assert NAME not in [point['name'] for point in server.points().values()]
    assert play('absent') == [False]
