"""python -m light_snapshot.engine.act ACT ARGUMENT...: one privileged act, for nova releases that go by rootwrap.

Prints one line of JSON: [true, result] or [false, message]. The acts, and the checks of their arguments, are in
privileged.py; what rootwrap lets through is in /etc/nova/rootwrap.d/light-snapshot.filters.
"""

from __future__ import print_function

import json
import sys

from light_snapshot.engine import privileged


def main(argv):
    """Carry out one act; the exit code: 0 once it was tried, 2 when it is none, or has no such arguments."""
    try:
        answer = privileged.attempt(argv[0] if argv else '', argv[1:])
    except ValueError as exc:
        print('light-snapshot-act: %s' % exc, file=sys.stderr)
        return 2
    print(json.dumps(answer))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
