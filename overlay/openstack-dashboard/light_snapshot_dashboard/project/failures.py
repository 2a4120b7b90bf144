"""Telling the user in words what the API refused."""

from horizon import exceptions

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat


def sentence(what, error):
    """Our sentence and the API's reason."""
    return u'%s %s' % (compat.text_type(what), api.words(error))


def code(error):
    """The HTTP status that the API answered with; None if it did not."""
    return (getattr(error, 'code', None) or
            getattr(error, 'http_status', None))


def log_in_again(request, error):
    """If the session is over, lets Horizon ask the user to log in again.

    To be called while `error` is being handled.
    """
    if isinstance(error, exceptions.UNAUTHORIZED):
        exceptions.handle(request)
