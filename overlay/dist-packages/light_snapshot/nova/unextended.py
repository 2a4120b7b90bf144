"""When nova-compute starts: whether what has to be extended in this nova is. Where it is not, operations are refused
(hooks.problems), libvirt's binding is on guard (guard.py), and no server with layers leaves the host."""

from __future__ import absolute_import

import functools

from nova import exception

from light_snapshot.nova import driver as glue
from light_snapshot.nova import hooks

_REASON = ('Light snapshots of this server cannot go along, because this nova is one they do not know: %s. Nothing was changed. Ask '
           'your operator for the release of light-snapshot that fits.')


def look(manager):
    """Look at what nova-compute's manager runs; raises nothing.

    :param manager: nova's, whose driver has been made, and has not started yet
    """
    try:
        _look(manager)
    except Exception as exc:
        hooks.refuse('light-snapshot cannot tell whether it extends this nova: %s: %s' % (type(exc).__name__, exc))


def _look(manager):
    driver = getattr(manager, 'driver', None)
    hooks.see((hooks.MANAGER,))
    # Of other drivers we extend nothing; what they are to import is not for us to say.
    if any('libvirt' in one.__module__ for one in type(driver).__mro__) and not hooks.see((hooks.DRIVER, hooks.IMAGES)):
        hold_back(driver)


def hold_back(driver):
    """nova alone would copy a server's `disk` to another host without the layers above, and then remove these. What every driver
    of nova's has for that refuses, wherever this nova's libvirt driver has it from."""
    for name, refusal in (('migrate_disk_and_power_off', _resize_refused), ('check_can_live_migrate_source', _move_refused)):
        original = getattr(driver, name, None)
        if original is not None:
            setattr(driver, name, _refusing(original, refusal))


def _refusing(original, refusal):
    @functools.wraps(original)
    def refusing(context, instance, *args, **kwargs):
        if glue.has_record(instance):
            raise refusal(_REASON % '; '.join(hooks.problems[:1]))
        return original(context, instance, *args, **kwargs)
    return refusing


def _resize_refused(reason):
    return exception.InstanceFaultRollback(exception.ResizeError(reason=reason))


def _move_refused(reason):
    return exception.MigrationPreCheckError(reason=reason)
