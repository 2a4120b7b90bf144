"""What only nova's own Python can tell, for `light-snapshot doctor`: run by it as a program, prints one JSON document.

Standard input: {"modules": [nova's modules that this node runs], "directories": {uuid: directory of a server}, "daily": {our
options of nova.conf}}. Changes nothing. Python 2.7 and 3.6 and later.
"""
from __future__ import print_function

import importlib
import json
import logging
import sys


def reason(error):
    """An exception in one line."""
    return '%s: %s' % (type(error).__name__, error)


def hooks(modules):
    """[what cannot be extended, or imported]."""
    from light_snapshot.nova import hooks as table
    wrong = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            wrong.append('%s cannot be imported: %s' % (name, reason(error)))
    loaded = [row for row in table.TABLE if row.module in sys.modules]
    extended = [row for row in loaded if _extended(sys.modules[row.module], row.where)]
    if loaded and not extended and not wrong:
        wrong.append('nothing of %s is extended' % ', '.join(sorted(set(row.module for row in loaded))))
    return wrong + list(table.problems)


def _extended(module, where):
    class_name, method = where.split('.')
    found = getattr(getattr(module, class_name, None), '__dict__', {}).get(method)
    return getattr(found, 'light_snapshot_hook', False)


def release():
    """nova's own version, or ''."""
    try:
        from nova import version
        return version.version_string()
    except Exception:
        return ''


def server(directory):
    """[{'severity', 'file', 'message'}] of one server's layers."""
    from light_snapshot.engine import checks, files, record
    try:
        found = record.load(directory)
        return [] if found is None else checks.findings(found, files.Files(directory))
    except Exception as error:
        return [{'severity': 'error', 'file': None, 'message': reason(error)}]


def daily(options):
    """What is wrong with the window of the daily snapshots, or ''."""
    from light_snapshot.nova import schedule
    try:
        schedule.Schedule(options['start'], int(options['window']), options['timezone'])
    except ValueError as error:
        return str(error)
    return ''


def main():
    """Answer."""
    logging.disable(logging.CRITICAL)
    asked = json.load(sys.stdin)
    # What a library prints when it is imported is no part of the answer.
    answer_to, sys.stdout = sys.stdout, sys.stderr
    answer = {'python': '%d.%d.%d' % tuple(sys.version_info[:3]), 'nova': release(), 'hooks': hooks(asked['modules']),
              'servers': dict((uuid, server(directory)) for uuid, directory in asked['directories'].items()),
              'daily': daily(asked['daily'])}
    json.dump(answer, answer_to)


if __name__ == '__main__':
    main()
