"""Which file of the overlay goes where on this node (docs/architecture.md, 'What is copied where')."""
import collections
import os

from light_snapshot_installer import errors, paths

SHIM_LINE = b'# light-snapshot shim:'

_PRIVSEP = os.path.join('nova', 'privsep') + os.sep

#: Which nodes need the files of a directory of the overlay's etc: a question to the node's nova, not to its version.
SETTINGS = {
    'nova/rootwrap.d': lambda node: node.compute and not node.privsep,
    # Before rules were in code (nova 12 and 13), one that no file has is the default rule's.
    'nova/policy.d': lambda node: node.controller and not node.has_nova('nova/policies'),
}

#: One file to install. kind: 'file', 'shim' (needs nova's own file of that path) or 'switch' (turns the others on).
Entry = collections.namedtuple('Entry', 'source target kind')


def plan(share, node):
    """(entries, skipped): the entries in the order to install them, and [(target, reason)] of what does not apply.

    Packages go first, the shims that use them after them, and Horizon's `enabled` files last. Raises
    errors.InstallerError if the package itself is incomplete, or a link is in the way.
    """
    entries, skipped = [], []
    overlay = os.path.join(share, 'overlay')
    if not os.path.isdir(os.path.join(overlay, 'dist-packages')):
        raise errors.InstallerError('%s holds no overlay' % share, next_step='reinstall the package light-snapshot')
    if node.code:
        _plan_code(os.path.join(overlay, 'dist-packages'), node, entries, skipped)
        _plan_settings(os.path.join(overlay, 'etc'), node, entries)
    if node.dashboard_code:
        _plan_dashboard(os.path.join(overlay, 'openstack-dashboard'), node, entries)
    check_links(node.root, entries)
    order = ['file', 'shim', 'switch']
    entries.sort(key=lambda entry: (order.index(entry.kind), entry.target))
    return entries, skipped


def check_links(root, entries):
    """Raise errors.InstallerError if a link on the way to a file leads to no directory, or out of a node that is a tree."""
    wrong = []
    for directory in sorted(set(os.path.dirname(entry.target) for entry in entries)):
        while not root.exists(directory):
            directory = os.path.dirname(directory)
        here = os.path.realpath(root.followed(directory))
        wrong.extend([directory] if root.inside(here) is None or not os.path.isdir(here) else [])
    # What this machine's kernel would follow to another file than the tree's own would.
    for target in () if root.live else sorted(entry.target for entry in entries):
        wrong.extend(path for path in (target, target + paths.SUFFIX)
                     if os.path.islink(root.at(path)) and os.path.realpath(root.at(path)) != root.followed(path))
    if wrong:
        raise errors.InstallerError('a symbolic link leads to no directory, or leads out of the tree: %s' % wrong[0],
                                    next_step='put it right; or, for a tree, run the command in a chroot of it instead of with --root')


def _plan_code(tree, node, entries, skipped):
    for relative in walk(tree):
        source, target = os.path.join(tree, relative), os.path.join(node.code, relative)
        if not relative.startswith('nova' + os.sep):
            entries.append(Entry(source, target, 'file'))
        elif is_shim(source):
            # Diverted, it is there as well: somebody removed ours.
            if node.root.exists(target) or node.root.exists(target + paths.SUFFIX):
                entries.append(Entry(source, target, 'shim'))
            else:
                skipped.append((target, 'this nova has no file of its own there'))
        elif not os.path.isdir(node.root.followed(os.path.dirname(target))):
            skipped.append((target, 'this nova has no such directory'))
        elif relative.startswith(_PRIVSEP) and not node.privsep:
            skipped.append((target, 'privsep of this nova is not for acts of others'))
        else:
            entries.append(Entry(source, target, 'file'))


def _plan_settings(tree, node, entries):
    for relative in walk(tree):
        if SETTINGS[os.path.dirname(relative)](node):
            entries.append(Entry(os.path.join(tree, relative), os.path.join('/etc', relative), 'file'))


def _plan_dashboard(tree, node, entries):
    enabled = os.path.join('openstack_dashboard', 'local', 'enabled') + os.sep
    for relative in walk(tree):
        kind = 'switch' if relative.startswith(enabled) else 'file'
        entries.append(Entry(os.path.join(tree, relative), os.path.join(node.dashboard_code, relative), kind))


def walk(tree):
    """Relative paths of every file in a tree but what Python compiled."""
    found = []
    for directory, names, leaves in os.walk(tree):
        names[:] = sorted(name for name in names if name != '__pycache__')
        for leaf in leaves:
            if not leaf.endswith(('.pyc', '.pyo')):
                found.append(os.path.relpath(os.path.join(directory, leaf), tree))
    return sorted(found)


def is_shim(path):
    """True if there is a file that says in its first line that it extends nova's own file of its path."""
    if not os.path.isfile(path):
        return False
    with open(path, 'rb') as stream:
        return stream.readline().startswith(SHIM_LINE)


def check_syntax(entries):
    """Compile every Python file with this Python. Raises errors.InstallerError naming the first that does not."""
    for entry in entries:
        if not entry.source.endswith('.py'):
            continue
        with open(entry.source, 'rb') as stream:
            text = stream.read()
        try:
            compile(text, entry.target, 'exec', 0, True)
        except (SyntaxError, ValueError) as error:
            raise errors.InstallerError("%s does not compile under this node's Python: %s" % (entry.target, error),
                                        next_step='report this: the package does not fit this release of Python')
