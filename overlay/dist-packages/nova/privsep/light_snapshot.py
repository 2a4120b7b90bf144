"""The engine's privileged acts, carried out by nova's own privsep daemon (nova 17 and later).

It stands under nova/privsep because a privsep context only serves functions of its own package. The acts, and
the checks of their arguments, are in light_snapshot/engine/privileged.py.
"""

from __future__ import absolute_import

import nova.privsep

from light_snapshot.engine import privileged


@nova.privsep.sys_admin_pctxt.entrypoint
def act(name, args):
    """Carry out one act: (True, result) or (False, message)."""
    return privileged.attempt(name, args)
