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


def local(request, moment):
    """A naive time of UTC in the user's zone."""
    return timezone.localtime(timezone.make_aware(moment, time_zone('UTC')),
                              zone(request))


def tell(request, points):
    """Gives each of the restore points its time in words, as `taken`.

    In the user's zone, to the second, and written so that it sorts as text.
    """
    here = zone(request)
    for point in points:
        point.taken = _words(here, point.created_at)


def words(request, moment):
    """A time of the API in words, as `tell` has them."""
    return _words(zone(request), moment)


def _words(here, moment):
    moment = filters.parse_isotime(moment) if moment else None
    if not moment:
        return gettext('unknown')
    if timezone.is_naive(moment):
        # nova's own actions come without a zone: UTC.
        moment = timezone.make_aware(moment, time_zone('UTC'))
    return dateformat.format(timezone.localtime(moment, here), 'Y-m-d H:i:s')
