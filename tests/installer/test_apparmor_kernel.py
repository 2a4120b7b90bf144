"""A kernel that runs AppArmor: Debian's, in a guest whose whole disk is a ramdisk with the real parser, libvirt's profiles and our code."""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from installer_fakes import HERE, TREE, write
from liberty_root import libraries
from light_snapshot_installer import apparmor, paths
from test_apparmor_parser import GUEST, LIBVIRTS, REAL, guest_profile, guest_rules

pytestmark = pytest.mark.skipif(sys.version_info[0] == 2, reason='a kernel is asked once, by the CPython 3 run')

INIT = u'''#!/bin/sh
mount -t proc none /proc
mount -t sysfs none /sys
mount -t securityfs none /sys/kernel/security
cd /
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/installer python3 /apparmor_guest.py 2>&1
poweroff -f
'''
#: Of Python's library, what is large and not asked for.
UNUSED = ('test', 'tests', '__pycache__', 'idlelib', 'lib2to3', 'ensurepip', 'config-*', 'dist-packages', 'site-packages', 'pydoc_data',
          'turtledemo', 'distutils', 'asyncio', 'unittest', 'tkinter')


def ramdisk(top, given):
    """A directory with all that the guest is made of."""
    for name in ('bin', 'sbin', 'proc', 'sys', 'dev', 'tmp', 'var/lib'):
        os.makedirs('%s/%s' % (top, name))
    python = os.path.realpath('/usr/bin/python3')
    programs = ((python, 'bin/python3'), (REAL, 'sbin/apparmor_parser'), ('/bin/busybox', 'bin/busybox'))
    library = '/usr/lib/' + os.path.basename(python)
    shutil.copytree(library, top + library, ignore=shutil.ignore_patterns(*UNUSED))
    modules = [os.path.join(library, 'lib-dynload', name) for name in os.listdir(library + '/lib-dynload')]
    for source, target in programs:
        shutil.copy(source, '%s/%s' % (top, target))
    needed = libraries(python, REAL, *[name for name in modules if re.search(r'/(zlib|_bz2|_lzma|_hashlib|_json|_opcode)\.', name)])
    for path in needed:
        os.makedirs(os.path.dirname(top + path), exist_ok=True)
        shutil.copy(path, top + path)
    for name in ('sh', 'mount', 'poweroff'):
        os.symlink('busybox', '%s/bin/%s' % (top, name))
    shutil.copytree('/etc/apparmor.d', top + '/etc/apparmor.d', symlinks=True)
    for name in os.listdir(top + '/etc/apparmor.d/disable'):
        os.unlink(top + '/etc/apparmor.d/disable/' + name)
    write('%s/etc/apparmor.d/libvirt/%s' % (top, GUEST), guest_profile())
    shutil.copytree(os.path.join(TREE, 'installer'), top + '/installer', ignore=shutil.ignore_patterns('__pycache__'))
    shutil.copy(os.path.join(HERE, 'apparmor_guest.py'), top)
    write(top + '/given.json', json.dumps(given))
    write(top + '/init', INIT, 0o755)


def boot(kernel, image):
    """What a machine with this kernel and this ramdisk prints until it is off."""
    # Not with KVM: a /dev/kvm may be there and start no kernel.
    argv = ['qemu-system-x86_64', '-accel', 'tcg', '-cpu', 'max', '-m', '768', '-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio',
            '-kernel', kernel, '-initrd', image, '-append', 'console=ttyS0 panic=-1 quiet']
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600,
                          check=False).stdout.decode('utf-8', 'replace')


def test_profiles_go_and_come_back_in_a_real_kernel(tmp_path):
    from testbed import guestimage
    question = tmp_path / 'g'
    question.mkdir()
    rules = guest_rules(apparmor.guest_rules(paths.Root('/'), str(question)))
    ramdisk(str(tmp_path / 'root'), {'rules': rules, 'top': str(question), 'profile': GUEST})
    image = str(tmp_path / 'image')
    subprocess.check_call(['sh', '-ec', 'cd "$1"; find . | cpio --quiet -o -H newc > "$2"', 'sh', str(tmp_path / 'root'), image])
    said = boot(str(guestimage.kernel()[0]), image)
    result = re.search(r'^RESULT (.*?)\r?$', said, re.M)
    assert result, said[-4000:]
    found = json.loads(result.group(1))
    assert found == {
        'active': True, 'profiles': list(LIBVIRTS), 'before': [False, False], 'loaded': [True, True],
        'disabled': list(LIBVIRTS), 'after': [False, False], 'next start': [False, False],
        'restored': list(LIBVIRTS), 'again': [True, True],
        # A layer can be written to; what is below it not, whatever else allows it, as long as a rule denies it.
        'commit where it is denied': ['yes', 'Permission denied'], 'commit where it is not': ['yes', 'yes']}
