"""Names that moved between the Django and Horizon releases we run on."""

import sys

from django.utils import translation

try:
    from django.urls import re_path
except ImportError:
    from django.conf.urls import url as re_path  # noqa: F401

try:
    from django.urls import reverse
except ImportError:
    from django.core.urlresolvers import reverse  # noqa: F401

try:
    from django.utils.http import url_has_allowed_host_and_scheme as _safe_url
except ImportError:
    from django.utils.http import is_safe_url as _safe_url

try:
    from urllib.parse import urlencode
except ImportError:
    from urllib import urlencode  # noqa: F401

try:
    import pytz
except ImportError:
    # Django 5 needs it no longer, so a Horizon of today may do without.
    pytz = None
    import datetime
    import zoneinfo

# On Python 2 the names without the u give bytes.
_U = 'u' if sys.version_info[0] == 2 else ''
gettext = getattr(translation, _U + 'gettext')
gettext_lazy = getattr(translation, _U + 'gettext_lazy')
ngettext = getattr(translation, 'u' + 'ngettext' if _U else 'ngettext')
text_type = type(u'')


def time_zone(name):
    """The time zone of this name; UTC where there is none of it."""
    if pytz:
        try:
            return pytz.timezone(name)
        except pytz.UnknownTimeZoneError:
            return pytz.utc
    try:
        return zoneinfo.ZoneInfo(name)
    # What is no name of a file is a ValueError, what is a directory's an OSError.
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return datetime.timezone.utc


def own_page(address):
    """True for an address of this very site: a path, never another host."""
    if not address or not address.startswith('/'):
        return False
    try:
        return _safe_url(address, allowed_hosts=None)
    except TypeError:
        return _safe_url(address)


def novaclient(request):
    """Horizon's own nova client for the user of this request."""
    from openstack_dashboard.api import nova

    if hasattr(nova, 'novaclient'):
        return nova.novaclient(request)
    from openstack_dashboard.api import _nova

    return _nova.novaclient(request)
