"""How well the servers are, in small labels: what the list of them tells, and
what checks of this session have found."""

import datetime

from django.utils import dateformat
from django.utils import safestring

from light_snapshot_dashboard import health
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import checks
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import when

_EPOCH = datetime.datetime(1970, 1, 1)

# A symptom: its words, and what they mean.
SYMPTOMS = {
    health.UNKNOWN: (_('Not known'),
                     _('Its compute host has an older light-snapshot.')),
    health.COMMITTED: (_('Committed'),
                       _('All its layers are committed: no light snapshot can '
                         'be taken until it is hard rebooted or started.')),
    health.LATE: (_('Late'),
                  _('It has a daily snapshot, and none was taken for two days '
                    'or longer.')),
}


def tell(request, owners):
    """Gives each of the servers its `symptoms`, and as `checked` what a check
    has found: None, or (when in words, errors, warnings)."""
    known = checks.remembered(request)
    for each in owners:
        each.symptoms = health.symptoms(each)
        each.checked = None
        if each.id in known:
            moment, errors, warnings = known[each.id]
            each.checked = dateformat.format(when.local(
                request, _EPOCH + datetime.timedelta(seconds=moment)),
                'Y-m-d H:i:s'), errors, warnings


def needs_attention(owner):
    """True if somebody should look at this server."""
    return bool(owner.symptoms) or bool(
        owner.checked and (owner.checked[1] or owner.checked[2]))


def said(owner):
    """What is known, in small labels; None if nothing is."""
    found = [labels.badge('warning', 'symptom', *SYMPTOMS[each])
             for each in owner.symptoms]
    if owner.checked:
        moment, errors, warnings = owner.checked
        kind = 'danger' if errors else 'warning' if warnings else 'success'
        found.append(labels.badge(kind, 'checked',
                                  checks.counts(errors, warnings),
                                  gettext('Checked: %s') % moment))
    return safestring.mark_safe(labels.BLANK.join(found)) if found else None
