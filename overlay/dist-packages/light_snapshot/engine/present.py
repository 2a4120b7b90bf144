"""Whether this code is still on the compute host.

A roll-back takes our files away, and then restarts nova-compute. In between, and for as long as the restart is forbidden
(policy-rc.d), the old process works on from its memory. A server that got layers from it would be started without them by the
next one.
"""

import os

from light_snapshot.engine import errors

_OWN = os.path.splitext(os.path.abspath(__file__))[0] + '.py'


def gone():
    """Whether our files were taken away since this process began."""
    return not os.path.exists(_OWN)


def check():
    """
    :raises Refused: they were, and nothing may get layers that has none
    """
    if gone():
        raise errors.Refused(
            'light-snapshot was removed from this compute host, and its nova-compute was not restarted since; nothing was changed. '
            'An operator has to restart nova-compute, or to put light-snapshot back (light-snapshot install).')
