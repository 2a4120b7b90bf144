"""The table of services against the nova that is installed here: who imports what we extend."""
import os
import subprocess

import pytest

from light_snapshot_installer import services

PYTHON = '/usr/bin/python3'
EXTENDED = {
    'nova.virt.libvirt.driver': 'nova/virt/libvirt/driver.py',
    'nova.virt.libvirt.imagebackend': 'nova/virt/libvirt/imagebackend.py',
    'nova.compute.manager': 'nova/compute/manager.py',
    'nova.conductor.manager': 'nova/conductor/manager.py',
    'nova.api.openstack.compute.routes': 'nova/api/openstack/compute/routes.py',
}
#: The module that a service's program starts with, and what its configuration makes it load besides.
STARTS = {
    'nova-compute': ('nova.cmd.compute', 'nova.compute.manager', 'nova.virt.libvirt.driver'),
    'nova-conductor': ('nova.cmd.conductor', 'nova.conductor.manager'),
    'nova-api': ('nova.api.openstack.wsgi_app', 'nova.api.openstack.compute'),
    'nova-scheduler': ('nova.cmd.scheduler', 'nova.scheduler.manager'),
    'nova-novncproxy': ('nova.cmd.novncproxy',),
    'nova-api-metadata': ('nova.api.openstack.wsgi_app', 'nova.api.metadata.handler', 'nova.api.metadata.wsgi'),
}

pytestmark = pytest.mark.skipif(not os.path.exists('/usr/lib/python3/dist-packages/nova'),
                                reason='nova is not installed on this machine')


@pytest.fixture(scope='module')
def loaded():
    """{service: the extended modules that it imports}."""
    found = {}
    for name, modules in STARTS.items():
        program = 'import sys\n%s\nprint("\\n".join(sys.modules))' % '\n'.join('import ' + one for one in modules)
        output = subprocess.check_output([PYTHON, '-c', program], cwd='/')
        found[name] = set(output.decode().split()) & set(EXTENDED)
    return found


@pytest.mark.parametrize('name', sorted(STARTS))
def test_service_restarts_for_what_it_imports(loaded, name):
    for module in loaded[name]:
        users = services.users('/usr/lib/python3/dist-packages/' + EXTENDED[module])
        assert name in users, '%s imports %s, and does not restart when that changes' % (name, module)


@pytest.mark.parametrize('module', sorted(EXTENDED))
def test_every_extended_module_has_its_service(loaded, module):
    users = services.users('/usr/lib/python3/dist-packages/' + EXTENDED[module])
    assert [name for name in users if module in loaded.get(name, ())]
