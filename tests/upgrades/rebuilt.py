"""Debian's own packages, and ours, built again with another version, a mark in each Python file, and changes of the test's."""
import glob
import hashlib
import inspect
import os
import re
import shutil
import subprocess

from tests.upgrades import base, watch

NOVA = ('python3-nova', 'nova-common', 'nova-api', 'nova-compute', 'nova-compute-kvm', 'nova-conductor')
HORIZON = ('python3-django-horizon', 'openstack-dashboard', 'openstack-dashboard-apache')
#: The last one has the init script: it restarts libvirtd, which the other two do under systemd alone.
LIBVIRT = ('libvirt-daemon', 'libvirt-daemon-system', 'libvirt-daemon-system-sysv')
#: Where the node sees the directory of packages.
POOL = os.path.join(base.PLACE, 'packages')


def installed(root, name):
    """The version of a package in a root."""
    return subprocess.check_output(['dpkg-query', '--admindir=%s/var/lib/dpkg' % root, '-W', '-f=${Version}', name], text=True)


def archive(root, name):
    """The .deb that the package in a root came from."""
    version = installed(root, name)
    found = [path for path in glob.glob(os.path.join(base.PLACE, 'archives', name + '_*.deb'))
             if os.path.basename(path).split('_')[1].replace('%3a', ':') == version]
    assert found, 'no archive of %s %s in %s/archives' % (name, version, base.PLACE)
    return found[0]


def marked(tree, mark):
    """Put the mark into every Python file that is watched."""
    for prefix in ('usr/lib/python3/dist-packages', 'usr/share/light-snapshot/overlay/dist-packages',
                   'usr/share/light-snapshot/overlay/openstack-dashboard'):
        # No link is followed: an absolute one is to a file of this machine.
        for directory, _directories, leaves in os.walk(os.path.join(tree, prefix)):
            for path in (os.path.join(directory, leaf) for leaf in leaves if leaf.endswith('.py')):
                if os.path.islink(path) or '/__pycache__/' in path or 'openstack-dashboard/openstack_dashboard' in path:
                    continue
                with open(path, 'a') as stream:
                    stream.write("\n_UPGRADE_WATCH = '%s%s'\n" % (watch.MARK, mark))


def again(deb, version, mark, names=(), edit=None):
    """The path of a package like `deb` of that version in POOL; `names`: packages of the same build, whose versions it depends on.

    `edit(tree)` changes its files first. What was built before from the same, by the same code, is used again.
    """
    name = subprocess.check_output(['dpkg-deb', '-f', deb, 'Package'], text=True).strip()
    old = subprocess.check_output(['dpkg-deb', '-f', deb, 'Version'], text=True).strip()
    stem = os.path.join(POOL, '%s_%s_%s' % (name, version.replace(':', '%3a'), mark))
    target = '%s-%s.deb' % (stem, origin(deb, names, edit))
    if os.path.exists(target):
        return target
    os.makedirs(POOL, exist_ok=True)
    for path in glob.glob(glob.escape(stem) + '-*') + glob.glob(glob.escape(stem) + '.deb*'):
        # Of other code, or cut off.
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    tree = target + '.tree'
    subprocess.check_call(['dpkg-deb', '-R', deb, tree])
    control = tree + '/DEBIAN/control'
    with open(control) as stream:
        text = re.sub(r'^Version: .*$', 'Version: ' + version, stream.read(), flags=re.M)
    for other in names:
        text = re.sub(r'(?<![\w.+-])%s \(= %s\)' % (re.escape(other), re.escape(old)), '%s (= %s)' % (other, version), text)
    with open(control, 'w') as stream:
        stream.write(text)
    marked(tree, mark)
    if edit:
        edit(tree)
    sums(tree)
    subprocess.check_call(['dpkg-deb', '-Znone', '-b', tree, target + '.new'], stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    os.rename(target + '.new', target)
    return target


def origin(deb, names, edit):
    """A digest of all that a built package is made of and by: the same only where another build would give the same."""
    digest = hashlib.sha256(repr((tuple(names), edit and edit.__qualname__)).encode())
    for path in [deb, __file__, watch.__file__] + ([inspect.getsourcefile(edit)] if edit else []):
        with open(path, 'rb') as stream:
            digest.update(hashlib.sha256(stream.read()).digest())
    return digest.hexdigest()[:16]


def sums(tree):
    """Bring the package's list of checksums up to date."""
    path = tree + '/DEBIAN/md5sums'
    if not os.path.exists(path):
        return
    with open(path) as stream:
        names = [line.rstrip('\n').partition('  ')[2] for line in stream]
    with open(path, 'w') as stream:
        for name in names:
            if os.path.exists(os.path.join(tree, name)):
                with open(os.path.join(tree, name), 'rb') as content:
                    stream.write('%s  %s\n' % (hashlib.md5(content.read()).hexdigest(), name))


def stage(name, debs):
    """Make a flat apt repository of these files in POOL; returns the line for sources.list."""
    place = os.path.join(POOL, name)
    shutil.rmtree(place, ignore_errors=True)
    os.makedirs(place)
    text = []
    for deb in debs:
        here = os.path.join(place, os.path.basename(deb))
        try:
            os.link(deb, here)
        except OSError:
            shutil.copy(deb, here)
        with open(deb, 'rb') as stream:
            content = stream.read()
        text.append('%sFilename: %s/%s\nSize: %d\nSHA256: %s\n' % (
            subprocess.check_output(['dpkg-deb', '-f', deb], text=True).rstrip('\n') + '\n', name, os.path.basename(deb), len(content),
            hashlib.sha256(content).hexdigest()))
    with open(os.path.join(place, 'Packages'), 'w') as stream:
        stream.write('\n'.join(text))
    return 'deb [trusted=yes] file:/srv/repository %s/\n' % name
