"""Words for what the API names by code."""

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import points
from light_snapshot_dashboard.compat import gettext_lazy as _

STATES = (
    (points.ROOT, _('Root disk')),
    (points.LAST, _('Last snapshot')),
    (points.KEPT, _('Kept')),
)

CONSISTENCIES = (
    ('quiesced', _('Quiesced')),
    ('crash-consistent', _('Crash-consistent')),
    ('stopped', _('Stopped')),
)

TASKS = (
    ('light_snapshot_enabling', _('Enabling Light Snapshots')),
    ('light_snapshot_disabling', _('Disabling Light Snapshots')),
    ('light_snapshot_creating', _('Taking Light Snapshot')),
    ('light_snapshot_committing', _('Committing Light Snapshots')),
    ('light_snapshot_recovering', _('Recovering')),
    ('light_snapshot_storing', _('Changing Light Snapshot Storage')),
)


def task(name):
    """The words for a task state; one of nova's own stays as it is."""
    return dict(TASKS).get(name, name)


def point(restore_point):
    """How a restore point is called in a sentence."""
    if restore_point.name:
        return compat.gettext('#%(index)s "%(name)s"') % {
            'index': restore_point.index, 'name': restore_point.name}
    return compat.gettext('#%(index)s') % {'index': restore_point.index}
