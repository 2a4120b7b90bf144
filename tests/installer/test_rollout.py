"""doctor asks nova's API which light-snapshot runs where: through keystoneauth, against a keystone and a nova-api that answer."""
import json
import os
import threading

import pytest

from light_snapshot_installer import checks, errors, rollout

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer

WORDS = {'OS_USERNAME': 'admin', 'OS_PASSWORD': 'hunter2hunter2', 'OS_PROJECT_NAME': 'admin', 'OS_USER_DOMAIN_NAME': 'Default',
         'OS_PROJECT_DOMAIN_NAME': 'Default'}


def host(name='a', status='answered', version='1.0', on_disk='1.0', problems=(), reason=None):
    return {'host': name, 'status': status, 'version': version, 'on_disk': on_disk, 'problems': list(problems), 'reason': reason}


def answer(*hosts, **fields):
    """A document as docs/api.md has it."""
    return dict({'api': {'version': '1.0', 'on_disk': '1.0', 'problems': []}, 'cells_left_out': [], 'hosts': list(hosts)}, **fields)


class Cloud(object):
    """A keystone and a nova-api in one: `nova` is what the latter answers, (status, document)."""

    def __init__(self):
        self.nova, self.asked = (200, answer(host())), []
        cloud = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer()

            def do_POST(self):
                self.answer()

            def answer(self):
                body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode('utf-8')
                status, document, token = cloud.reply(self.command, self.path, self.headers.get('X-Auth-Token'), body)
                text = (document if isinstance(document, str) else json.dumps(document)).encode('utf-8')
                self.send_response(status)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(text)))
                if token:
                    self.send_header('X-Subject-Token', token)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments):
                pass
        # The library's own looks its name up, which may take a resolver's patience.
        bound = type('Bound', (HTTPServer, object), {'server_bind': lambda self: self.socket.bind(self.server_address)})
        self.server = bound(('127.0.0.1', 0), Page)
        self.url = 'http://127.0.0.1:%d' % self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def reply(self, method, path, token, body):
        """(status, document, token)"""
        self.asked.append((method, path, token))
        if path in ('/v3', '/v3/'):
            return 200, {'version': {'id': 'v3.8', 'status': 'stable', 'links': [{'rel': 'self', 'href': self.url + '/v3/'}]}}, None
        if path == '/v3/auth/tokens':
            asked = json.loads(body)['auth']
            user = asked['identity']['password']['user']
            if (user['name'], user['password'], user['domain']) != ('admin', 'hunter2hunter2', {'name': 'Default'}):
                return 401, {'error': {'code': 401, 'message': 'The request you have made requires authentication.'}}, None
            endpoints = [{'interface': interface, 'region': region, 'region_id': region, 'id': 'e', 'url': url} for interface, region, url in (
                ('public', 'one', self.url + '/v2.1'), ('public', 'two', self.url + '/two'), ('internal', 'one', self.url + '/internal'))]
            return 201, {'token': {'methods': ['password'], 'expires_at': '2099-01-01T00:00:00.000000Z',
                                   'issued_at': '2026-01-01T00:00:00.000000Z', 'project': asked['scope']['project'],
                                   'user': {'id': 'u', 'name': 'admin', 'domain': {'id': 'default', 'name': 'Default'}},
                                   'catalog': [{'type': 'compute', 'name': 'nova', 'id': 's', 'endpoints': endpoints}]}}, 't0ken'
        if path.endswith('/os-light-snapshots/hosts'):
            return self.nova + (None,)
        return 404, {}, None


@pytest.fixture
def cloud(monkeypatch):
    for name in [name for name in os.environ if name.startswith('OS_') or name.lower().endswith('_proxy')]:
        monkeypatch.delenv(name)
    made = Cloud()
    yield made
    made.stop()


def environment(cloud, **more):
    return dict(WORDS, OS_AUTH_URL=cloud.url + '/v3', **more)


@pytest.mark.parametrize('more, path', [
    ({}, '/v2.1'), ({'OS_REGION_NAME': 'two'}, '/two'), ({'OS_INTERFACE': 'internal'}, '/internal'),
    ({'OS_ENDPOINT_TYPE': 'internal', 'OS_REGION_NAME': ''}, '/internal'), ({'OS_COMPUTE_ENDPOINT_OVERRIDE': 'URL/other'}, '/other')])
def test_asked_as_a_client_asks(cloud, more, path):
    more = dict((name, word.replace('URL', cloud.url)) for name, word in more.items())
    status, document = rollout.ask(environment(cloud, **more))
    assert status == 200 and document == answer(host())
    assert cloud.asked[-1] == ('GET', path + '/os-light-snapshots/hosts', 't0ken')


def test_the_names_of_before_are_taken(cloud):
    words = environment(cloud, OS_TENANT_NAME='admin')
    del words['OS_PROJECT_NAME']
    assert rollout.ask(words)[0] == 200


@pytest.mark.parametrize('change, words', [
    ({'OS_PASSWORD': 'wrong-s3cret'}, '401'), ({'OS_AUTH_URL': 'http://127.0.0.1:1/v3'}, ''), ({'OS_AUTH_TYPE': 'v3nothing'}, 'v3nothing'),
    ({'OS_REGION_NAME': 'nowhere'}, '')])
def test_who_cannot_ask_is_told_why_without_the_password(cloud, change, words):
    given = dict(environment(cloud), **change)
    with pytest.raises(errors.InstallerError) as caught:
        rollout.ask(given)
    assert words in caught.value.what and caught.value.what and caught.value.next_step
    assert given['OS_PASSWORD'] not in caught.value.what + caught.value.next_step


def test_doctor_says_what_the_cloud_says(cloud, node, monkeypatch):
    node.add_dashboard()
    assert node.run('install')[0] == 0
    assert 'rollout' not in node.run('doctor', '--json')[1]
    for name, word in environment(cloud).items():
        monkeypatch.setenv(name, word)
    monkeypatch.setattr('light_snapshot_installer.verbs.doctor.version', lambda: '1.0')
    cloud.nova = 200, answer(host('a'), host('b', on_disk='2.0'))
    code, out, _err = node.run('doctor')
    assert code == 1 and 'FAIL  rollout: b: it runs light-snapshot 1.0, and 2.0 lies on its disk' in out
    assert 'do: run `light-snapshot install` there' in out
    path = node.top + '/bundle.tar.gz'
    _code, out, err = node.run('doctor', '--json', '--bundle', path)
    assert 'hunter2hunter2' not in out + err and 't0ken' not in out + err
    found = [one for one in json.loads(out)['findings'] if one['area'] == 'rollout']
    assert [one['result'] for one in found] == ['FAIL', 'ok']


@pytest.mark.parametrize('nova, result, words', [
    ((404, {}), 'note', 'older light-snapshot'), ((403, {}), 'note', 'answered 403'), ((500, {}), 'FAIL', 'answered 500'),
    ((200, 'no json'), 'FAIL', 'no JSON'), ((200, answer(host())), 'ok', '1 host')])
def test_each_answer(cloud, node, nova, result, words):
    cloud.nova = nova
    finding, = rollout.check(node.root, None, '1.0', environment(cloud))
    assert finding.result == result and words in finding.subject + ' ' + finding.detail
    assert (finding.advice != '') == (result != 'ok')


def test_nobody_is_asked_without_credentials_or_of_a_tree(node):
    def controller(here):
        return type('Node', (), {'controller': here})
    finding, = rollout.check(node.root, controller(True), '1.0', {})
    assert (finding.result, 'sudo -E light-snapshot doctor' in finding.advice) == ('note', True)
    assert list(rollout.check(node.root, controller(False), '1.0', {})) == []
    tree = type(node.root)(node.top, live=False)
    assert list(rollout.check(tree, controller(True), '1.0', {'OS_AUTH_URL': 'http://127.0.0.1:1'})) == []


@pytest.mark.parametrize('document, expected', [
    (answer(), []),
    (answer(host('a'), host('b')), [('ok', '2 hosts')]),
    (answer(host('a'), host('b', version='0.9', on_disk='0.9')), [('note', '1 host'), ('ok', '1 host')]),
    (answer(host('a', 'host_older', None, None, reason='r')), [('note', '1 host')]),
    (answer(host('a', 'host_down', None, None, reason='r')), [('note', '1 host')]),
    (answer(host('a', 'host_silent', None, None, reason='r'), host('b', 'host_silent', None, None, reason='r')), [('FAIL', '2 hosts')]),
    (answer(host('a', problems=['cannot extend x'])), [('FAIL', 'a'), ('ok', '1 host')]),
    (answer(host('a', version='0.9')), [('FAIL', 'a'), ('note', '1 host')]),
    (answer(host('a'), api={'version': '0.9', 'on_disk': '1.0', 'problems': ['x']}),
     [('FAIL', 'nova-api'), ('FAIL', 'nova-api'), ('note', 'nova-api'), ('ok', '1 host')]),
    (answer(host('a'), cells_left_out=['c2']), [('ok', '1 host'), ('note', 'cell c2')])])
def test_a_cloud_that_is_half_rolled_out(document, expected):
    found = list(rollout.judge('1.0', document))
    assert [(one.result, one.subject) for one in found] == expected
    assert all(one.advice for one in found if one.result != checks.OK)


def test_hosts_that_say_the_same_are_one_line():
    found, = rollout.judge('1.0', answer(*[host('h%03d' % number, 'host_older', None, None, reason='r') for number in range(500)]))
    assert found.subject == '500 hosts' and found.detail.endswith('h006, h007 and 492 more')
