"""The AppArmor profiles of libvirtd and virt-aa-helper, which know nothing of layers (docs/installer.md)."""
import os

from light_snapshot_installer import files, run

DIRECTORY = '/etc/apparmor.d'
DISABLED = DIRECTORY + '/disable'
PROFILES = ('usr.sbin.libvirtd', 'usr.lib.libvirt.virt-aa-helper')
KEEP, DISABLE = 'keep', 'disable'


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


def disable(root, record, save):
    """Disable both profiles as the first version's instructions do; returns the names that were not disabled before.

    `record` is the state's 'apparmor' part; it is extended, and `save` called, before each link is made.
    """
    changed = []
    if not root.exists(DISABLED):
        record['directories'].append(DISABLED)
        save()
        os.mkdir(root.at(DISABLED), 0o755)
    for name in profiles(root):
        if disabled(root, name):
            continue
        link = '%s/%s' % (DISABLED, name)
        if link not in record['links']:
            record['links'].append(link)
            save()
        os.symlink('%s/%s' % (DIRECTORY, name), root.at(link))
        # The kernel may not have it loaded; the link alone then does what is asked.
        run.run(['apparmor_parser', '-R', root.at('%s/%s' % (DIRECTORY, name))], check=False)
        changed.append(name)
    return changed


def undo(root, record, save):
    """Remove the links that we made and load those profiles again; returns their names."""
    restored = []
    for link in list(record['links']):
        name = os.path.basename(link)
        if files.remove(root.at(link)) and active(root):
            run.run(['apparmor_parser', '-r', root.at('%s/%s' % (DIRECTORY, name))], check=False)
        restored.append(name)
        record['links'].remove(link)
        save()
    for directory in list(record['directories']):
        files.remove_directory(root.at(directory))
        record['directories'].remove(directory)
        save()
    return restored
