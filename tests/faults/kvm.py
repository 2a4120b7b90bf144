"""/dev/kvm out of a libvirtd's sight.

The guests are emulated, with or without it. Where there is one, libvirt 9.0 takes what it knows of QEMU for outdated whenever the
processor's features, as /dev/kvm tells them, differ from those of its last look. In some virtual machines the number of the processor
that was asked is among them, and QEMU is started and asked again and again: a cell takes 20 seconds then, instead of 3.
"""

import os

from tests.faults.commands import run

DEVICE = '/dev/kvm'


def hide(empty):
    """Hide it in this process's mount namespace, behind the file `empty`, which is made: what nobody may write to is no KVM for libvirt."""
    if os.path.exists(DEVICE):
        with open(empty, 'w'):
            pass
        # libvirt, where it gives each QEMU a namespace of its own, cannot take such a mount along.
        run('mount', '-o', 'bind,ro', empty, DEVICE)
