"""GET /os-light-snapshots/hosts: who is asked, and what is said of each host; what a service tells of itself."""

import os

import pytest

import oslo_messaging as messaging

from nova import config     # noqa: F401  nova registers its options with it
from nova import objects
from nova import servicegroup

from light_snapshot.nova import about
from light_snapshot.nova import everywhere
from light_snapshot.nova import hooks
from light_snapshot.nova import hosts
from light_snapshot.nova import manager
from light_snapshot.nova import places
from light_snapshot.nova import rpcapi

TOLD = {'version': '1.0', 'on_disk': '1.0', 'problems': []}


class Context(object):
    def __init__(self, is_admin=False, cell=None):
        self.is_admin, self.cell = is_admin, cell

    def elevated(self):
        return Context(True)


class Cloud(object):
    """Cells of hosts; `answers` says what a host tells."""

    def __init__(self):
        self.cells, self.silent, self.down, self.answers, self.asked = {'c1': ['a', 'b']}, [], [], {}, []

    def in_each_cell(self, context, function):
        assert context.is_admin
        return [function(Context(True, cell)) for cell in sorted(self.cells)], self.silent

    def services(self, _cls, context):
        return [objects.Service(host=host, binary=binary) for host in self.cells[context.cell]
                for binary in ('nova-compute', 'nova-other')]

    def service_is_up(self, service):
        return service.host not in self.down

    def about(self, context, host):
        assert host in self.cells[context.cell]
        self.asked.append(host)
        answer = self.answers.get(host, TOLD)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get(self):
        return hosts.HostsController().told(Context())


@pytest.fixture
def cloud(monkeypatch):
    objects.register_all()
    made = Cloud()
    monkeypatch.setattr(places, 'in_each_cell', made.in_each_cell)
    monkeypatch.setattr(objects.ServiceList, 'get_all', classmethod(made.services))
    monkeypatch.setattr(servicegroup, 'API', lambda *_args, **_kwargs: made)
    monkeypatch.setattr(rpcapi, 'ComputeAPI', lambda: made)
    monkeypatch.setattr(everywhere.asking.compute, 'API', lambda *_args, **_kwargs: None)
    return made


def test_each_host_of_each_cell_is_asked_once(cloud):
    cloud.cells['c2'] = ['d', 'c']
    cloud.silent = ['c9']
    cloud.answers['c'] = dict(TOLD, version='0.9', problems=['it does not hold'])
    answer = cloud.get()
    assert answer['api'] == about.told() and answer['cells_left_out'] == ['c9']
    assert [(one['host'], one['version'], one['status'], one['reason'], one['problems']) for one in answer['hosts']] == [
        ('a', '1.0', 'answered', None, []), ('b', '1.0', 'answered', None, []),
        ('c', '0.9', 'answered', None, ['it does not hold']), ('d', '1.0', 'answered', None, [])]
    assert sorted(cloud.asked) == ['a', 'b', 'c', 'd']


@pytest.mark.parametrize('told, status, words', [
    (messaging.MessagingTimeout('x'), 'host_silent', 'did not answer in time'),
    (messaging.RemoteError('UnsupportedVersion', 'x'), 'host_older', 'an older light-snapshot that does not tell its release'),
    (messaging.RemoteError('DBError', 'gone away'), 'failed', 'DBError: gone away'),
    (RuntimeError('the message queue is away'), 'failed', 'could not be asked: RuntimeError'),
    ({'unknown': 1}, 'failed', 'could not be asked: KeyError')])
def test_a_host_that_does_not_tell(cloud, told, status, words):
    cloud.answers['a'] = told
    one, other = cloud.get()['hosts']
    assert (one['status'], one['version'], one['on_disk'], one['problems']) == (status, None, None, []) and words in one['reason']
    assert other == dict(TOLD, host='b', status='answered', reason=None)


def test_a_host_that_is_down_is_not_asked(cloud):
    cloud.down = ['b']
    assert [(one['host'], one['status'], one['version']) for one in cloud.get()['hosts']] == [
        ('a', 'answered', '1.0'), ('b', 'host_down', None)]
    assert cloud.asked == ['a']


def test_a_host_that_there_was_no_time_for(cloud, monkeypatch):
    class Over(object):
        def __init__(self, _seconds):
            pass

        def start(self):
            pass

        def expired(self):
            return True
    monkeypatch.setattr(everywhere.timeutils, 'StopWatch', Over)
    cloud.down = ['b']
    one, other = cloud.get()['hosts']
    assert (one['status'], other['status'], cloud.asked) == ('host_silent', 'host_down', [])
    assert 'host a was not asked' in one['reason'] and other['reason'] == 'The compute host b is down.'


def test_what_a_service_tells_is_what_lay_there_when_it_started(monkeypatch, tmpdir):
    code = tmpdir.mkdir('light_snapshot').mkdir('nova').join('about.py')
    metadata = tmpdir.mkdir('light_snapshot.egg-info').join('PKG-INFO')
    monkeypatch.setattr(about, '__file__', str(code))
    assert about.on_disk() is None
    metadata.write('Metadata-Version: 1.0\nName: light-snapshot\nVersion: 0.2.0+x~1\nSummary: Version: 7\n')
    monkeypatch.setattr(hooks, 'problems', ['one'])
    monkeypatch.setattr(about, 'RUNS', '0.1.0')
    assert manager.Endpoint(None).about(None) == {'version': '0.1.0', 'on_disk': '0.2.0+x~1', 'problems': ['one']}
    os.unlink(str(metadata))
    assert manager.Endpoint(None).about(None)['on_disk'] is None
