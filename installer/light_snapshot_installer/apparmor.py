"""The AppArmor profiles of libvirtd and virt-aa-helper, which know nothing of layers (docs/installer.md)."""
import os
import shutil
import tempfile

from light_snapshot_installer import run

DIRECTORY = '/etc/apparmor.d'
DISABLED = DIRECTORY + '/disable'
PROFILES = ('usr.sbin.libvirtd', 'usr.sbin.virtqemud', 'usr.lib.libvirt.virt-aa-helper')
#: What the kernel has loaded: one `NAME (MODE)` a line.
KERNEL = '/sys/kernel/security/apparmor/profiles'
KEEP, CONFINE, DISABLE = 'keep', 'confine', 'disable'
CHOICES = (KEEP, CONFINE, DISABLE)
#: What writes each guest's profile. With --dryrun it only prints it.
HELPER = '/usr/lib/libvirt/virt-aa-helper'
_UUID = '6c69676d-6874-4e73-8e61-70736d6f7473'
_GUEST = """<domain type='qemu'><name>light-snapshot-question</name><uuid>%(uuid)s</uuid><memory>1024</memory>
<os><type>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
<source file='%(top)s/disk.light-1'/><backingStore type='file'><format type='qcow2'/><source file='%(top)s/disk'/>
<backingStore/></backingStore><target dev='vda' bus='virtio'/></disk></devices></domain>
"""


def active(root):
    """True if the kernel runs AppArmor and its tool is there."""
    if not root.live:
        return False
    try:
        with open(root.at('/sys/module/apparmor/parameters/enabled')) as stream:
            enabled = stream.read().strip() == 'Y'
    except (IOError, OSError):
        return False
    return enabled and run.which(root, 'apparmor_parser') is not None


def profiles(root):
    """The profiles of ours to disable that this node has."""
    return [name for name in PROFILES if root.exists('%s/%s' % (DIRECTORY, name))]


def disabled(root, name):
    """True if a profile is disabled by a link, whoever made it."""
    return root.exists('%s/%s' % (DISABLED, name))


def loaded(root, name):
    """True if the kernel has the profile of the file `name`, False if not, None if that cannot be seen.

    A profile is called after its program: by the whole path, or since libvirt 5.1 by the last word of it.
    """
    try:
        with open(root.at(KERNEL)) as stream:
            known = set(line.rsplit(' ', 1)[0] for line in stream)
    except (IOError, OSError):
        return None
    program = '/' + name.replace('.', '/')
    return program in known or os.path.basename(program) in known


def can_confine(root):
    """True if the profile that this libvirt writes for a guest lets a commit write to the file below its layer.

    Before 12.1 libvirt denies that (Ubuntu's own builds excepted), and no local rule can allow what is denied. Asked is the
    program that writes the profiles, about a guest with a layer, so that patched builds count as what they do. None if
    it cannot be asked.
    """
    if not root.live or not os.access(root.at(HELPER), os.X_OK):
        return None
    top = tempfile.mkdtemp(prefix='light-snapshot-')
    try:
        said = guest_rules(root, top)
    finally:
        shutil.rmtree(top)
    below = '"%s/disk"' % top
    if below not in said:
        return None
    return 'deny %s' % below not in said


def guest_rules(root, top):
    """What virt-aa-helper prints about a guest whose disk and layer are in the directory `top`; '' if it fails."""
    for name in ('disk', 'disk.light-1'):
        open(os.path.join(top, name), 'w').close()
    code, said = run.run([root.at(HELPER), '--create', '--dryrun', '--uuid', 'libvirt-' + _UUID], check=False,
                         given=(_GUEST % {'uuid': _UUID, 'top': top}).encode('utf-8'))
    return said if code == 0 else ''


def to_disable(root):
    """The names of the profiles that `disable` would disable, or have the kernel let go of."""
    return [name for name in profiles(root) if not disabled(root, name) or loaded(root, name)]


def astray(root, names, wanted):
    """Those of the profiles `names` that the kernel certainly has (`wanted` False), or certainly has not (True)."""
    return [name for name in names if loaded(root, name) is (not wanted)]


def _parser(root, option, name):
    """Unload (-R) or load (-r) a profile. The kernel may not have it, or not take it; the link alone then does what is asked."""
    root.disk.settle()
    root.disk.note('apparmor_parser ' + option, root.at('%s/%s' % (DIRECTORY, name)))
    if not root.disk.acting:
        return
    command = ['apparmor_parser', option, root.at('%s/%s' % (DIRECTORY, name))]
    if run.run(command, check=False)[0] != 0:
        # Once more: if it was for a passing reason (no memory, say), nobody does it later.
        run.run(command, check=False)


def disable(root, record, save):
    """Disable the profiles as the first version's instructions do; returns the names of `to_disable`.

    `record` is the state's 'apparmor' part; it is extended, and `save` called, before each link is made.
    """
    changed = to_disable(root)
    if not root.exists(DISABLED):
        if DISABLED not in record['directories']:
            record['directories'].append(DISABLED)
        save()
        root.disk.make_directory(root.at(DISABLED))
    for name in changed:
        link = '%s/%s' % (DISABLED, name)
        if disabled(root, name):
            # Somebody's link, and the kernel has it still: it would go at the next start.
            _parser(root, '-R', name)
            continue
        if link not in record['links']:
            record['links'].append(link)
            save()
        # The link last: a profile that has it was unloaded, also if this run is cut off.
        _parser(root, '-R', name)
        root.disk.symlink('%s/%s' % (DIRECTORY, name), root.at(link))
    return changed


def undo(root, record, save):
    """Remove the links that we made and load those profiles again; returns their names."""
    restored = []
    for link in list(record['links']):
        name = os.path.basename(link)
        # A parser does not load what the link disables.
        root.disk.remove(root.at(link))
        if active(root):
            _parser(root, '-r', name)
        restored.append(name)
        record['links'].remove(link)
        save()
    for directory in list(record['directories']):
        root.disk.remove_directory(root.at(directory))
        record['directories'].remove(directory)
        save()
    return restored


def tell_astray(root, names, wanted, out):
    """Note the profiles that the kernel did not let go of, or (`wanted`) did not take."""
    for name in astray(root, names, wanted) if root.disk.acting else ():
        path = '%s/%s' % (DIRECTORY, name)
        out.note('AppArmor: the kernel %s %s; see what `apparmor_parser %s %s` says' % (
            ('did not take', path, '-r', path) if wanted else ('still has', path, '-R', path)))
