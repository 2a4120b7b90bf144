"""Ansible with the collection of this tree, as a process."""

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
