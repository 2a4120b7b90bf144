"""A Python with one release of nova: made once, kept in .releases/, and known to be as it was made."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from tests.releases import table

TREE = Path(__file__).resolve().parents[2]
KEPT = TREE / '.releases'
REQUIREMENTS = table.HERE / 'requirements.txt'


#: Locks of the environments in use, held until this process ends.
_held = []


class Missing(Exception):
    """A release cannot run here; says why."""


class Environment:
    """Where one release is.

    directory: all that belongs to it. root: in it, the tree of a node. code: where that node has nova, a path of the
    node's own; site: the same, as seen from here. python: the interpreter's path. python_version: '3.11'. version:
    nova's. variables: what a process of it gets. key: changes with all that its tests' outcomes may depend on. pristine: the
    file that says what `site` was like when it was made.
    """

    def __init__(self, directory, python, python_version, version, key, search=False):
        self.directory, self.python, self.python_version = directory, str(python), python_version
        self.version, self.key = version, key
        self.root = directory / 'root'
        self.code = '/usr/lib/python%s/dist-packages' % ('2.7' if python_version == '2.7' else '3')
        self.site = self.root / self.code[1:]
        self.pristine = directory / 'pristine.json'
        kept = ('PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH')
        self.variables = {name: os.environ[name] for name in kept if name in os.environ}
        self.variables.update(LANG='C.UTF-8', LC_ALL='C.UTF-8', PYTHONHASHSEED='0', PYTHONDONTWRITEBYTECODE='1',
                              # nova's own test cases read these three.
                              OS_STDOUT_CAPTURE='1', OS_STDERR_CAPTURE='1', OS_TEST_TIMEOUT='300')
        if search:
            self.variables['PYTHONPATH'] = str(self.site)

    def run(self, *arguments, log=None, **more):
        """Run its Python; returns the finished process, whose output is text or in the file `log`."""
        if log is not None:
            with open(log, 'w') as stream:
                return subprocess.run([self.python, *map(str, arguments)], cwd=TREE, env=self.variables, stdout=stream,
                                      stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **more)
        return subprocess.run([self.python, *map(str, arguments)], cwd=TREE, env=self.variables, text=True,
                              errors='replace', stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, **more)


def of_release(release):
    """The environment of a row of the table, made if it is not there. Raises Missing."""
    python = interpreter(release.python)
    pins = table.constraints(release)
    if not pins.exists():
        raise Missing('there is no %s' % pins.relative_to(TREE))
    key = digest(pins.read_bytes(), REQUIREMENTS.read_bytes(), version_of(python).encode())
    directory = KEPT / pins.stem
    hold(directory)
    venv = directory / 'venv'
    made = Environment(directory, venv / 'bin' / 'python', release.python, release.version, key)
    if not (matches(directory / 'key', key) and made.pristine.exists()):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        install(python, release, pins, venv, directory)
        # The node has the packages, and the environment a link to them: the installer's way never leaves the node.
        inner = venv / 'lib' / ('python' + release.python) / 'site-packages'
        made.site.parent.mkdir(parents=True)
        inner.rename(made.site)
        inner.symlink_to(os.path.relpath(made.site, inner.parent))
        write_down(made.site, made.pristine)
        (directory / 'key').write_text(key)
    return made


def of_directory(given, python):
    """The environment of a copy of a directory with nova in it (NOVA_SITE), for the interpreter PYTHON."""
    given = Path(given).resolve()
    if not (given / 'nova' / '__init__.py').is_file():
        raise Missing('NOVA_SITE=%s holds no nova' % given)
    directory = KEPT / ('site-' + digest(str(given).encode())[:12])
    hold(directory)
    shutil.rmtree(directory, ignore_errors=True)
    python_version = version_of(python)
    made = Environment(directory, python, '.'.join(python_version.split('.')[:2]), '', '', search=True)
    shutil.copytree(given, made.site, symlinks=True)
    found = made.run('-c', 'import nova, nova.version as v; print(nova.__file__); print(v.version_string())')
    lines = found.stdout.split('\n')
    if found.returncode or not lines[0].startswith(str(made.site)):
        raise Missing('PYTHON=%s does not import the copied nova: %s' % (
            python, (found.stderr or found.stdout).strip()[-300:]))
    made.version = lines[1]
    made.key = digest(write_down(made.site, made.pristine).encode(), python_version.encode())
    return made


def hold(directory):
    """Keep other runs off an environment: there is one node in it. Raises Missing if another run has it."""
    KEPT.mkdir(exist_ok=True)
    stream = open(str(directory) + '.lock', 'w')
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Missing('another run is at work in %s' % directory)
    _held.append(stream)


def interpreter(version):
    """The path of a CPython X.Y. Raises Missing."""
    if version == '2.7':
        # Installs one where the machine has none.
        found = subprocess.run([str(TREE / 'tools' / 'python27')], stdout=subprocess.PIPE, text=True)
        if found.returncode == 0:
            return found.stdout.strip()
        raise Missing('there is no CPython 2.7, and tools/python27 gets none')
    pyenv = Path(os.environ.get('PYENV_ROOT', Path.home() / '.pyenv'))
    candidates = ['/usr/bin/python' + version, '/usr/local/bin/python' + version]
    candidates += sorted(map(str, pyenv.glob('versions/%s.*/bin/python' % version)), reverse=True)
    for candidate in candidates:
        # Some of nova's requirements have to be compiled: without Python's headers an interpreter is of no use.
        code = ('import ensurepip, os, sqlite3, ssl, sysconfig, sys; '
                'sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))')
        if os.path.exists(candidate) and subprocess.run([candidate, '-c', code], stderr=subprocess.DEVNULL,
                                                        cwd='/').returncode == 0:
            return candidate
    raise Missing('there is no CPython %s with its headers: looked at %s' % (version, ', '.join(candidates)))


def version_of(python):
    """'3.11.7', as the interpreter says itself."""
    return subprocess.run([str(python), '-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], cwd='/',
                          stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def install(python, release, pins, venv, directory):
    """Make the virtual environment; pip's output is in the directory's install.log. Raises Missing."""
    variables = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK='1', PIP_NO_INPUT='1', PIP_CONSTRAINT=str(pins),
                     PIP_PREFER_BINARY='1', PIP_ROOT_USER_ACTION='ignore')
    for name in ('PYTHONDONTWRITEBYTECODE', 'PYTHONPATH', 'PIP_REQUIRE_VIRTUALENV'):
        variables.pop(name, None)
    pip = [str(venv / 'bin' / 'python'), '-m', 'pip', 'install']
    if release.python == '2.7':
        make = [str(virtualenv()), '-m', 'virtualenv', '-q', '-p', python, str(venv)]
    else:
        make = [python, '-m', 'venv', str(venv)]
    with open(directory / 'install.log', 'w') as log:
        # pip's own pins come first: it has to be one that knows today's wheels, and that builds as the pins say.
        for command in (make, pip + ['pip', 'setuptools', 'wheel'],
                        pip + ['nova==' + release.version, '-r', str(REQUIREMENTS)]):
            if subprocess.run(command, cwd=directory, env=variables, stdin=subprocess.DEVNULL, stdout=log,
                              stderr=subprocess.STDOUT).returncode:
                raise Missing('%s fails, see %s:\n%s' % (' '.join(command), log.name, tail(log.name)))


def virtualenv():
    """A Python whose virtualenv still makes environments for 2.7."""
    python = KEPT / 'tools' / 'bin' / 'python'
    if not (KEPT / 'tools' / 'done').exists():
        subprocess.run([sys.executable, '-m', 'venv', '--clear', str(KEPT / 'tools')], check=True)
        subprocess.run([str(python), '-m', 'pip', 'install', '-q', 'virtualenv<20.22'], check=True)
        (KEPT / 'tools' / 'done').touch()
    return python


def tail(path, lines=8):
    """The end of a text file."""
    return '\n'.join(Path(path).read_text(errors='replace').splitlines()[-lines:])


def matches(path, text):
    """True if a file holds exactly this text."""
    return path.exists() and path.read_text() == text


def digest(*parts):
    """One SHA-256 of several byte strings."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def tree_of(top):
    """{path: SHA-256 of its mode, owner and content} of all below a directory, what Python compiles left out."""
    found = {}
    for directory, names, leaves in os.walk(top):
        names[:] = [name for name in names if name != '__pycache__']
        for name in names + leaves:
            if re.search(r'\.py[co]$', name):
                continue
            path = os.path.join(directory, name)
            facts = os.lstat(path)
            if stat.S_ISLNK(facts.st_mode):
                content = os.readlink(path).encode()
            elif stat.S_ISREG(facts.st_mode):
                content = Path(path).read_bytes()
            else:
                content = b''
            found[os.path.relpath(path, top)] = digest(
                content, repr((facts.st_mode, facts.st_uid, facts.st_gid)).encode())
    return found


def write_down(top, path):
    """Keep what a tree is like in a file; returns one hash of it all."""
    text = json.dumps(tree_of(top), sort_keys=True)
    path.write_text(text)
    return digest(text.encode())


def differing(top, path):
    """The paths in which a tree is not as it was written down in a file."""
    before, now = json.loads(path.read_text()), tree_of(top)
    return sorted(one for one in set(before) | set(now) if before.get(one) != now.get(one))
