"""Functions that stand for nova's own and look like them: name, docstring and signature.

Nova's own tests compare signatures of drivers, and mock builds on them. Python 3 lets a function say its signature;
Python 2 knows only what was compiled, so there a function with the same arguments is compiled.
"""

import functools
import inspect


def _compiled(original, call):
    """A function of Python 2 that takes what `original` takes and hands it to `call`."""
    spec = inspect.getargspec(original)
    taken = inspect.formatargspec(*spec, formatvalue=lambda _value: '=None')
    passed = inspect.formatargspec(spec.args, spec.varargs, spec.keywords)
    made = eval('lambda %s: light_snapshot_call%s' % (taken[1:-1], passed), {'light_snapshot_call': call})
    made.__defaults__ = spec.defaults
    return made


def like(original, call):
    """A function that calls `call` with its arguments, and looks like `original`."""
    if not hasattr(inspect, 'signature'):
        return functools.wraps(original)(_compiled(original, call))

    @functools.wraps(original)
    def wrapper(*args, **kwargs):
        return call(*args, **kwargs)
    wrapper.__signature__ = inspect.signature(original)
    return wrapper


def check(original, names):
    """See that a function's first arguments have these names.

    :raises TypeError: where they have not
    """
    if hasattr(inspect, 'signature'):
        found = list(inspect.signature(original).parameters)
    else:
        spec = inspect.getargspec(original)
        found = spec.args
        if spec.varargs:
            # A decorator of nova's: Python 2 cannot tell what is below it.
            names = names[:len(found)]
    if found[:len(names)] != names:
        raise TypeError('it takes (%s), not (%s, ...)' % (', '.join(found), ', '.join(names)))
