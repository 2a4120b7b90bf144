"""python3 -m tests.pythons: the unit tests of what runs on a node, on every CPython that a node may have.

A Python that this machine does not have fails the run, unless ALLOW_MISSING=1; 2.7 and 3.11 must be there in any case.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests import environments
from tests.environments import TOP
from tests.run import LOGS, Part, Run, pytest

VERSIONS = ('2.7', '3.6', '3.8', '3.11', '3.12', '3.13')
MANDATORY = ('2.7', '3.11')
PLACE = TOP / '.pythons'

# The directories of tests that one pytest can run together, and those that need a look of their own at conftest.py.
NODE = ('tests/engine', 'tests/glue', 'tests/installer')
OSC, NOVACLIENT, DASHBOARD = ('tests/osc',), ('tests/novaclient',), ('tests/dashboard',)
# They try the package and the system's nova, on Pythons of their own, whichever runs the test.
ONCE = [word for name in ('package', 'repository', 'liberty_node', 'service_table')
        for word in ('--ignore', 'tests/installer/test_%s.py' % name)]
# Horizon is 2.7's and Debian's 3.11's; a new one can be had for these.
NEW_HORIZON = ('3.12', '3.13')
# Announced removals in our own code are errors: they are of the next Python. Others' are none of ours.
STRICT = ('-o', 'filterwarnings=ignore\nerror::DeprecationWarning:light_snapshot\n'
                'error::PendingDeprecationWarning:light_snapshot')


class Environment:
    """A virtual environment of one Python, and the suites that run in it; without requirements, one of make test's."""

    def __init__(self, place, *suites, requirements=None):
        self.place, self.suites, self.requirements = place, suites, requirements

    def create(self, interpreter):
        if self.requirements is None:
            environments.ensure(self.place)
        else:
            environments.create(self.place, interpreter, [self.requirements])


def environments_of(version):
    """The environments of one Python."""
    if version == '2.7':
        return [Environment(environments.VENV27, NODE, OSC), Environment(environments.VENV27_NOVACLIENT, NOVACLIENT),
                Environment(environments.VENV27_HORIZON, DASHBOARD)]
    own = 'tests/requirements-py%s.txt' % version.replace('.', '')
    found = [Environment(PLACE / version, NODE, OSC, NOVACLIENT,
                         requirements=own if (TOP / own).exists() else 'tests/requirements-pythons.txt')]
    if version == '3.11':
        found.append(Environment(environments.VENV, DASHBOARD))
    if version in NEW_HORIZON:
        found.append(Environment(PLACE / (version + '-horizon'), DASHBOARD,
                                 requirements='tests/dashboard/requirements-py3.txt'))
    return found


_WHICH = 'import ensurepip, sys; print("%d.%d" % sys.version_info[:2], sys.executable)'


def find(version):
    """The path of a CPython of this version that works; None if there is none."""
    if version == '2.7':
        return environments.python27()
    name = 'python' + version
    pyenv = Path(os.environ.get('PYENV_ROOT') or Path.home() / '.pyenv') / 'versions'
    places = [Path(place) / name for place in os.environ.get('PATH', '').split(os.pathsep)] + [Path('/usr/bin') / name]
    for path in places + sorted(pyenv.glob(version + '.*/bin/' + name), reverse=True):
        # pyenv's shims are there for versions that are not.
        if path.exists():
            said = subprocess.run([path, '-c', _WHICH], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  text=True).stdout.split()
            if said[:1] == [version]:
                return said[1]
    return None


def sources():
    """Every Python file that runs on a node."""
    return sorted(str(path.relative_to(TOP)) for top in ('overlay', 'installer') for path in (TOP / top).rglob('*.py'))


def commands(version, places):
    """What runs on one Python, its environments made before."""
    yield [environments.python(places[0].place), '-W', 'error', '-c',
           'import sys\nfor name in sys.argv[1:]:\n    with open(name, "rb") as text:\n'
           '        compile(text.read(), name, "exec")', *sources()]
    for environment in places:
        for suite in environment.suites:
            yield pytest(environments.python(environment.place), *([] if version == '2.7' else STRICT),
                         *([] if version == '3.11' else ONCE), *suite)


def untested(run, name, code):
    """A line of the table for a Python on which nothing ran."""
    part = Part(name)
    part.code = code
    run.parts.append(part)


def main(versions):
    run, missing = Run(LOGS / 'pythons'), []
    for version in versions:
        interpreter = find(version)
        if interpreter is None:
            missing.append(version)
            untested(run, 'Python %s: NOT ON THIS MACHINE' % version,
                     int(version in MANDATORY or os.environ.get('ALLOW_MISSING') != '1'))
            continue
        places = environments_of(version)
        try:
            for environment in places:
                environment.create(interpreter)
        except subprocess.CalledProcessError as error:
            print(error, file=sys.stderr)
            untested(run, 'Python %s: NO ENVIRONMENT' % version, 1)
            continue
        run.part('Python %s (%s)' % (version, interpreter), *commands(version, places))
    code = run.finish()
    if missing:
        print('NOT TESTED, for want of an interpreter: Python %s%s' % (
            ', '.join(missing), '' if code else ' (allowed by ALLOW_MISSING=1)'))
    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:] or VERSIONS))
