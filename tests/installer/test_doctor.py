"""doctor: each kind of trouble has a finding that says what to do; the support bundle holds no secret."""
import json
import os
import shutil
import tarfile
import time

import pytest

from installer_fakes import TREE, write
from light_snapshot_installer import checks, diagnosis, ini, redact

UUID = '11111111-2222-3333-4444-555555555555'
RECORD = {
    'version': 2, 'disks': [{'name': 'disk', 'target': 'vda', 'format': 'qcow2', 'size': 1048576}], 'index': 2, 'store': False,
    'root': {'file': 'disk', 'index': 0, 'on': None, 'dirty': False}, 'live': [
        {'index': 1, 'file': 'disk.light-1'}, {'index': 2, 'file': 'disk.light-2'}],
    'kept': {}, 'points': {}, 'retention': None, 'daily': None, 'preview': None, 'job': None}
SECRETS = ('hunter2hunter2', 'rabbit-s3cret', 'k3yst0ne!pw', 'meta-shared', 'vncsecret', 'un=usual/one', '8675309', 'a"b\\c', 'x9', 'p@ss/w0rd', 'p%40ss%2Fw0rd',
           'Hunter2Aa', 'Other9Bbb', 'th!rd@1', 'th%21rd%401')
CONFIG = u'''
host = compute-1
[database]
connection = sqlite:////var/lib/nova/hunter2hunter2.sqlite
[oslo_messaging_rabbit]
rabbit_password = rabbit-s3cret
[keystone_authtoken]
password = k3yst0ne!pw
[neutron]
metadata_proxy_shared_secret = meta-shared
[placement]
password = 8675309
[glance]
password = "a"b\\c"
[barbican]
password = x9
workers = 2468
[api_database]
connection = mysql+pymysql://nova:p%40ss%2Fw0rd@db/nova_api
[vnc]
odd_name = vncsecret
more = a,
  un=usual/one
[light_snapshot]
daily_start = 03:30
'''


@pytest.fixture
def sick(compute):
    """A compute host with the engine as it is, for the probe."""
    overlay = compute.share + '/overlay/dist-packages/light_snapshot'
    shutil.rmtree(overlay)
    shutil.copytree(os.path.join(TREE, 'overlay/dist-packages/light_snapshot'), overlay,
                    ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))
    assert compute.run('install')[0] == 0
    return compute


def told(node, *options):
    """(exit code, {(area, result): [finding]})."""
    code, out, err = node.run('doctor', '--json', *options)
    assert err == '', err
    found = {}
    for finding in json.loads(out)['findings']:
        found.setdefault((finding['area'], finding['result']), []).append(finding)
    return code, found


def test_well(node):
    node.add_dashboard()
    node.run('install')
    code, out, _err = node.run('doctor')
    assert code == 0
    assert out.splitlines()[-1].endswith('0 findings, 0 of them have to be seen to') or 'note' in out
    before = node.tree()
    node.run('doctor')
    assert node.tree() == before


def test_not_installed(compute):
    code, found = told(compute)
    assert code == 1
    assert 'light-snapshot install' in found[('record', 'FAIL')][0]['advice']


def test_what_verify_finds_has_advice(sick):
    os.unlink(sick.at('light_snapshot/engine/engine.py'))
    os.unlink(sick.at('nova/compute/manager.py.light-snapshot-orig'))
    os.chmod(sick.at('light_snapshot/osc/__init__.py'), 0o666)
    code, found = told(sick)
    assert code == 1
    advice = dict((finding['subject'][len(sick.code) + 1:], finding['advice'])
                  for key in (('files', 'FAIL'), ('diversions', 'FAIL')) for finding in found[key])
    assert 'light-snapshot install' in advice['light_snapshot/engine/engine.py']
    assert 'apt install --reinstall' in advice['nova/compute/manager.py.light-snapshot-orig']
    assert 'chown root:root' in advice['light_snapshot/osc/__init__.py']


def answer(monkeypatch, **fields):
    """Let nova's Python answer this."""
    whole = {'python': '3.11.2', 'nova': '26.2.2', 'hooks': [], 'servers': {}, 'daily': ''}
    whole.update(fields)
    monkeypatch.setattr(diagnosis, 'ask', lambda *_arguments: whole)


def test_hooks(sick, monkeypatch):
    answer(monkeypatch, hooks=['light-snapshot cannot extend nova.compute.manager.X: gone'], nova='35.0.0')
    code, found = told(sick)
    assert code == 1
    finding, = found[('hooks', 'FAIL')]
    assert 'cannot extend' in finding['detail'] and 'nova 35.0.0' in finding['advice']


def test_probe_that_fails(sick, monkeypatch):
    answer(monkeypatch, failed='ImportError: no')
    code, found = told(sick)
    assert code == 1 and 'ImportError: no' in found[('hooks', 'FAIL')][0]['detail']


def test_probe_under_this_python(sick, monkeypatch):
    """The real program, with the code that was installed: nova's stand-ins have no class to extend."""
    monkeypatch.setenv('PYTHONPATH', sick.top + sick.code)
    write(sick.share + '/installer/probe.py', u'import sys\nsys.path.insert(0, %r)\n' % str(sick.top + sick.code) +
          open(os.path.join(TREE, 'installer', 'probe.py')).read().replace('from __future__ import print_function\n', ''))
    record(sick, daily=None)
    from light_snapshot_installer import node as nodes
    given = diagnosis.ask(sick.root, nodes.Node(sick.root), sick.share)
    assert 'failed' not in given, given
    assert given['servers'][UUID][0]['severity'] == 'error' and given['daily'] == ''
    assert any('manager' in text for text in given['hooks'])


def record(node, **fields):
    """A server's record, and an empty file for each of its layers."""
    node.record(UUID, u'' + json.dumps(dict(RECORD, **fields)))
    for name in ('disk.light-1', 'disk.light-2'):
        write(node.top + '/var/lib/nova/instances/%s/%s' % (UUID, name), u'x' * 9000)


def test_chains(sick, monkeypatch):
    record(sick)
    answer(monkeypatch, servers={UUID: [
        {'severity': 'error', 'file': 'disk.light-1', 'message': 'The file is gone.'},
        {'severity': 'warning', 'file': 'disk.light-9', 'message': 'The record names no file.'}]})
    code, found = told(sick)
    assert code == 1
    finding, = found[('chains', 'FAIL')]
    assert finding['subject'] == UUID and finding['detail'] == 'disk.light-1: The file is gone.'
    assert found[('chains', 'note')][0]['advice'] == 'openstack server light snapshot check %s --repair' % UUID


def test_record_of_a_server_that_cannot_be_read(sick, monkeypatch):
    sick.record(UUID, u'{')
    answer(monkeypatch)
    code, found = told(sick)
    assert code == 1 and found[('chains', 'FAIL')][0]['subject'] == UUID


def test_space(sick, monkeypatch):
    record(sick)
    answer(monkeypatch)
    assert ('space', 'FAIL') not in told(sick)[1]
    real = os.statvfs

    def full(path):
        facts = real(path)
        return type('Facts', (), {'f_bavail': 10, 'f_frsize': 4096, 'f_blocks': facts.f_blocks})
    monkeypatch.setattr(os, 'statvfs', full)
    code, found = told(sick)
    assert code == 1 and UUID in found[('space', 'FAIL')][0]['detail']


@pytest.mark.parametrize('daily,result', [
    (None, None), ({'slot': '2026-01-02', 'taken': '2026-01-02'}, None), ({'slot': '2026-01-03', 'taken': '2026-01-02'}, 'note'),
    ({'slot': '2099-01-02', 'taken': '2099-01-02'}, 'FAIL'),
])
def test_days_of_daily_snapshots(sick, monkeypatch, daily, result):
    record(sick, daily=daily)
    answer(monkeypatch)
    code, found = told(sick)
    words = [key[1] for key in found if key[0] == 'daily' and any(one['subject'] == UUID for one in found[key])]
    assert words == ([result] if result else [])
    assert code == (1 if result == 'FAIL' else 0)


def test_window_that_cannot_be(sick, monkeypatch):
    answer(monkeypatch, daily="'27:00' is no time of the day")
    code, found = told(sick)
    assert code == 1 and 'daily_*' in found[('daily', 'FAIL')][0]['advice']


@pytest.mark.parametrize('ahead,rows,expected', [
    (0.5, [('a', 'nova-compute', 61, 3), ('c', 'nova-conductor', 61, 9)], []),
    (-400, [], ['FAIL']),
    (0, [('a', 'nova-compute', 61, 301)], ['note']),
    (0, [('a', 'nova-compute', 61, None)], ['note']),
    (0, [('a', 'nova-compute', 61, 3), ('b', 'nova-compute', 57, 3)], ['note']),
    (0, [('a', 'nova-scheduler', 61, 9999)], []),
])
def test_cloud(ahead, rows, expected):
    found = [finding.result for finding in diagnosis._judge('cell1', ahead, rows) if finding.result != checks.OK]
    assert found == expected


def test_bundle_holds_no_secret(sick, monkeypatch, tmp_path):
    write(sick.top + '/etc/nova/nova.conf', u'[DEFAULT]\ntransport_url = rabbit://openstack:Hunter2Aa@mq1:5672,nova:Other9Bbb@mq2:5672,:th%21rd%401@mq3:5672/\n' + CONFIG)
    write(sick.top + '/var/log/nova/nova-compute.log', u''.join(u'2026 ERROR light_snapshot: %s\n' % text for text in (
        u'cannot reach rabbit://openstack:rabbit-s3cret@mq:5672/', u"{'password': 'k3yst0ne!pw', 'x': 1}", u'odd vncsecret here',
        u'X-Auth-Token: gAAAAABtokentoken', u'a plain line',
        u'refused: 8675309', u'refused: x9.', u'refused a"b\\c', u'refused "a\\"b\\\\c"', u'access denied with p@ss/w0rd',
        u'mq1 refused Hunter2Aa', u'mq2 refused Other9Bbb', u'mq3 refused th!rd@1', u'given: th%21rd%401', u'openstack on mq2:5672', u'a port 18675309 and 2468')) + u'INFO nothing of ours\n')
    answer(monkeypatch)
    path = str(tmp_path / 'support.tar.gz')
    # doctor's own findings may hold one, and JSON escapes it.
    monkeypatch.setattr(diagnosis, 'check_cloud', lambda _node: [diagnosis.Finding(
        'cloud', 'note', 'x', 'refused a"b\\c and 8675309 with 1 of 2468', '')])
    assert told(sick, '--bundle', path)[0] == 0
    assert os.stat(path).st_mode & 0o777 == 0o600
    with tarfile.open(path) as tar:
        texts = dict((member.name.partition('/')[2], tar.extractfile(member).read().decode('utf-8')) for member in tar)
    assert set(('doctor.json', 'nova.conf', 'state.json', 'log/nova-compute.log')) <= set(texts)
    for name, text in texts.items():
        for secret in SECRETS + ('gAAAAABtokentoken',):
            assert secret not in text.replace('18675309', '') and json.dumps(secret)[1:-1] not in text.replace('18675309', ''), (name, secret)
    assert 'daily_start = 03:30' in texts['nova.conf'] and 'host = compute-1' in texts['nova.conf']
    assert 'odd_name = ***' in texts['nova.conf']
    assert 'a plain line' in texts['log/nova-compute.log'] and 'nothing of ours' not in texts['log/nova-compute.log']
    # What is no secret is left: names, other numbers, and JSON is JSON.
    assert 'openstack on mq2:5672' in texts['log/nova-compute.log']
    assert 'a port 18675309 and 2468' in texts['log/nova-compute.log']
    details = [one['detail'] for one in json.loads(texts['doctor.json'])['findings']]
    assert 'refused *** and *** with 1 of 2468' in details
    assert json.loads(texts['state.json'])['phase'] == 'installed'
    # One that is there is not written over.
    code, _out, err = sick.run('doctor', '--bundle', path)
    assert code == 1 and 'File exists' in err


@pytest.mark.parametrize('value,secrets', [
    ('rabbit://nova:Hunter2Aa@mq1:5672,nova:Other9Bbb@mq2:5672/', ['Hunter2Aa', 'Other9Bbb']),
    ('rabbit://nova:Hunter2Aa@mq1:5672,mq2:5672,x:Other9Bbb@[::1]:5672/v?ssl=1', ['Hunter2Aa', 'Other9Bbb']),
    ('rabbit://nova:Hunter2Aa@mq1,rabbit://nova:Other9Bbb@mq2', ['Hunter2Aa', 'Other9Bbb']),
    ('mysql://nova:a,b:c@d@db/nova', ['a,b:c@d']),
])
def test_passwords_of_a_url(value, secrets):
    config = ini.Config()
    config.read_text(u'[a]\nx = ' + value)
    redaction = redact.Redaction(config)
    for secret in secrets:
        assert redaction.text('refused: %s.' % secret) == 'refused: ***.'
    assert redaction.text('port 5672 of mq1') == 'port 5672 of mq1'


@pytest.mark.parametrize('text,expected', [
    ('mysql+pymysql://nova:p@ss:w0rd@db/nova', 'mysql+pymysql://***@db/nova'),
    ('rabbit://a:b@h1,c:d@h2:5672/', 'rabbit://***@h2:5672/'),
    ('"adminPass": "xyz", "a": 1', '"adminPass": ***, "a": 1'),
    ('admin_password=xyz&b=2', 'admin_password=***&b=2'),
    ('Authorization: Bearer abc.def', 'Authorization: Bearer ***'),
    ('the plain rest', 'the plain rest'),
])
def test_redaction(text, expected):
    assert redact.Redaction(ini.Config()).text(text) == expected


def test_clock(sick, monkeypatch):
    """A day to come is one by the clock of this host."""
    record(sick, daily={'slot': '2026-03-01', 'taken': '2026-03-01'})
    from light_snapshot_installer import node as nodes
    node = nodes.Node(sick.root)
    at = time.mktime((2026, 2, 1, 0, 0, 0, 0, 0, 0))
    assert [one.result for one in diagnosis.check_daily(sick.root, node, {}, lambda: at)][0] == 'FAIL'
    assert [one.result for one in diagnosis.check_daily(sick.root, node, {}, lambda: at + 60 * 86400)] == ['ok']
