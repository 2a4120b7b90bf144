"""What runs in the guest of test_apparmor_kernel.py, as root, under a kernel with AppArmor: our own code on the kernel's own files."""
import json
import os
import subprocess
import sys

from light_snapshot_installer import apparmor, paths

ROOT = paths.Root('/')
LIBVIRTS = ('usr.sbin.libvirtd', 'usr.lib.libvirt.virt-aa-helper')


def load(path):
    """As the start of a machine, or libvirt, has a profile loaded."""
    subprocess.check_call(['apparmor_parser', '-r', '-K', path])


def loaded():
    return [apparmor.loaded(ROOT, name) for name in LIBVIRTS]


def confined(profile, path):
    """Whether a process under a profile may write to a file that is there: 'yes', or why not."""
    child = os.fork()
    if child == 0:
        try:
            with open('/proc/self/attr/current', 'w') as stream:
                stream.write('changeprofile ' + profile)
            with open(path, 'r+b'):
                os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return 'yes' if code == 0 else os.strerror(code)


def commit(profile, rules, top):
    """What a commit finds of a guest with these rules, once libvirt has let it write to what is below its layer."""
    with open('/etc/apparmor.d/libvirt/%s.files' % profile, 'w') as stream:
        stream.write(rules + '  "%s/disk" rwk,\n' % top)
    load('/etc/apparmor.d/libvirt/' + profile)
    return [confined(profile, top + '/' + name) for name in ('disk.light-1', 'disk')]


def main(given):
    """Everything, as a dictionary."""
    found = {'active': apparmor.active(ROOT), 'profiles': apparmor.profiles(ROOT), 'before': loaded()}
    for name in LIBVIRTS:
        load('/etc/apparmor.d/' + name)
    found['loaded'] = loaded()
    record, saved = {'links': [], 'directories': []}, []
    found['disabled'] = apparmor.disable(ROOT, record, lambda: saved.append(1))
    found['after'] = loaded()
    for name in LIBVIRTS:
        load('/etc/apparmor.d/' + name)
    found['next start'] = loaded()
    found['restored'] = apparmor.undo(ROOT, record, lambda: saved.append(1))
    found['again'] = loaded()
    os.makedirs(given['top'])
    for name in ('disk', 'disk.light-1'):
        open(given['top'] + '/' + name, 'w').close()
    denied = given['rules']
    allowed = ''.join(line for line in denied.splitlines(True) if not line.lstrip().startswith('deny '))
    found['commit where it is denied'] = commit(given['profile'], denied, given['top'])
    found['commit where it is not'] = commit(given['profile'], allowed, given['top'])
    return found


if __name__ == '__main__':
    with open('/given.json') as stream:
        result = main(json.load(stream))
    sys.stdout.write('RESULT %s\n' % json.dumps(result))
