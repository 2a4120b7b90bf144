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
    """See that a function's first arguments have these names, as far as can be told: some decorators of nova's and
    oslo.messaging's say (*args) and hide what is below them.

    :raises TypeError: where they have not
    """
    if hasattr(inspect, 'signature'):
        parameters = list(inspect.signature(original).parameters.values())
        found = [one.name for one in parameters if one.kind == one.POSITIONAL_OR_KEYWORD]
        hidden = any(one.kind == one.VAR_POSITIONAL for one in parameters)
    else:
        spec = inspect.getargspec(original)
        found, hidden = spec.args, bool(spec.varargs)
    if hidden:
        names = names[:len(found)]
    if found[:len(names)] != names:
        raise TypeError('it takes (%s), not (%s, ...)' % (', '.join(found), ', '.join(names)))
