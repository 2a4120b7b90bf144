"""Words for what the API names by code, and the small labels beside names."""

from django.template.defaultfilters import filesizeformat
from django.utils import html

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

CONSISTENCY_MEANS = {
    'quiesced': _('The guest had written out its file systems.'),
    'crash-consistent': _('As after a power loss: the guest checks its file '
                          'systems when it starts on it.'),
    'stopped': _('The instance was shut off.'),
}

TASKS = (
    ('light_snapshot_enabling', _('Enabling Light Snapshots')),
    ('light_snapshot_disabling', _('Disabling Light Snapshots')),
    ('light_snapshot_creating', _('Taking Light Snapshot')),
    ('light_snapshot_committing', _('Committing Light Snapshots')),
    ('light_snapshot_recovering', _('Recovering')),
    ('light_snapshot_storing', _('Changing Light Snapshot Storage')),
    ('light_snapshot_deleting', _('Deleting Restore Point')),
    ('light_snapshot_previewing', _('Beginning Preview')),
    ('light_snapshot_keeping', _('Keeping Preview')),
    ('light_snapshot_undoing', _('Undoing Preview')),
    ('light_snapshot_retaining', _('Changing Light Snapshot Limits')),
    ('light_snapshot_repairing', _('Repairing Light Snapshots')),
)

# Bootstrap's own labels have too little contrast to be read by everyone, and
# a theme may have other colours: white on each of these has 4.5 and more.
COLOURS = {
    'info': '#31708f',
    'success': '#3c763d',
    'warning': '#7a5c28',
    'danger': '#a94442',
    'default': '#5f5f5f',
}
# Between two of them: Horizon takes out the blanks between elements.
BLANK = u'&#32;'
_BADGE = (u'<span class="label label-{} light-snapshot-{}" '
          u'style="background-color: {}; color: #ffffff"{}>{}</span>')


def badge(kind, name, text, means=None):
    """A small label of the class `light-snapshot-NAME`.

    :param kind: one of COLOURS
    :param means: a sentence, for whoever points at it
    """
    title = html.format_html(u' title="{}"', means) if means else u''
    return html.format_html(_BADGE, kind, name, COLOURS[kind], title, text)


def task(name):
    """The words for a task state; one of nova's own stays as it is."""
    return dict(TASKS).get(name, name)


def amount(size):
    """Bytes in words; None if nobody knows how many."""
    return None if size is None else filesizeformat(size)


def point(restore_point):
    """How a restore point is called in a sentence."""
    if restore_point.name:
        return compat.gettext('#%(index)s "%(name)s"') % {
            'index': restore_point.index, 'name': restore_point.name}
    return compat.gettext('#%(index)s') % {'index': restore_point.index}


def all_of(restore_points):
    """Several of them in a sentence."""
    return u', '.join(point(each) for each in restore_points)
