"""The commands run in the client's own shell, against the stub API on a local port."""

import io
import os
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
OVERLAY = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'overlay', 'dist-packages')
sys.path.insert(0, HERE)

import stub_api  # noqa: E402

sys.path.insert(1, OVERLAY)

PKG_INFO = u'Metadata-Version: 1.1\nName: light-snapshot\nVersion: 0.0.0\n'


@pytest.fixture(scope='session', autouse=True)
def installed(tmp_path_factory):
    """The metadata as the installer leaves it: with a PKG-INFO."""
    place = str(tmp_path_factory.mktemp('dist-packages'))
    info = os.path.join(place, 'light_snapshot.egg-info')
    shutil.copytree(os.path.join(OVERLAY, 'light_snapshot.egg-info'), info)
    with io.open(os.path.join(info, 'PKG-INFO'), 'w') as handle:
        handle.write(PKG_INFO)
    # stevedore keeps what it found in the user's cache, by the path's directories.
    os.environ['XDG_CACHE_HOME'] = str(tmp_path_factory.mktemp('cache'))
    sys.path.insert(0, place)
    try:
        import pkg_resources
        pkg_resources.working_set.add_entry(place)
    except ImportError:
        pass
    yield place
    sys.path.remove(place)


@pytest.fixture
def api():
    """A cloud of two servers, `web` without light snapshots and `db` with three restore points."""
    cloud = stub_api.Api()
    stub_api.furnish(cloud, '11111111-aaaa', '22222222-bbbb')
    return cloud


@pytest.fixture
def openstack_itself(api, capsys, monkeypatch):
    """Runs `openstack ...` in this process."""
    from openstackclient import shell

    from light_snapshot.client import wait

    monkeypatch.setattr(wait, 'INTERVAL', 0.01)
    for name in list(os.environ):
        if name.startswith('OS_'):
            monkeypatch.delenv(name)

    with stub_api.serve(api) as endpoint:
        def run(*args):
            capsys.readouterr()
            argv = ['--os-auth-type', 'admin_token', '--os-endpoint', endpoint, '--os-token', 'x'] + list(args)
            try:
                code = shell.OpenStackShell().run(argv)
            except SystemExit as exit_:
                code = exit_.code
            printed = capsys.readouterr()
            return stub_api.Result(code, printed[0], printed[1])

        yield run


@pytest.fixture
def openstack(openstack_itself):
    """Runs `openstack server light snapshot ...` in this process."""
    return lambda *args: openstack_itself('server', 'light', 'snapshot', *args)
