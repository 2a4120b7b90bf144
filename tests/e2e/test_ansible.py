"""The Ansible module on a real server: by real Ansible, and the guest's bytes are those of before."""

import json
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
        tasks = [{'light_snapshot.openstack.light_snapshot': {'server': server.uuid, 'name': NAME, 'state': state}, 'register': state}
                 for state in states]
        tasks.append({'ansible.builtin.copy': {'dest': str(top / 'answers'), 'mode': '0600', 'content': '{{ [%s] | to_json }}' % ', '.join(
            state + '.changed' for state in states)}})
        (top / 'play.yml').write_text(json.dumps([{
            'hosts': 'localhost', 'connection': 'local', 'gather_facts': False, 'tasks': tasks,
            'vars': {'ansible_python_interpreter': '{{ ansible_playbook_python }}'}}]))
        code, said = collection.run(environment, collection.BIN / 'ansible-playbook', '-i', 'localhost,', top / 'play.yml')
        assert code == 0, said
        return json.loads((top / 'answers').read_text())
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
