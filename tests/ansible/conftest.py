"""Ansible with the collection of this tree, and the module alone, in front of the stub cloud on a local port."""

import importlib.util
import json
import os
import sys
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ('novaclient', 'osc', 'ansible')]

import collection  # noqa: E402
import stub_api  # noqa: E402
import stub_cloud  # noqa: E402


@pytest.fixture(scope='session')
def environment(tmp_path_factory):
    """What Ansible runs with."""
    return collection.environment(tmp_path_factory.mktemp('ansible'))


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
    spec = importlib.util.spec_from_file_location('the_module', collection.COLLECTION / 'plugins' / 'modules' / 'light_snapshot.py')
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
