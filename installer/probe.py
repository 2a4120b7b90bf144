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
    """[what cannot be extended, or is not, or cannot be imported]."""
    from light_snapshot.nova import hooks as table
    wrong = []
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            # One that this nova is known to be without is none that is missing.
            if _wanted(table, name):
                wrong.append('%s cannot be imported: %s' % (name, reason(error)))
    loaded = [name for name in modules if name in sys.modules]
    # Code of an older package, while this one is being installed, cannot tell.
    if hasattr(table, 'see'):
        table.see(loaded)
    return wrong + list(table.problems)


def _wanted(table, name):
    """Whether a row of the table is for such a module of the nova that runs here; of one without a number, for that of all."""
    number = table.releases.current()
    return any(table.releases.within(row.releases, number) if number else row.releases == '12-'
               for row in table.TABLE if row.module == name)


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
