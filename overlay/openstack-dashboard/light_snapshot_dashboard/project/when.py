"""Points in time as the user reads them."""

from django.conf import settings
from django.utils import dateformat
from django.utils import timezone

from horizon.utils import filters

from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import time_zone

_KEY = 'django_timezone'


def zone(request):
    """The zone that the user chose in Horizon's settings.

    Horizon's middleware activates it for whole pages only: tabs and dialogs,
    which the browser loads by themselves, would show the zone of whoever was
    served before.
    """
    name = request.session.get(_KEY, request.COOKIES.get(_KEY))
    return time_zone(name or settings.TIME_ZONE)


def tell(request, points):
    """Gives each of the restore points its time in words, as `taken`.

    In the user's zone, to the second, and written so that it sorts as text.
    """
    here = zone(request)
    for point in points:
        moment = filters.parse_isotime(point.created_at) \
            if point.created_at else None
        point.taken = dateformat.format(
            timezone.localtime(moment, here), 'Y-m-d H:i:s') \
            if moment else gettext('unknown')
