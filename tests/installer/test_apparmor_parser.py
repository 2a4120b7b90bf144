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


def guest_rules(said):
    """Of what virt-aa-helper prints, the rules of the guest's files."""
    return u''.join(line + u'\n' for line in said.splitlines() if re.match(r'  (deny )?"|  #', line) and '#include' not in line)


def guest_profile():
    """The profile that includes them, as libvirt makes it of its template."""
    with open('/etc/apparmor.d/libvirt/TEMPLATE.qemu') as stream:
        return stream.read().replace('LIBVIRT_TEMPLATE', GUEST).replace('}', '  #include <libvirt/%s.files>\n}' % GUEST)


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
    rules = guest_rules(apparmor.guest_rules(paths.Root('/'), str(tmp_path)))
    assert '"%s/disk.light-1" rwk,' % tmp_path in rules
    shutil.copytree('/etc/apparmor.d', str(tmp_path / 'a'), symlinks=True)
    write(str(tmp_path / 'a/libvirt' / (GUEST + '.files')), rules)
    write(str(tmp_path / 'a/libvirt' / GUEST), guest_profile())
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
    code, out, _err = real.run('verify')
    assert code == 0 and out.count('disabled, and not in the kernel') == 2
    assert real.run('rollback')[0] == 0
    assert kernel(real) == before
    shutil.rmtree(real.top + '/sys')
    assert real.tree() == dict((path, facts) for path, facts in tree.items() if not path.startswith('/sys'))


def test_verify_looks_into_the_kernel(real):
    """A link says what the next start loads; what is loaded now the kernel says."""
    loads = [real.bin + '/apparmor_parser', '-r', real.top + '/etc/apparmor.d/' + LIBVIRTS[0]]
    assert real.run('install', '--apparmor=disable')[0] == 0
    link = real.top + '/etc/apparmor.d/disable/' + LIBVIRTS[0]
    os.rename(link, real.top + '/var/log/link')
    subprocess.check_call(loads)
    os.rename(real.top + '/var/log/link', link)
    code, out, _err = real.run('verify', '--quiet')
    assert code == 1 and 'is disabled, but the kernel still has it' in out
    assert real.run('install')[0] == 0
    assert kernel(real) == [] and real.run('verify')[0] == 0
    # A profile that does not parse any more cannot come back, and rollback says it.
    write(real.top + '/etc/apparmor.d/local/' + LIBVIRTS[0], u'no rule at all\n')
    code, out, _err = real.run('rollback')
    assert code == 0 and 'the kernel did not take /etc/apparmor.d/%s' % LIBVIRTS[0] in out
    assert kernel(real) == ['virt-aa-helper']
    assert real.run('install', '--apparmor=keep')[0] == 0
    code, out, _err = real.run('verify', '--quiet')
    rows = [line for line in out.splitlines() if 'is enabled, but the kernel does not have it' in line]
    assert code == 0 and len(rows) == 1 and LIBVIRTS[0] in rows[0]


def test_a_kernel_that_does_not_let_go(real):
    write(real.bin + '/apparmor_parser', u'#!/bin/sh\necho no >&2\nexit 1\n', 0o755)
    code, out, _err = real.run('install', '--apparmor=disable')
    assert code == 0 and 'the kernel still has /etc/apparmor.d/%s' % LIBVIRTS[0] in out
    assert real.run('verify')[0] == 1
    # Where its list cannot be read that is said, and the link counts.
    os.unlink(real.top + '/sys/kernel/security/apparmor/profiles')
    code, out, _err = real.run('verify', '--quiet')
    assert code == 0 and 'was not seen' in out


@pytest.mark.parametrize('name', LIBVIRTS)
def test_the_names_by_which_the_kernel_knows_them(compute, name):
    """libvirt's own files, as the real parser reads them; libvirt before 5.1 called its profiles by the path."""
    names = parse('-N', '-Q', '/etc/apparmor.d/' + name)[1].decode('utf-8').split()
    for known in (names, ['/' + name.replace('.', '/')]):
        write(compute.top + apparmor.KERNEL, u''.join('%s (enforce)\n' % one for one in known))
        assert apparmor.loaded(compute.root, name) is True
    write(compute.top + apparmor.KERNEL, u'%s//child (enforce)\nsnap.%s (complain)\n' % (names[0], names[0]))
    assert apparmor.loaded(compute.root, name) is False
