"""The real `nova` program, one process per command, against the stub cloud on a local port."""

import io
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
OVERLAY = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'overlay', 'dist-packages')
sys.path.insert(0, HERE)

import stub_cloud  # noqa: E402
import stub_api  # noqa: E402

# In a virtual environment of its own, or beside the Python whose packages this one sees.
PROGRAM = [path for path in (os.path.join(os.path.dirname(python), 'nova') for python in (
    sys.executable, os.path.realpath(sys.executable))) if os.path.exists(path)][0]


@pytest.fixture(scope='session')
def installed(tmp_path_factory):
    """Our code and its metadata, as the installer leaves them: with a PKG-INFO."""
    place = str(tmp_path_factory.mktemp('dist-packages'))
    for name in ('light_snapshot', 'light_snapshot.egg-info'):
        shutil.copytree(os.path.join(OVERLAY, name), os.path.join(place, name))
    with io.open(os.path.join(place, 'light_snapshot.egg-info', 'PKG-INFO'), 'w') as handle:
        handle.write(u'Metadata-Version: 1.1\nName: light-snapshot\nVersion: 0.0.0\n')
    return place


@pytest.fixture
def api():
    """A cloud of two servers, `web` without light snapshots and `db` with three restore points."""
    cloud = stub_cloud.Cloud()
    with stub_api.serve(cloud) as url:
        cloud.served_at(url)
        stub_api.furnish(cloud, stub_cloud.WEB, stub_cloud.DB)
        yield cloud


@pytest.fixture
def environment(api, installed):
    """What an operator's shell exports, and nothing of the caller's account."""
    kept = dict((name, value) for name, value in os.environ.items() if not name.startswith(('OS_', 'NOVA')))
    # stevedore keeps what it found in the user's cache, by the path's directories.
    kept.update(PYTHONPATH=installed, XDG_CACHE_HOME=os.path.join(installed, 'cache'), COLUMNS='120',
                LC_ALL='C.UTF-8', PYTHONIOENCODING='utf-8', OS_AUTH_URL=api.auth_url, OS_USERNAME='demo',
                OS_PASSWORD='secret', OS_PROJECT_NAME='demo', OS_TENANT_NAME='demo',
                OS_USER_DOMAIN_NAME='Default', OS_PROJECT_DOMAIN_NAME='Default')
    return kept


@pytest.fixture
def nova(environment):
    """Runs `nova ...` in a process of its own; `stdin` is a file or None, `more` goes into its environment."""
    def run(*args, **options):
        with open(os.devnull) as nothing:
            child = subprocess.Popen(
                [PROGRAM] + list(args), env=dict(environment, **options.get('more', {})),
                stdin=options.get('stdin', nothing), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = child.communicate()
        # What novaclient of 2020 and later says of itself at every command.
        said = [line for line in err.decode('utf-8').splitlines(True) if 'nova CLI is deprecated' not in line]
        return stub_api.Result(child.returncode, out.decode('utf-8'), ''.join(said))

    return run
