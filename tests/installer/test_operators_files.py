"""No file of the operator's, nor any configuration of a package's, is edited: by no verb, in no state, on no kind of node."""
import os
import re

import pytest

from installer_fakes import NOT_IN_LIBERTY, tree_of, write
from light_snapshot_installer import apparmor

#: What an operator may have edited, near to all that light-snapshot has to do with.
FILES = ('/etc/nova/nova.conf', '/etc/nova/nova-compute.conf', '/etc/nova/nova.conf.d/90-site.conf', '/etc/nova/policy.json', '/etc/nova/policy.yaml',
         '/etc/nova/policy.d/zz-site.json', '/etc/nova/api-paste.ini', '/etc/nova/rootwrap.conf', '/etc/nova/rootwrap.d/compute.filters',
         '/etc/sudoers.d/nova', '/etc/libvirt/qemu.conf', '/etc/libvirt/libvirtd.conf', '/etc/apparmor.d/usr.sbin.libvirtd',
         '/etc/apparmor.d/usr.lib.libvirt.virt-aa-helper', '/etc/apparmor.d/local/usr.sbin.libvirtd',
         '/etc/apparmor.d/local/usr.lib.libvirt.virt-aa-helper', '/etc/apparmor.d/abstractions/libvirt-qemu',
         '/etc/apparmor.d/local/abstractions/libvirt-qemu', '/etc/openstack-dashboard/local_settings.py', '/etc/apache2/sites-enabled/horizon.conf',
         '/etc/default/light-snapshot', '/etc/default/nova-common')
#: All that an installation may add to /etc.
OURS = re.compile(r'/etc/(nova/(rootwrap|policy)\.d(/light-snapshot\.(filters|json))?|apparmor\.d/disable(/usr\.[a-z.-]+)?)\Z')


@pytest.fixture(params=[(), NOT_IN_LIBERTY], ids=['privsep', 'rootwrap'])
def site(node, services, request):
    """An all-in-one node with a dashboard and AppArmor, whose operator has edited everything."""
    node.add_nova(True, True, u'[database]\nconnection = sqlite:////var/lib/nova/nova.sqlite\n', request.param)
    node.add_dashboard()
    with open(node.top + '/etc/nova/nova.conf') as stream:
        nova = u'' + stream.read()
    for path in FILES:
        write(node.top + path, (nova if path.endswith('/nova.conf') else u'') + u'# the operator was here\n')
        os.utime(node.top + path, (1500000000, 1500000000))
    write(node.top + '/etc/default/light-snapshot', u'# mine\nAPPARMOR=disable\n')
    write(node.at('openstack_dashboard/local/local_settings.py'), u'HORIZON_CONFIG["customization_module"] = "site.overrides"\n')
    write(node.top + '/sys/module/apparmor/parameters/enabled', u'Y\n')
    write(node.top + '/sbin/apparmor_parser', u'', 0o755)
    write(node.bin + '/apparmor_parser', u'#!/bin/sh\n', 0o755)
    return node


def settings(node):
    """Every file of /etc, and Horizon's own of the operator's, as they are."""
    found = dict(('/etc' + path, facts) for path, facts in tree_of(node.top + '/etc').items())
    local = node.at('openstack_dashboard/local')
    found.update((path, facts) for path, facts in tree_of(local).items() if path.endswith('settings.py'))
    return found


def unchanged(before, node):
    """Nothing of before is gone or another; what came is ours by its name."""
    after = settings(node)
    assert dict((path, after.get(path)) for path in before) == before
    return [path for path in after if path not in before and not OURS.match(path)]


def test_operators_edits_survive(site):
    before, whole = settings(site), site.tree()
    assert len(before) > len(FILES)
    for verb in (('install',), ('install', '--apparmor=keep'), ('install', '--apparmor=disable'), ('verify', '--diff'), ('doctor',)):
        site.run(*verb)
        assert unchanged(before, site) == [], verb
    # They go on editing, and the package is upgraded.
    write(site.top + '/etc/nova/policy.d/zz-site.json', u'{"os_compute_api:light-snapshot:all": "role:ops"}\n')
    write(site.top + '/etc/nova/nova.conf', open(site.top + '/etc/nova/nova.conf').read() + u'[light_snapshot]\ndaily_start = 03:30\n')
    edited = settings(site)
    site.make_share(u'2.0')
    assert site.run('install', '--maintainer-script')[0] == 0
    assert unchanged(edited, site) == []
    assert site.run('rollback')[0] == 0
    assert settings(site) == dict((path, edited[path]) for path in before)
    assert set(site.tree()) == set(whole)


def test_no_diversion_of_a_file_in_etc(site):
    """Policy 10.7.4: configuration cannot be diverted well."""
    assert site.run('install')[0] == 0
    with open(site.top + '/var/lib/dpkg/diversions') as stream:
        assert not [line for line in stream if line.startswith('/etc/')]


@pytest.mark.skipif(not os.access(apparmor.HELPER, os.X_OK), reason='no libvirt with AppArmor is on this machine')
def test_libvirts_own_profile_lets_its_helper_read_every_layer():
    """So that `--apparmor=confine` needs no local override."""
    with open('%s/%s' % (apparmor.DIRECTORY, apparmor.PROFILES[-1])) as stream:
        assert '\n  /**/disk{,.*} r,\n' in stream.read()
