"""A Horizon in front of the stub API, for the tests of its pages."""

try:
    from unittest import mock
except ImportError:
    import mock

from novaclient import exceptions as nova_exceptions
from novaclient.v2 import servers as nova_servers

from django.contrib.messages import get_messages

from openstack_dashboard import api
from openstack_dashboard.test import helpers

import stub_api

from parsed import parse

from light_snapshot_dashboard import compat
from light_snapshot_dashboard.compat import reverse

FORM = 'horizon:project:light_snapshots:%s'
INDEX = reverse('horizon:project:instances:index')
DETAIL = reverse('horizon:project:instances:detail', args=['db-id'])
TAB = DETAIL + '?tab=instance_details__light_snapshots'


class _Response(object):
    headers = {'content-type': 'application/json'}

    def __init__(self, status, body):
        self.status_code = status
        self._body = body

    def json(self):
        return self._body


class _Client(object):
    """What novaclient's `client` is to our plugin, on the stub."""

    def __init__(self, stub):
        self._stub = stub

    def _send(self, method, address, body=None, **more):
        status, _headers, answer = self._stub.handle(method, address, body, **more)
        if status >= 400:
            raise nova_exceptions.from_response(_Response(status, answer), answer, address, method)
        return mock.Mock(status_code=status), answer

    def get(self, address, headers=None):
        version = (headers or {}).get('OpenStack-API-Version')
        more = {'version': tuple(map(int, version.split()[-1].split('.')))} if version else {}
        return self._send('GET', address, **more)

    def post(self, address, body):
        return self._send('POST', address, body)

    def put(self, address, body):
        return self._send('PUT', address, body)

    def delete(self, address):
        return self._send('DELETE', address)


class DashboardTest(helpers.TestCase):
    """A member's session; `web` has no light snapshots, `db` has three restore points."""

    def setUp(self):
        super(DashboardTest, self).setUp()
        self.stub = stub_api.Api()
        self.web = self.stub.add_server('web-id', 'web')
        self.db = self.stub.add_server('db-id', 'db')
        self.db.enabled = self.db.store = True
        self.db.add('root')
        self.db.add('last', 'before upgrade')
        self.db.add('last', 'after <b>upgrade</b>')
        for server in (self.web, self.db):
            server.flavor = self.flavors.first().id
        self.patch(compat, 'novaclient', lambda request: mock.Mock(client=_Client(self.stub)))
        self.patch(api.nova, 'server_get', self.server_get)
        self.patch(api.nova, 'server_list_paged',
                   lambda request, **_kwargs: ([self.server_get(request, 'web-id'),
                                                self.server_get(request, 'db-id')], False, False))
        # Horizon 16 and before.
        self.patch(api.nova, 'server_list',
                   lambda request, **_kwargs: ([self.server_get(request, 'web-id'),
                                                self.server_get(request, 'db-id')], False))
        self.patch(api.nova, 'extension_supported', lambda *_args: False)
        for name in ('floating_ip_supported', 'floating_ip_simple_associate_supported'):
            self.patch(api.network, name, lambda *_args: False)
        self.patch(api.keystone, 'user_get', mock.Mock(side_effect=nova_exceptions.Forbidden(403)))
        self.patch(api.network, 'server_security_groups', lambda *_args: [])
        self.patch(api.nova, 'flavor_list', lambda request: self.flavors.list())
        self.patch(api.nova, 'flavor_get', lambda request, _id: self.flavors.first())
        self.patch(api.nova, 'tenant_absolute_limits', lambda *_args, **_kwargs: self.limits['absolute'])
        self.patch(api.nova, 'instance_volumes_list', lambda *_args: [])
        self.patch(api.nova, 'is_feature_available', lambda *_args: False)
        self.patch(api.glance, 'image_list_detailed', lambda *_args, **_kwargs: (self.images.list(), False, False))
        self.patch(api.network, 'servers_update_addresses', lambda *_args, **_kwargs: None)
        self.patch(api.neutron, 'server_security_groups', lambda *_args: [])
        self.patch(api.neutron, 'floating_ip_supported', lambda *_args: False)
        self.patch(api.neutron, 'floating_ip_simple_associate_supported', lambda *_args: False)
        self.patch(api.neutron, 'is_extension_supported', lambda *_args: False)
        self.patch(api.cinder, 'volume_list', lambda *_args: [])

    def patch(self, target, name, replacement):
        # Releases differ in what they ask for.
        if not hasattr(target, name):
            return
        patcher = mock.patch.object(target, name, replacement)
        patcher.start()
        self.addCleanup(patcher.stop)

    def server_get(self, request, server_id):
        """What Horizon makes of a server's body."""
        status, _headers, answer = self.stub.handle('GET', '/servers/' + server_id)
        if status == 404:
            raise nova_exceptions.NotFound(404, 'Instance %s could not be found.' % server_id)
        body = dict(answer['server'], addresses={}, metadata={}, links=[], created='2026-01-01T00:00:00Z',
                    flavor={'id': self.flavors.first().id}, key_name='', user_id='u1')
        body['image'] = body['image'] and {'id': self.images.first().id, 'name': 'image'}
        body.update(self.extra_body)
        return api.nova.Server(nova_servers.Server(None, body, loaded=True), request)

    # What a test changes in every server's body.
    extra_body = {}

    def asked(self, method='POST'):
        """The requests that changed something: (address, body)."""
        return [(address, body) for verb, address, body in self.stub.requests if verb == method]

    def form(self, name, *args):
        return reverse(FORM % name, args=args)

    def filled(self, address, **changes):
        """What a browser sends back of a form as it came, changed like this."""
        data = dict((name, value) for name, value in self.client.get(address).context['form'].initial.items()
                    if value is not None and value is not False)
        data.update(changes)
        return dict((name, value) for name, value in data.items() if value is not None)

    def told(self, response):
        """The messages that the user reads on the next page."""
        return [str(message) for message in get_messages(response.wsgi_request)]

    def dialog(self, address):
        """(what stands beside the form, what it says is lost), each one text."""
        page = parse(self.client.get(address))
        lost = page.one(cls='light-snapshot-losses').text if page.has(cls='light-snapshot-losses') else ''
        return page.one(cls='light-snapshot-help').text, lost

    def assertDone(self, response, where=None):
        self.assertNoFormErrors(response)
        self.assertRedirectsNoFollow(response, where or TAB)

    def tab(self, server_id, **headers):
        address = reverse('horizon:project:instances:detail', args=[server_id])
        return self.client.get(address + '?tab=instance_details__light_snapshots', **headers)
