"""The engine's privileged acts, carried out by nova's own privsep daemon (nova 17 and later).

It stands under nova/privsep because a privsep context only serves functions of its own package. The acts, and
the checks of their arguments, are in light_snapshot/engine/privileged.py.
"""

from __future__ import absolute_import

import nova.privsep

from light_snapshot.engine import errors
from light_snapshot.engine import privileged

ACTS = ('commit', 'copy', 'create', 'flatten', 'grow', 'info', 'link', 'repoint')


@nova.privsep.sys_admin_pctxt.entrypoint
def act(name, args):
    """Carry out one act.

    :returns: (True, result) or (False, message): an exception of ours would reach the caller without its class
    """
    if name not in ACTS:
        raise ValueError('not an act of light-snapshot: %r' % name)
    try:
        return True, getattr(privileged, name)(*args)
    except (errors.EngineError, EnvironmentError) as exc:
        return False, str(exc)
