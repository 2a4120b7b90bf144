"""python3 -m tests.environments NAME...: makes the virtual environments that tests run in.

Each is made once, and anew when its Python or what it is made of has changed.
"""

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
VENV = TOP / '.venv'
VENV27 = TOP / '.venv27'
VENV27_HORIZON = TOP / '.venv27-horizon'
VENV27_NOVACLIENT = TOP / '.venv27-novaclient'

# .venv sees Debian's packages; .venv27 is a Liberty node's Python; the two others are the same with the oldest Horizon
# to be had, and with Liberty's own nova client, which needs other releases of the same libraries.
REQUIREMENTS = {
    VENV: ['tests/requirements-py3.txt'],
    VENV27: ['tests/requirements-py27.txt', 'tests/osc/requirements-py27.txt'],
    VENV27_HORIZON: ['tests/dashboard/requirements-py27.txt'],
    VENV27_NOVACLIENT: ['tests/novaclient/requirements-py27.txt'],
}


def python(place):
    """The interpreter of an environment."""
    return str(place / 'bin' / 'python')


def _run(*command):
    subprocess.run([str(word) for word in command], cwd=TOP, check=True, stdin=subprocess.DEVNULL)


def create(place, interpreter, requirements, maker=None):
    """Make the environment `place`, where what it is made of has changed; `maker` is the command that makes it empty.

    :raises subprocess.CalledProcessError: if it cannot be made
    """
    made_of = '\n'.join([interpreter] + [(TOP / name).read_text() for name in requirements])
    done = place / 'done'
    if done.exists() and done.read_text() == made_of:
        return
    print('making %s' % place.relative_to(TOP), flush=True)
    _run(*(maker or [interpreter, '-m', 'venv', '--clear']), place)
    if not maker:
        # What comes with an old Python knows neither today's wheels nor which Python they are for.
        _run(python(place), '-m', 'pip', 'install', '-q', '-U', 'pip; python_version >= "3.8"',
             'pip==21.3.1; python_version < "3.8"')
    for name in requirements:
        _run(python(place), '-m', 'pip', 'install', '-q', '-r', name)
    done.write_text(made_of)


def create27(place, interpreter, requirements):
    """The same of a Python 2.7, which has no module venv."""
    ensure(VENV)
    create(place, interpreter, requirements,
           [python(VENV), '-m', 'virtualenv', '-q', '--clear', '-p', interpreter])


def python27():
    """The path of a CPython 2.7, installed if the machine has none."""
    return subprocess.run([TOP / 'tools' / 'python27'], stdout=subprocess.PIPE, check=True, text=True).stdout.strip()


def ensure(place):
    """Have one of the environments above.

    :raises subprocess.CalledProcessError: if it cannot be made
    """
    if place == VENV:
        create(place, '/usr/bin/python3', REQUIREMENTS[place],
               ['/usr/bin/python3', '-m', 'venv', '--clear', '--system-site-packages'])
    else:
        create27(place, python27(), REQUIREMENTS[place])


if __name__ == '__main__':
    for argument in sys.argv[1:]:
        ensure(TOP / argument)
