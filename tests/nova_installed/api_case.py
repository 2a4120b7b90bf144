"""Our API in nova's own router, in front of a stand-in for the compute host."""

import contextlib
import json
import os

import fixtures
from oslo_policy import policy
import webob

import nova.context
import nova.policy
from nova import objects
from nova import servicegroup
from nova import test
from nova.api.openstack import common
from nova.tests.unit.api.openstack import fakes

from light_snapshot.nova import notifications
from light_snapshot.nova import places
from light_snapshot.nova import rpcapi
from light_snapshot.nova import state
from light_snapshot.nova import summary

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'overlay', 'etc', 'nova', 'policy.d',
                     'light-snapshot.json')
UUID = '6f70656e-7374-4163-8b00-000000000001'
FOREIGN = '6f70656e-7374-4163-8b00-000000000002'
PROJECT = 'fade'       # from some release on the URL takes hexadecimal digits alone
HERE = '/%s/servers/%s/light-snapshots' % (PROJECT, UUID)
POINT = {'index': 3, 'parent': 2, 'name': 'n', 'description': '', 'state': 'last', 'size': 1, 'current': True, 'taken_by': None}


def linked(point=POINT):
    """A restore point as the API shows it."""
    return dict(point, links=[{'rel': 'self', 'href': 'http://localhost/v2.1%s/%d' % (HERE, point['index'])},
                              {'rel': 'bookmark', 'href': 'http://localhost%s/%d' % (HERE, point['index'])}])


class Host(object):
    """What the compute host is asked, and what it answers."""

    def __init__(self):
        self.asked, self.answer, self.more, self.describes = [], {}, {}, {}

    def operate(self, _context, _instance, operation, args):
        self.asked.append((operation, args))
        return self.answer

    def points(self, _context, _instance):
        return dict({'points': [POINT], 'enabled': True, 'committed': False, 'store': True, 'size': 1, 'disks': ['vda'],
                     'disks_left_out': []}, **self.more)

    def check(self, _context, _instance):
        self.asked.append('check')
        return self.answer

    def describe(self, _context, _instance, index, name, description):
        self.asked.append(('describe', index, name, description))
        return self.describes


NOTICES = notifications.Notices


class Notifier(object):
    """Notes what is told of, and by which service."""

    def __init__(self, teller, sent):
        self.teller, self.sent = teller, sent

    def info(self, _context, event, payload):
        self.sent.append((event, self.teller[0], payload))

    error = info


class ApiCase(test.NoDBTestCase):
    def setUp(self):
        # In its clean-up nova takes every attribute away, of which pytest has one and wants it back. What is said first
        # is done last.
        pytest_s = dict((name, value) for name, value in self.__dict__.items() if name == self._testMethodName)
        self.addCleanup(self.__dict__.update, pytest_s)
        super(ApiCase, self).setUp()
        self.host, self.written, self.saved = Host(), [], []
        self.counters, self.kept = {'count': 1, 'last_at': '2026-01-02T03:04:05Z', 'kept_bytes': 7}, 7
        self.columns = dict(state.OFF, light_snapshot_enable=True, snapshot_store=True)
        replace = self.replace
        replace(rpcapi, 'ComputeAPI', lambda: self.host)
        replace(common, 'get_instance', self._get)
        replace(state, 'read', lambda _context, uuids: dict((uuid, self.columns) for uuid in uuids))
        replace(summary, 'of', lambda _context, uuids: dict((uuid, dict(self.columns, **self.counters)) for uuid in uuids))
        replace(summary, 'kept', lambda _context, _project_id: (self.kept, True))
        replace(state, 'write', lambda _context, uuid, values: self.written.append(values))
        replace(state, 'switch_daily', lambda _context, uuid, enable, _now: self.written.append({'snapshot_daily': enable}))
        replace(places, 'is_volume_backed', lambda *_args: self.volume_backed)
        self.actions, self.events, self.notices, self.sent = [], [], [], []
        replace(objects.InstanceAction, 'action_start', classmethod(
            lambda _cls, _context, uuid, name, **_kwargs: self.actions.append((uuid, name))))
        replace(places, 'event_reporter', self._event_reporter)
        replace(places, 'notifiers', lambda *teller: [(False, Notifier(teller, self.sent))])
        replace(notifications, 'Notices', self._notices)
        replace(objects.Service, 'get_by_compute_host', classmethod(lambda *_args, **_kwargs: objects.Service()))
        replace(servicegroup.API, 'service_is_up', lambda *_args: True)
        replace(objects.Instance, 'save', lambda instance, **_kwargs: self.saved.append(instance.task_state))
        limiter = places.look('nova.api.openstack.compute.legacy_v2.limits:Limiter')
        if limiter is not None:     # the application of nova's old tests takes so many requests a minute
            replace(limiter, 'check_for_delay', lambda *_args, **_kwargs: (None, None))
        self.vm_state, self.task_state, self.volume_backed, self.locked = 'active', None, False, False
        if places.find('policies_in_code') is None:
            self._rules_from_file()
        self.as_somebody('member', 'reader')

    @contextlib.contextmanager
    def _event_reporter(self, _context, _host, name, _uuid):
        """Notes an event, and what it failed with."""
        try:
            yield
        except Exception as error:
            self.events.append((name, str(error)))
            raise
        self.events.append((name, None))

    def _notices(self, *args):
        self.notices.append(NOTICES(*args))
        return self.notices[-1]

    def told(self):
        """The notifications of nova-api since the last time: [(type, by whom, operation, index, name, enable)]."""
        for one in self.notices:
            one.wait()
        told, self.sent[:] = list(self.sent), []
        return [(event, teller) + tuple(payload[name] for name in ('operation', 'index', 'name', 'enable'))
                for event, teller, payload in told]

    def as_somebody(self, *roles):
        """Who asks from now on, with these roles in the project."""
        self.app = fakes.wsgi_app_v21(fake_auth_context=nova.context.RequestContext(
            'fake', PROJECT, roles=list(roles), is_admin='admin' in roles, auth_token=True))

    def as_admin(self):
        self.as_somebody('admin', 'member', 'reader')

    @staticmethod
    def _rules_from_file():
        """nova 12 and 13: what the installer puts into policy.d."""
        nova.policy.init()
        nova.policy._ENFORCER.load_rules()
        with open(RULES) as handle:
            nova.policy._ENFORCER.set_rules(policy.Rules.load_json(handle.read()), overwrite=False, use_conf=True)

    def replace(self, where, name, value):
        place = '%s.%s' % (where.__module__, where.__name__) if isinstance(where, type) else where.__name__
        self.useFixture(fixtures.MonkeyPatch('%s.%s' % (place, name), value))

    def _get(self, _api, context, uuid, expected_attrs=None, **_kwargs):
        if uuid not in (UUID, FOREIGN):
            raise webob.exc.HTTPNotFound(explanation='Instance could not be found')
        return objects.Instance(context, uuid=uuid, host='h', vm_state=self.vm_state,
                                task_state=self.task_state, locked=self.locked, display_name='web',
                                locked_by=None, project_id=PROJECT if uuid == UUID else 'another', user_id='fake')

    def ask(self, method, path, body=None, uuid=UUID):
        return self.request(method, '/servers/%s%s' % (uuid, path), body)

    def request(self, method, path, body=None):
        request = webob.Request.blank('/v2.1/%s%s' % (PROJECT, path), method=method)
        if body is not None:
            request.body = json.dumps(body).encode('utf-8')
            request.content_type = 'application/json'
        answer = request.get_response(self.app)
        text = answer.body.decode('utf-8')
        # What no route takes is answered by webob, in words alone.
        return answer.status_int, json.loads(text) if text and answer.content_type == 'application/json' else text

    def act(self, body, **more):
        return self.ask('POST', '/action', body, **more)
