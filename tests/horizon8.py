"""HORIZON_SOURCE=DIRECTORY python3 -m tests.horizon8: the tests of our pages on a Horizon 8, from its source.

DIRECTORY is a tree of the public source's tag (git archive 8.0.1); nothing is written into it. What that Horizon needs comes from PyPI, on
CPython 2.7: Django 1.8 and the clients of that time.
"""

import os
import sys
from pathlib import Path

from tests import environments
from tests.environments import TOP
from tests.run import LOGS, Run, pytest

PLACE = TOP / '.pythons' / 'horizon8'
REQUIREMENTS = 'tests/dashboard/requirements-horizon8.txt'


def main():
    source = Path(os.environ.get('HORIZON_SOURCE') or '').absolute()
    if not (source / 'openstack_dashboard').is_dir():
        print('HORIZON_SOURCE has to name a directory with the source of Horizon 8: there is no openstack_dashboard in %s. Nothing was run.'
              % source, file=sys.stderr)
        return 2
    environments.create27(PLACE, environments.python27(), [REQUIREMENTS])
    run = Run(LOGS / 'horizon8')
    run.part('Horizon of %s, Python 2.7' % source, [
        'env', 'PYTHONPATH=%s' % source, *pytest(environments.python(PLACE), '-W', 'ignore', 'tests/dashboard')])
    return run.finish()


if __name__ == '__main__':
    sys.exit(main())
