"""Which release of light-snapshot a service runs, and whether it holds in the nova that runs here."""

from __future__ import absolute_import

import io
import os

from light_snapshot.nova import hooks

#: What the package lays beside our code, in the form of Python's own metadata.
_METADATA = os.path.join('light_snapshot.egg-info', 'PKG-INFO')


def on_disk():
    """The release whose code lies on this node's disk; None where no package has put it there."""
    beside = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    try:
        with io.open(os.path.join(beside, _METADATA), encoding='utf-8') as stream:
            for line in stream:
                name, _colon, value = line.partition(':')
                if name == 'Version':
                    return value.strip()
    except (IOError, OSError):
        pass
    return None


#: What this service runs: the release that lay there when it started.
RUNS = on_disk()


def told():
    """What is told of this service; nothing of it is asked of anybody."""
    return {'version': RUNS, 'on_disk': on_disk(), 'problems': list(hooks.problems)}
