"""Columns of tables whose words are those of each reader's language."""

from django.utils import safestring

from horizon import tables

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import labels

NAME = 'light_snapshots'


class Column(tables.Column):
    """A column whose header is in the language of each reader.

    Horizon's own has it in the language of the moment at which the table was
    defined.
    """

    def __init__(self, transform, verbose_name=None, **kwargs):
        super(Column, self).__init__(transform, verbose_name, **kwargs)
        self.header = verbose_name

    def __str__(self):
        return str(self.header)

    def __unicode__(self):
        return compat.text_type(self.header)


def of_instances():
    """The column of Horizon's tables of instances that tells our state."""
    return Column(_state, verbose_name=_('Light Snapshots'),
                  classes=('light-snapshots-column', 'hidden-xs'))


def _state(instance):
    state = rights.ServerState(instance)
    if not state.enabled:
        return None
    return flags(state.store, state.daily, state.count)


def flags(store, daily, count=None):
    """That they are on, and how, in small labels.

    :param count: how many restore points there are; None: not known
    """
    text = _('On') if count is None else compat.gettext('On: %d') % count
    said = [labels.badge('success', 'on', text)]
    if store:
        said.append(labels.badge(
            'default', 'history', _('History'),
            _('Every snapshot stays a restore point.')))
    if daily:
        said.append(labels.badge('default', 'daily', _('Daily'),
                                 _('One is taken every day.')))
    return safestring.mark_safe(labels.BLANK.join(said))
