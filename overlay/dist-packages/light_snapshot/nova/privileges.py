"""How nova-compute, which is not root, has the engine's privileged acts carried out: nova's privsep daemon from 17 on,
rootwrap before (it knows our program by /etc/nova/rootwrap.d/light-snapshot.filters)."""

from __future__ import absolute_import

import json

from light_snapshot.engine import errors
from light_snapshot.nova import places

PROGRAM = 'light-snapshot-act'


def run(name, *args):
    """Carry out an act of light_snapshot/engine/privileged.py.

    :raises EngineError: with the act's own message
    """
    done, result = (_by_privsep if places.find('privsep') else _by_rootwrap)(name, args)
    if not done:
        raise errors.EngineError(result)
    return result


def _by_privsep(name, args):
    from nova.privsep import light_snapshot as privsep
    return privsep.act(name, args)


def _by_rootwrap(name, args):
    from nova import utils
    from oslo_concurrency import processutils
    command = [PROGRAM, name] + [str(arg) for arg in args]
    try:
        out, _err = utils.execute(*command, run_as_root=True)
    except processutils.ProcessExecutionError as exc:
        return False, 'nova could not run %s as root (%s). See that light-snapshot is installed on this host: ' \
                      '`light-snapshot verify`.' % (PROGRAM, (exc.stderr or str(exc)).strip())
    return tuple(json.loads(out))
