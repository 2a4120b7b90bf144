"""Who took a restore point, in words."""

import logging

from django.core.cache import cache

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import points
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.project import failures

LOG = logging.getLogger(__name__)

# Of so many users an administrator's page asks keystone, one request each,
# and not again for so many seconds.
MOST_ASKED = 5
REMEMBERED = 3600
_KEY = 'light_snapshot_user_%s'


def tell(request, restore_points):
    """Gives each of the restore points its `taker` in words; None where
    nobody knows.

    The user's own name is known. Keystone tells others' to administrators
    alone; where it tells none it is their id.
    """
    ids = set(each.taken_by for each in restore_points if each.taken_by)
    names = {request.user.id: request.user.username,
             points.DAILY: gettext('Daily run')}
    others = sorted(ids.difference(names))
    if request.user.is_superuser:
        names.update(_names(request, others))
    for each in restore_points:
        each.taker = names.get(each.taken_by, each.taken_by)


def _names(request, ids):
    found, asked = {}, 0
    for each in ids:
        name = cache.get(_KEY % each)
        if name is None:
            if asked == MOST_ASKED:
                continue
            asked += 1
            try:
                name = dashboard_api.keystone.user_get(request, each).name
            except Exception as error:
                failures.log_in_again(request, error)
                LOG.info('the name of a user could not be read: %s', error)
                if failures.code(error) != 404:
                    break
                # One who is gone has no name any more.
                name = each
            cache.set(_KEY % each, name, REMEMBERED)
        found[each] = name
    return found
