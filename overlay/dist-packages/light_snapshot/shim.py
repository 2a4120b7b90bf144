"""How a small file at the path of one of nova's own extends it.

The installer diverts nova's file to ``NAME.py.light-snapshot-orig``. The file of ours at the original path runs
that one in its own namespace, and then extends what it defined. After an upgrade of nova the new original is
what runs: never an old file among new neighbours, and none of nova's text is in this package.
"""

from __future__ import absolute_import

import inspect
import io
import os
import sys

SUFFIX = '.light-snapshot-orig'


def load(namespace):
    """Run the diverted original in `namespace` (the globals() of the shim), then apply its hooks.

    :raises ImportError: when the original is not there
    """
    path = namespace['__file__']
    if path.endswith(('.pyc', '.pyo')):
        path = path[:-1]
    original = path + SUFFIX
    try:
        # Bytes, so that the original's own coding line counts.
        with io.open(original, 'rb') as handle:
            source = handle.read()
    except IOError as exc:
        raise ImportError('light-snapshot extends %s, and the original %s cannot be read (%s). Run '
                          '`light-snapshot verify`.' % (path, original, exc))
    _introduce(original, namespace['__name__'])
    code = compile(source, original, 'exec', 0, True)
    _run(code, namespace)
    from light_snapshot.nova import hooks
    hooks.apply(sys.modules[namespace['__name__']])


def _introduce(original, name):
    """Tell `inspect` whose file the original is: nova's notifications of exceptions ask it for the module of the frame
    that raised one, and Newton's fail where the answer is None."""
    known = getattr(inspect, 'modulesbyfile', {})
    for path in (original, os.path.realpath(original)):
        known[os.path.normcase(os.path.abspath(path))] = name


def _run(code, namespace):
    # `exec` as a statement and as a function are written alike this way.
    exec(code, namespace)
