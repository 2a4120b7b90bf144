"""Holds the table of hooks against the nova beside it, under nova's own Python.

    python check_hooks.py before OVERLAY FILE       nova as it is: writes down the signatures of what will be hooked
    python check_hooks.py after FILE                the overlay is in place: prints a JSON list of what is wrong

CPython 2.7 and 3.6 or later.
"""
from __future__ import absolute_import, print_function

import importlib
import inspect
import json
import sys


def described(function):
    """What a caller can tell of a function: its name, docstring and arguments."""
    if hasattr(inspect, 'signature'):
        arguments = [[one.name, str(one.kind), one.default is not one.empty]
                     for one in inspect.signature(function).parameters.values()]
    else:
        spec = inspect.getargspec(function)
        arguments = [spec.args, spec.varargs, spec.keywords, len(spec.defaults or ())]
    return [function.__name__, function.__doc__, arguments]


def attribute(hook):
    """The method that a row of the table names, from its class itself; None where this nova has none."""
    try:
        module = importlib.import_module(hook.module)
    except ImportError as exc:
        # Python 2 says less, and names what is missing last.
        if hook.module.rpartition('.')[2] in str(exc):
            return None
        raise
    class_name, method = hook.where.split('.')
    return getattr(module, class_name).__dict__.get(method)


def name_of(hook):
    return '%s.%s' % (hook.module, hook.where)


def before(overlay, path):
    """Write down {name: description} for every row whose method is there."""
    sys.path.insert(0, overlay)
    from light_snapshot.nova import hooks
    sys.path.remove(overlay)
    found = {}
    for hook in hooks.TABLE:
        function = attribute(hook)
        if function is not None:
            found[name_of(hook)] = described(function)
    with open(path, 'w') as stream:
        json.dump(found, stream)


def after(path):
    """Every fault, as a line of text each."""
    with open(path) as stream:
        plain = json.load(stream)
    from light_snapshot.nova import hooks, releases
    number = releases.current()
    faults = [] if number else ['the release of this nova is not known to our code']
    for hook in hooks.TABLE:
        try:
            faults.extend(row_faults(hook, releases.within(hook.releases, number), plain.get(name_of(hook))))
        except Exception as exc:
            faults.append('%s: %s: %s' % (name_of(hook), type(exc).__name__, exc))
    for entry in getattr(hooks, 'ENTRY_POINTS', ()):
        group, where, what = entry[:3]
        if releases.within(where, number):
            faults.extend(entry_faults(group, what))
    return faults + list(hooks.problems)


def row_faults(hook, wanted, plain):
    """What is wrong with one row: `wanted` if it is for this release, `plain` what nova's own looked like."""
    function = attribute(hook)
    hooked = getattr(function, 'light_snapshot_hook', False)
    if not wanted:
        if hooked:
            yield '%s is hooked, in a release outside %s' % (name_of(hook), hook.releases)
        return
    if plain is None:
        yield '%s is not in this nova, though its release is in %s' % (name_of(hook), hook.releases)
        return
    if not hooked:
        yield '%s is not hooked' % name_of(hook)
        return
    seen = json.loads(json.dumps(described(function)))
    if seen != plain:
        yield '%s looks different when hooked: %s, before: %s' % (name_of(hook), seen, plain)
    module, name = hook.ours.split(':')
    ours = getattr(importlib.import_module('light_snapshot.nova.' + module), name)
    for text in call_faults(ours, arguments(function, hook)):
        yield '%s: %s' % (name_of(hook), text)


def arguments(function, hook):
    """The names that nova may give to a hooked method; for one whose decorator hides them, those we rely on."""
    if hasattr(inspect, 'signature'):
        found = [one.name for one in inspect.signature(function).parameters.values()
                 if one.kind is one.POSITIONAL_OR_KEYWORD]
    else:
        found = inspect.getargspec(function).args
    takes = hook.takes.split()
    return found if len(found) >= len(takes) else takes


def call_faults(ours, names):
    """Our function is called as `ours(original, ...)` with whatever nova gives: by position, or by name."""
    try:
        inspect.getcallargs(ours, None, *names)
        inspect.getcallargs(ours, None, names[0], **dict((name, name) for name in names[1:]))
    except TypeError as exc:
        yield 'our function does not take what nova may give it (%s): %s' % (', '.join(names), exc)


def entry_faults(group, what):
    """What is wrong with an entry point that nova has to find."""
    import pkg_resources
    found = [entry for entry in pkg_resources.iter_entry_points(group)
             if '%s:%s' % (entry.module_name, '.'.join(entry.attrs)) == what]
    if len(found) != 1:
        yield 'nova finds %d entry points %s = %s' % (len(found), group, what)
        return
    try:
        found[0].load()
    except Exception as exc:
        yield 'entry point %s = %s does not load: %s' % (group, what, exc)


if __name__ == '__main__':
    # Not this directory, whose names are not nova's.
    sys.path.pop(0)
    if sys.argv[1] == 'before':
        before(*sys.argv[2:])
    else:
        print(json.dumps(after(*sys.argv[2:])))
