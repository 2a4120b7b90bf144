"""A nova that the package does not know comes by `apt upgrade`, on the node of test_nova.py: what is extended has another name, or takes
other arguments. nova runs on, light snapshots are refused with the reason, and a server with layers still gets its active layer."""
import os
import re

import pytest

from tests.upgrades import cloud, judge, rebuilt
from tests.upgrades.test_nova import newer

pytestmark = pytest.mark.usefixtures('judged')

DRIVER = '/usr/lib/python3/dist-packages/nova/virt/libvirt/driver.py'
#: Put after nova's own text: the same method, with another name for its argument.
OTHER = '''

def _soft_reboot(self, server, _before=LibvirtDriver._soft_reboot):
    return _before(self, server)


LibvirtDriver._soft_reboot = _soft_reboot
'''
#: Run on the node by nova's Python: what nova-compute would do with a definition that names `disk`.
DEFINES = '''
import os
import re
# Green threads, as nova-compute has them.
import nova.cmd
from nova import config
from nova.compute import manager
from nova.virt.libvirt import driver, host
config.parse_args(['x', '--config-file', '/etc/nova/nova.conf', '--config-file', '/etc/nova/nova-compute.conf'])
from light_snapshot.nova import manager as ours
xml = """<domain type='qemu'><name>x</name><uuid>%s</uuid><memory>1024</memory><os><type>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s/disk'/><target dev='vda'/></disk></devices></domain>"""
here = host.Host('qemu:///system')
here.initialize()
guest = here.write_instance_config(xml)
print('DEFINED', re.findall("source file='([^']*)'", guest.get_xml_desc()))
guest.delete_configuration()
try:
    ours.Work._begin(object.__new__(ours.Work))
except Exception as error:
    print('REFUSED', error, flush=True)
# libvirt's threads go on.
os._exit(0)
'''

#: Run before: what nova-compute does as it starts.
SEES = '''
import nova.cmd
from light_snapshot.nova import hooks
assert not hooks.see((hooks.DRIVER,))
'''


def other(tree):
    """The driver's text, changed."""
    path = tree + DRIVER
    try:
        with open(path) as stream:
            text = stream.read()
    except FileNotFoundError:
        return
    with open(path, 'w') as stream:
        stream.write(re.sub(r'\b_get_guest_config\b', '_compose_guest_config', text) + OTHER)


def upgrade(node, number, mark, change):
    """nova's packages anew, `change` made to each tree, and upgraded to. `mark` is part of a built package's name, so that no other is
    taken for it."""
    node.stage(*[rebuilt.again(node.debian[name], '%s+upgrade%d' % (rebuilt.installed(node.lower, name), number), mark, rebuilt.NOVA, change)
                 for name in rebuilt.NOVA])
    node.apt('upgrade')
    node.serving()


@pytest.fixture(scope='module')
def unknown(here):
    """That nova is on the node."""
    upgrade(here, 2, 'C', other)
    yield here
    # What comes next is on a nova that is known.
    here.stage(*newer(here, rebuilt.NOVA))
    here.apt('install', '--allow-downgrades', *('%s=%s' % (name, rebuilt.installed(here.lower, name) + '+upgrade1')
                                                for name in rebuilt.NOVA))
    here.serving()


def test_nova_runs_and_doctor_says_what_is_wrong(unknown):
    assert judge.marks_of(unknown.watched(), 'nova-compute')[-1] == 'C'
    said, code = unknown.run('light-snapshot', 'doctor')
    assert code == 1
    assert re.search(r'FAIL +hooks: light-snapshot cannot extend nova\.virt\.libvirt\.driver\.LibvirtDriver\._get_guest_config', said), said
    assert '_soft_reboot' in said and 'it takes (self, server, _before), not (self, instance, ...)' in said
    assert 'operations are refused and nova runs on' in said
    # What is on the disk is all there.
    unknown.verify()


def test_nova_compute_says_so_in_its_log(unknown):
    log = unknown.read('/var/log/nova/nova-compute.log')
    assert 'LibvirtDriver._get_guest_config' in log and 'Light snapshots are refused; nova itself runs on.' in log
    assert 'servers that have layers start from them all the same' in log


def test_operations_are_refused_and_a_server_gets_its_active_layer(unknown):
    directory = '/var/lib/nova/instances/' + cloud.SERVER
    said = unknown.well('/usr/bin/python3', '-c', DEFINES % (cloud.SERVER, directory))
    assert "DEFINED ['%s/disk.light-2']" % directory in said
    refused = [line for line in said.splitlines() if line.startswith('REFUSED')][0]
    assert 'switched off on this host' in refused and '_get_guest_config' in refused and 'Nothing was changed.' in refused


def package(tree):
    """The driver is a package, with the text that the file had."""
    path = tree + DRIVER
    if os.path.exists(path):
        os.mkdir(path[:-len('.py')])
        os.rename(path, path[:-len('.py')] + '/__init__.py')


@pytest.fixture(scope='module')
def packaged(unknown):
    """A nova whose driver became a package: our file in its old place is passed by nobody."""
    upgrade(unknown, 3, 'D', package)
    return unknown


def test_a_driver_that_became_a_package_is_noticed(packaged):
    assert judge.marks_of(packaged.watched(), 'nova-compute')[-1] == 'D'
    said, code = packaged.run('light-snapshot', 'verify')
    assert code == 1 and re.search(r'FAIL +%s +this nova has a package in its place' % re.escape(DRIVER), said), said
    said, code = packaged.run('light-snapshot', 'doctor')
    assert code == 1 and 'light-snapshot does not extend nova.virt.libvirt.driver (LibvirtDriver._get_guest_xml' in said, said
    log = packaged.read('/var/log/nova/nova-compute.log')
    assert 'light-snapshot does not extend nova.virt.libvirt.driver' in log


def test_under_it_a_server_gets_its_active_layer_too(packaged):
    said = packaged.well('/usr/bin/python3', '-c', SEES + DEFINES % (cloud.SERVER, '/var/lib/nova/instances/' + cloud.SERVER))
    assert "DEFINED ['/var/lib/nova/instances/%s/disk.light-2']" % cloud.SERVER in said
    refused = [line for line in said.splitlines() if line.startswith('REFUSED')][0]
    assert 'switched off on this host' in refused and 'nova.virt.libvirt.driver' in refused
