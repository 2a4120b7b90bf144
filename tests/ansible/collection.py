"""Ansible with the collection of this tree, as a process."""

import json
import os
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
COLLECTION = TOP / 'ansible'
BIN = Path(sys.executable).parent


def environment(top):
    """What Ansible runs with: our collection by its name, and nothing of the caller's account.

    :param top: an empty directory
    """
    place = top / 'ansible_collections' / 'light_snapshot'
    place.mkdir(parents=True)
    (place / 'openstack').symlink_to(COLLECTION)
    (top / 'ansible.cfg').touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('OS_', 'ANSIBLE_'))}
    kept.update(ANSIBLE_COLLECTIONS_PATH=str(top), ANSIBLE_HOME=str(top / 'home'), ANSIBLE_LOCAL_TEMP=str(top / 'local'),
                ANSIBLE_REMOTE_TEMP=str(top / 'remote'), ANSIBLE_CONFIG=str(top / 'ansible.cfg'), ANSIBLE_NOCOLOR='1', ANSIBLE_PIPELINING='1',
                LC_ALL='C.UTF-8', HOME=str(top), PYTHONDONTWRITEBYTECODE='1')
    return kept


def run(its_environment, *argv):
    """(exit code, everything that was said)"""
    done = subprocess.run([str(word) for word in argv], env=its_environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def playbook(its_environment, inventory, name, *words, wrapper=()):
    """The same, of a playbook of the collection."""
    return run(its_environment, *wrapper, BIN / 'ansible-playbook', '-i', inventory, 'light_snapshot.openstack.' + name, *words)


def answers(its_environment, directory, arguments, *flags, ignore_errors=False):
    """(what was said, the answers) of a playbook whose tasks are the module's, one for each of the arguments.

    :param directory: for the playbook and the answers
    """
    found, names = directory / 'answers.json', ['task%d' % number for number in range(len(arguments))]
    tasks = [{'name': 'Task', 'register': name, 'ignore_errors': ignore_errors, 'light_snapshot.openstack.light_snapshot': one}
             for name, one in zip(names, arguments)]
    tasks.append({'name': 'Answers', 'check_mode': False, 'diff': False, 'ansible.builtin.copy': {
        'dest': str(found), 'mode': '0600', 'content': '{{ [%s] | to_json }}' % ', '.join(names)}})
    (directory / 'play.yml').write_text(json.dumps([{
        'hosts': 'localhost', 'connection': 'local', 'gather_facts': False, 'tasks': tasks,
        'vars': {'ansible_python_interpreter': '{{ ansible_playbook_python }}'}}]))
    code, said = run(its_environment, BIN / 'ansible-playbook', '-i', 'localhost,', *flags, directory / 'play.yml')
    assert code == 0, said
    return said, json.loads(found.read_text())
