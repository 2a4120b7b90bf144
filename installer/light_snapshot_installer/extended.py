"""Whether what extends nova stands where this nova looks: a module may have become a package, or have moved."""
import os

from light_snapshot_installer import checks, node as nodes

#: Of nova's files that are extended, those that every release has: path -> the part of a node that runs it.
EVERYWHERE = {
    'nova/virt/libvirt/driver.py': nodes.COMPUTE,
    'nova/virt/libvirt/imagebackend.py': nodes.COMPUTE,
    'nova/compute/manager.py': nodes.COMPUTE,
    'nova/conductor/manager.py': nodes.CONTROLLER,
}
#: Others, which some releases are without.
SOMEWHERE = {'nova/api/openstack/compute/routes.py': nodes.CONTROLLER}

ADVICE = ('start and move no server that has layers on this host; install the release of light-snapshot for this nova, or bring back the '
          'nova of before')


def check(node):
    """A row for each file of nova's that a part of this node runs and that ours does not reach."""
    for path, part in sorted(list(EVERYWHERE.items()) + list(SOMEWHERE.items())):
        if node.code is None or part not in node.parts:
            continue
        target = os.path.join(node.code, path)
        if nodes.packaged(node.root, target):
            yield checks.FAIL, target, 'this nova has a package in its place: it is not extended, and light snapshots are refused'
        elif path in EVERYWHERE and not node.root.exists(target):
            yield checks.FAIL, target, 'this nova has no such file: it is not extended, and light snapshots are refused'
