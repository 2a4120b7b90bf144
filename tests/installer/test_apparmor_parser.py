"""The real apparmor_parser, libvirt's own profiles, and a stand-in for the kernel's files alone. A machine without them fails here."""
import os
import re
import shutil
import subprocess

import pytest

from installer_fakes import write
from light_snapshot_installer import apparmor, paths, run

REAL = run.which(paths.Root('/'), 'apparmor_parser') or '/sbin/apparmor_parser'
#: What a kernel with AppArmor says that it can; this machine's may run none. The package apparmor brings the file.
FEATURES = '/usr/share/apparmor-features/features'
LIBVIRTS = ('usr.sbin.libvirtd', 'usr.lib.libvirt.virt-aa-helper')
GUEST = 'libvirt-' + apparmor._UUID
#: A parser that loads into the node's stand-in for the kernel, which does what the kernel does with what it is given.
PARSER = u'''#!/bin/sh
kernel=%(top)s/sys/kernel/security/apparmor
: > $kernel/.remove
: > $kernel/.replace
%(real)s --features-file=%(features)s --subdomainfs=$kernel/ --base=%(top)s/etc/apparmor.d --skip-cache "$@" 2>> %(top)s/var/log/said || exit
for file in "$@"; do :; done
if [ -s $kernel/.remove ]; then
    name=$(tr -d '\\000' < $kernel/.remove)
    sed -i "\\\\:^$name\\\\( \\\\|//\\\\):d" $kernel/profiles
elif [ -s $kernel/.replace ]; then
    %(real)s --names --skip-kernel-load --skip-cache --base=%(top)s/etc/apparmor.d "$file" 2> /dev/null |
        sed 's/$/ (enforce)/' >> $kernel/profiles
fi
'''


def parse(*words):
    """(exit code, standard output as bytes, what was said)."""
    process = subprocess.Popen((REAL, '--features-file=' + FEATURES, '--skip-cache') + words, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    out, said = process.communicate()
    return process.returncode, out, said.decode('utf-8')


def kernel(node):
    """The names of the profiles that the stand-in for the kernel has."""
    with open(node.top + '/sys/kernel/security/apparmor/profiles') as stream:
        return sorted(line.rsplit(' ', 1)[0] for line in stream)


@pytest.fixture
def real(compute, services):
    """A compute host with this machine's /etc/apparmor.d, the real parser, and its profiles in the kernel."""
    write(compute.top + '/sys/module/apparmor/parameters/enabled', u'Y\n')
    shutil.copytree('/etc/apparmor.d', compute.top + '/etc/apparmor.d', symlinks=True)
    for name in os.listdir(compute.top + '/etc/apparmor.d/disable'):
        os.unlink(compute.top + '/etc/apparmor.d/disable/' + name)
    write(compute.top + '/sbin/apparmor_parser', u'', 0o755)
    write(compute.bin + '/apparmor_parser', PARSER % {'top': compute.top, 'real': REAL, 'features': FEATURES}, 0o755)
    for name in ('.load', '.replace', '.remove', 'profiles'):
        write(compute.top + '/sys/kernel/security/apparmor/' + name, u'')
    for name in LIBVIRTS:
        subprocess.check_call([compute.bin + '/apparmor_parser', '-r', compute.top + '/etc/apparmor.d/' + name])
    return compute


@pytest.mark.parametrize('name', LIBVIRTS)
def test_libvirts_profiles_are_taken(name):
    code, binary, said = parse('-Q', '-S', '/etc/apparmor.d/' + name)
    assert code == 0 and len(binary) > 10000, said


def test_a_guests_profile_is_taken(tmp_path):
    """What the real virt-aa-helper prints about a guest with a layer, below a profile as it makes them of its template."""
    said = apparmor.guest_rules(paths.Root('/'), str(tmp_path))
    rules = ''.join(line + '\n' for line in said.splitlines() if re.match(r'  (deny )?"|  #', line) and '#include' not in line)
    assert '"%s/disk.light-1" rwk,' % tmp_path in rules
    shutil.copytree('/etc/apparmor.d', str(tmp_path / 'a'), symlinks=True)
    with open(str(tmp_path / 'a/libvirt/TEMPLATE.qemu')) as stream:
        template = stream.read()
    profile = template.replace('LIBVIRT_TEMPLATE', GUEST).replace('}', '  #include <libvirt/%s.files>\n}' % GUEST)
    write(str(tmp_path / 'a/libvirt' / (GUEST + '.files')), rules)
    write(str(tmp_path / 'a/libvirt' / GUEST), profile)
    code, binary, said = parse('-b', str(tmp_path / 'a'), '-Q', '-S', str(tmp_path / 'a/libvirt' / GUEST))
    assert code == 0 and len(binary) > 10000, said
    # It is these rules that are looked at: a wrong one is not taken.
    write(str(tmp_path / 'a/libvirt' / (GUEST + '.files')), rules + '  "/x" sideways,\n')
    assert parse('-b', str(tmp_path / 'a'), '-Q', '-S', str(tmp_path / 'a/libvirt' / GUEST))[0] != 0


def test_the_kernel_lets_go_of_both_and_gets_them_back(real):
    before, tree = kernel(real), real.tree()
    assert before == ['libvirtd', 'libvirtd//qemu_bridge_helper', 'virt-aa-helper']
    assert real.run('install', '--apparmor=disable')[0] == 0
    assert kernel(real) == []
    # What the next start of the machine does: a linked profile is left out.
    for name in LIBVIRTS:
        subprocess.check_call([real.bin + '/apparmor_parser', '-r', real.top + '/etc/apparmor.d/' + name])
    with open(real.top + '/var/log/said') as stream:
        assert [line.split(': ')[1].strip() for line in stream if line.startswith('Skipping profile in')] == list(LIBVIRTS)
    assert kernel(real) == []
    assert real.run('verify')[0] == 0
    assert real.run('rollback')[0] == 0
    assert kernel(real) == before
    shutil.rmtree(real.top + '/sys')
    assert real.tree() == dict((path, facts) for path, facts in tree.items() if not path.startswith('/sys'))
