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
SUITES = (('tests/engine', 'tests/glue', 'tests/installer'), ('tests/osc',), ('tests/novaclient',))
# It builds the package, with the system's own Python, whichever runs the test.
ONCE = 'tests/installer/test_package.py'
# Announced removals in our own code are errors: they are of the next Python.
STRICT = ('-o', 'filterwarnings=error::DeprecationWarning:light_snapshot\nerror::PendingDeprecationWarning:light_snapshot')


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
            said = subprocess.run([path, '-c', 'import ensurepip, sys; print("%d.%d" % sys.version_info[:2], sys.executable)'],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()
            if said[:1] == [version]:
                return said[1]
    return None


def sources():
    """Every Python file that runs on a node."""
    return sorted(str(path.relative_to(TOP)) for top in ('overlay', 'installer') for path in (TOP / top).rglob('*.py'))


def commands(version):
    """What runs on one Python, its environments made before."""
    place = PLACE / version
    compiled = [environments.python(place), '-W', 'error', '-c',
                'import sys\nfor name in sys.argv[1:]:\n    with open(name, "rb") as text:\n'
                '        compile(text.read(), name, "exec")', *sources()]
    others = [] if version == '3.11' else ['--ignore', ONCE]
    strict = [] if version == '2.7' else STRICT
    yield compiled
    for suite in SUITES:
        own = PLACE / '2.7-novaclient' if version == '2.7' and suite == ('tests/novaclient',) else place
        yield pytest(environments.python(own), *strict, *others, *suite)


def create(version, interpreter):
    """Make the environments of one Python."""
    if version == '2.7':
        for place, model in ((PLACE / '2.7', environments.VENV27),
                             (PLACE / '2.7-novaclient', environments.VENV27_NOVACLIENT)):
            environments.create27(place, interpreter, environments.REQUIREMENTS[model])
    else:
        own = 'tests/requirements-py%s.txt' % version.replace('.', '')
        environments.create(PLACE / version, interpreter, [
            own if (TOP / own).exists() else 'tests/requirements-pythons.txt'])


def main(versions):
    run, missing = Run(LOGS / 'pythons'), []
    for version in versions:
        interpreter = find(version)
        if interpreter is None:
            missing.append(version)
            absent = Part('Python %s: NOT ON THIS MACHINE' % version)
            absent.code = int(version in MANDATORY or os.environ.get('ALLOW_MISSING') != '1')
            run.parts.append(absent)
            continue
        create(version, interpreter)
        run.part('Python %s (%s)' % (version, interpreter), *commands(version))
    code = run.finish()
    if missing:
        print('NOT TESTED, for want of an interpreter: Python %s%s' % (', '.join(missing), (
            '' if code else ' (allowed by ALLOW_MISSING=1)')))
    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:] or VERSIONS))
