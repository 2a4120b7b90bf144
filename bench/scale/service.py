"""python3 -m bench.scale.service PROGRAM COUNTER ARGUMENT...: one of nova's programs, whose statements are counted.

:PROGRAM: a module of nova.cmd
"""

import importlib
import sys


def main():
    program, counter = sys.argv[1:3]
    # First of all: nova replaces what others would have imported by then.
    module = importlib.import_module('nova.cmd.' + program)
    from bench.scale import counting
    counting.count_statements(counter)
    sys.argv[:] = ['nova-' + program] + sys.argv[3:]
    module.main()


if __name__ == '__main__':
    main()
