"""Our files that stay though nova is gone from this node, because servers on it still have layers.

nova's packages may be removed and come back, with nova-compute started at once: it has to find our hooks there.
"""
from light_snapshot_installer import records, services


def files(root, node, record):
    """The paths of ours in nova's code that have to stay without nova; none where nova is here, or no layer is."""
    if node.code or not _live(root, node):
        return []
    return sorted(path for path in record['files'] if services.users(path) != (services.APACHE,))


def _live(root, node):
    try:
        return any(live for _uuid, live, _problem in records.read(root, node.instances_path()))
    except records.Unreadable:
        # What cannot be seen may be there.
        return True


def text(kept):
    """What to say of them."""
    return ('nova is not here any more, but servers on this node still have live layers (or it cannot be seen whether they have): %d'
            ' files of ours stay, so that a nova-compute that comes back starts with them' % len(kept))
