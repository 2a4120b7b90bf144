"""The nova command line of Liberty (python-novaclient 2.30 on Python 2.7) against the live API, with a real guest.

LIGHT_SNAPSHOT_E2E_NOVACLIENT   that `nova` program; without it the tests make .venv27-novaclient/bin/nova
LIGHT_SNAPSHOT_E2E_SITE         where the package's Python code is installed, /usr/lib/python3/dist-packages
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get('LIGHT_SNAPSHOT_E2E_NOVACLIENT')
SITE = Path(os.environ.get('LIGHT_SNAPSHOT_E2E_SITE') or '/usr/lib/python3/dist-packages')

SUMS = {}


@pytest.fixture(scope='module')
def nova(demo, tmp_path_factory):
    """Runs `nova ...` as demo, with our package's installed files on its path; the finished process."""
    program = PROGRAM
    if not program:
        subprocess.run([sys.executable, '-m', 'tests.environments', '.venv27-novaclient'], cwd=str(TOP), check=True)
        program = str(TOP / '.venv27-novaclient' / 'bin' / 'nova')
    path = tmp_path_factory.mktemp('dist-packages')
    for name in ('light_snapshot', 'light_snapshot.egg-info'):
        assert (SITE / name).is_dir()
        (path / name).symlink_to(SITE / name)
    account = {name: value for name, value in os.environ.items() if not name.startswith(('OS_', 'NOVA'))}
    account.update(PYTHONPATH=str(path), PYTHONDONTWRITEBYTECODE='1', PYTHONIOENCODING='utf-8', LC_ALL='C.UTF-8',
                   OS_AUTH_URL=demo.auth_url, OS_PROJECT_NAME=demo.project, OS_TENANT_NAME=demo.project)
    endpoint, token = demo.endpoint('compute'), demo.token()
    if getattr(demo, 'noauth', False) or not endpoint.endswith(demo.project_id):
        # Without a keystone, or with a catalogue of today, which has no project id at the end: 2.30 cuts one off.
        account.update(OS_AUTH_TOKEN=token, NOVACLIENT_BYPASS_URL='%s/%s' % (
            endpoint.partition('/v2.1')[0] + '/v2.1', demo.project_id))
    else:
        account.update(OS_USERNAME=demo.username, OS_PASSWORD=demo.password, OS_REGION_NAME=demo.region,
                       OS_USER_DOMAIN_NAME=demo.user_domain, OS_PROJECT_DOMAIN_NAME=demo.project_domain)

    def run(*words):
        return subprocess.run([program, *words], env=account, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300)
    return run


def rows(table):
    """The cells of a table, its title's included."""
    return [[cell.strip() for cell in line.split('|')[1:-1]] for line in table.splitlines() if line.startswith('|')]


def complaints(done):
    """What a command said on stderr, but for how far the work was while it waited."""
    return re.sub(r'^[\w -]+: \d+ %\n', '', done.stderr, flags=re.MULTILINE)


def flags(demo, server):
    body = demo.server(server.uuid)
    return body['light_snapshot_enabled'], body['snapshot_store'], body['snapshot_daily']


def test_the_client_is_libertys(nova):
    done = nova('--version')
    # Python 2's argparse prints it to stderr.
    assert (done.stdout + done.stderr).strip().startswith('2.30.')


def test_refusal_in_words(nova, server):
    done = nova('light-snapshot', server.uuid)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.startswith('ERROR (Conflict): ') and '(HTTP 409)' in done.stderr


def test_enable(nova, demo, server):
    done = nova('enable-light-snapshot', '--store', '--daily', '--wait', server.uuid)
    assert (done.returncode, done.stdout, complaints(done)) == (0, '', '')
    assert flags(demo, server) == (True, True, True)


def test_take_two_and_list(nova, demo, server):
    for number in (1, 2):
        SUMS[number] = server.write('cli%d' % number, 'cli%d' % number)
        server.guest.sync()
        done = nova('light-snapshot', '--name', 'cli %d' % number, '--wait', demo.server(server.uuid)['name'])
        assert (done.returncode, done.stdout) == (0, '%d\n' % number), done.stderr
    listed = rows(nova('light-snapshot-list', server.uuid).stdout)
    assert listed[0] == ['Index', 'Parent', 'Name', 'Created At', 'State', 'Size', 'Frees', 'Current', 'Consistency']
    assert [row[:3] + [row[4], row[7]] for row in listed[1:]] == [
        ['0', '-', '', 'kept', 'False'], ['1', '0', 'cli 1', 'root', 'False'], ['2', '1', 'cli 2', 'last', 'True']]


def test_name_and_show(nova, server):
    assert nova('light-snapshot-set', server.uuid, '1', '--description', 'of the command line').returncode == 0
    shown = dict(rows(nova('light-snapshot-show', server.uuid, '1').stdout))
    assert (shown['name'], shown['description']) == ('cli 1', 'of the command line')


def test_recover_asks_and_goes_back(nova, server):
    unasked = nova('recover', '--index', '1', server.uuid)
    assert unasked.returncode == 1 and '--yes' in unasked.stderr
    assert server.sums('cli1', 'cli2') == {'cli1': SUMS[1], 'cli2': SUMS[2]}
    done = nova('recover', '--index', '1', '--yes', '--wait', server.uuid)
    assert (done.returncode, done.stdout, complaints(done)) == (0, '', '')
    server.guest.wait_up()
    assert server.sums('cli1', 'cli2') == {'cli1': SUMS[1], 'cli2': None}


def test_delete_preview_retain_and_check(nova, demo, server):
    def done(*words):
        ended = nova(*words)
        assert (ended.returncode, complaints(ended)) == (0, ''), (words, ended.stderr)
        return ended.stdout
    unasked = nova('light-snapshot-delete', server.uuid, '2')
    assert unasked.returncode == 1 and '--yes' in unasked.stderr
    assert done('light-snapshot-preview', '--index', '2', '--wait', server.uuid) == ''
    server.guest.wait_up()
    assert server.sums('cli1', 'cli2') == {'cli1': SUMS[1], 'cli2': SUMS[2]}
    listed = nova('light-snapshot-list', server.uuid)
    assert 'The server previews restore point 2' in listed.stderr
    refused = nova('light-snapshot', server.uuid)
    assert refused.returncode == 1 and 'preview' in refused.stderr
    assert done('light-snapshot-undo', '--yes', '--wait', server.uuid) == ''
    server.guest.wait_up()
    assert server.sums('cli1', 'cli2') == {'cli1': SUMS[1], 'cli2': None}
    assert done('light-snapshot-delete', '--yes', '--wait', server.uuid, '2') == ''
    assert '2' not in [row[0] for row in rows(done('light-snapshot-list', server.uuid))]
    done('light-snapshot-retain', '--count', '9', '--wait', server.uuid)
    assert 'at most 9 restore points' in nova('light-snapshot-list', server.uuid).stderr
    assert len(rows(done('light-snapshot-check', server.uuid))) == 1


def test_both_targets_are_wrong_usage(nova, server):
    done = nova('recover', '--yes', '--use-root', '--index', '1', server.uuid)
    assert done.returncode == 2


def test_switches_and_disable(nova, demo, server):
    for words, wanted in ((['disable-daily-snapshot'], (True, True, False)),
                          (['enable-daily-snapshot'], (True, True, True)),
                          (['disable-store-snapshot', '--wait'], (True, False, True)),
                          (['enable-store-snapshot', '--wait'], (True, True, True)),
                          (['commit-light-snapshot', '--wait'], (True, True, True)),
                          (['disable-light-snapshot', '--wait'], (False, False, False))):
        done = nova(*words, server.uuid)
        assert (done.returncode, complaints(done)) == (0, ''), words
        assert flags(demo, server) == wanted, words
    assert server.sums('cli1') == {'cli1': SUMS[1]}
