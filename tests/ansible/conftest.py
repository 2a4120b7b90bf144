"""Ansible with the collection of this tree, as a process; and the module alone, in front of the stub cloud on a local port."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TOP = Path(__file__).resolve().parent.parent.parent
COLLECTION = TOP / 'ansible'
sys.path[:0] = [str(TOP / 'tests' / 'novaclient'), str(TOP / 'tests' / 'osc')]

import stub_api  # noqa: E402
import stub_cloud  # noqa: E402

BIN = Path(sys.executable).parent


@pytest.fixture(scope='session')
def environment(tmp_path_factory):
    """What Ansible runs with: our collection by its name, and nothing of the caller's account."""
    top = tmp_path_factory.mktemp('ansible')
    place = top / 'ansible_collections' / 'light_snapshot'
    place.mkdir(parents=True)
    (place / 'openstack').symlink_to(COLLECTION)
    (top / 'ansible.cfg').touch()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(('OS_', 'ANSIBLE_'))}
    kept.update(ANSIBLE_COLLECTIONS_PATH=str(top), ANSIBLE_HOME=str(top / 'home'), ANSIBLE_LOCAL_TEMP=str(top / 'local'),
                ANSIBLE_REMOTE_TEMP=str(top / 'remote'), ANSIBLE_CONFIG=str(top / 'ansible.cfg'), ANSIBLE_NOCOLOR='1', ANSIBLE_PIPELINING='1',
                LC_ALL='C.UTF-8', HOME=str(top), PYTHONDONTWRITEBYTECODE='1')
    return kept


def run(environment, *argv):
    """(exit code, everything that was said)"""
    done = subprocess.run([str(word) for word in argv], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


@pytest.fixture
def cloud():
    """A cloud of two servers, `web` without light snapshots and `db` with three restore points."""
    made = stub_cloud.Cloud()
    with stub_api.serve(made) as url:
        made.served_at(url)
        stub_api.furnish(made, stub_cloud.WEB, stub_cloud.DB)
        yield made


@pytest.fixture(scope='session')
def module():
    """The module's file, as one of this process."""
    spec = importlib.util.spec_from_file_location('the_module', COLLECTION / 'plugins' / 'modules' / 'light_snapshot.py')
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def credentials(cloud):
    return {'auth_type': 'password', 'region_name': 'R', 'auth': {
        'auth_url': cloud.auth_url, 'username': 'demo', 'password': 'secret', 'project_name': 'demo',
        'user_domain_name': 'Default', 'project_domain_name': 'Default'}}


class Ended(Exception):
    """The module's answer."""


@pytest.fixture
def snapshot(module, cloud, monkeypatch):
    """Runs the module in this process, its arguments checked by Ansible's own code; gives its answer."""
    class Module:
        def __init__(self, argument_spec, supports_check_mode, **rules):
            assert supports_check_mode
            found = ArgumentSpecValidator(argument_spec, **rules).validate(Module.args)
            if found.error_messages:
                self.fail_json(msg=' '.join(found.error_messages))
            self.params, self.check_mode = found.validated_parameters, Module.check

        def fail_json(self, **answer):
            raise Ended(dict(answer, failed=True))

        def exit_json(self, **answer):
            raise Ended(json.loads(json.dumps(answer)))
    monkeypatch.setattr(module, 'AnsibleModule', Module)
    monkeypatch.setattr(module, 'INTERVAL', 0.01)
    for name in [name for name in os.environ if name.startswith('OS_')]:
        monkeypatch.delenv(name)

    def task(check=False, **args):
        Module.args, Module.check = dict(credentials(cloud), **args), check
        with pytest.raises(Ended) as ended:
            module.main()
        return ended.value.args[0]
    return task
