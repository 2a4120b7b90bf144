"""The compute API of the cloud that the user named, on the client's own session."""

import json

from light_snapshot.osc import errors

try:
    from urllib.parse import quote, urlencode
except ImportError:
    from urllib import quote, urlencode


class Compute(object):
    """Sends requests to the compute endpoint; a refusal becomes a CommandFailed."""

    def __init__(self, client_manager):
        self._session = client_manager.session
        # The first name is osc-lib's, the second that of clients before it.
        interface = getattr(client_manager, 'interface', None) or getattr(
            client_manager, '_interface', None)
        self._endpoint = {'service_type': 'compute'}
        if interface:
            self._endpoint['interface'] = interface
        region = getattr(client_manager, 'region_name', None) or getattr(
            client_manager, '_region_name', None)
        if region:
            self._endpoint['region_name'] = region

    def _send(self, method, path, body=None, headers=None):
        every = {'Accept': 'application/json'}
        every.update(headers or {})
        kwargs = {}
        if method != 'GET':
            every['Content-Type'] = 'application/json'
            kwargs['data'] = json.dumps(body)
        return self._session.request(
            path, method, endpoint_filter=dict(self._endpoint), headers=every,
            raise_exc=False, **kwargs)

    def get(self, path):
        """The body that GET answers with."""
        return _body(_checked(self._send('GET', path)))

    def get_or_none(self, path, microversion=None):
        """The body that GET answers with; None if the API has no such thing."""
        headers = {}
        if microversion:
            headers['OpenStack-API-Version'] = 'compute ' + microversion
        answer = self._send('GET', path, headers=headers)
        if answer.status_code in (400, 403, 404, 406):
            return None
        return _body(_checked(answer))

    def put(self, path, body):
        """The body that PUT answers with."""
        return _body(_checked(self._send('PUT', path, body)))

    def act(self, server_id, action, arguments):
        """Asks for a server action; returns (body, the request's id)."""
        answer = _checked(self._send(
            'POST', '/servers/%s/action' % server_id, {action: arguments}))
        return _body(answer), _request_id(answer)

    def server(self, wanted):
        """The server of this id or name."""
        found = self._send('GET', '/servers/%s' % quote(wanted, safe=''))
        if found.status_code == 200:
            return _body(found)['server']
        if found.status_code not in (400, 404):
            _checked(found)
        # The API takes the name for a regular expression.
        named = [server for server in self.get(
            '/servers?' + urlencode({'name': wanted}))['servers']
            if server['name'] == wanted]
        if not named:
            raise errors.CommandFailed('No server with a name or ID of \'%s\' exists.' % wanted)
        if len(named) > 1:
            raise errors.CommandFailed(
                'More than one server has the name \'%s\': give its ID, one of %s.'
                % (wanted, ', '.join(sorted(each['id'] for each in named))))
        return self.get('/servers/%s' % named[0]['id'])['server']

    def points(self, server_id):
        """The listing of a server's restore points."""
        return self.get('/servers/%s/light-snapshots' % server_id)


def _checked(answer):
    if answer.status_code >= 400:
        raise errors.CommandFailed('%s (HTTP %s)' % (_reason(answer), answer.status_code))
    return answer


def _reason(answer):
    body = _body(answer)
    if isinstance(body, dict):
        for part in [body] + [value for value in body.values() if isinstance(value, dict)]:
            message = part.get('message')
            if message and not isinstance(message, dict):
                return message
    return getattr(answer, 'reason', None) or 'The compute API refused the request'


def _body(answer):
    try:
        return answer.json()
    except ValueError:
        return None


def _request_id(answer):
    for name in ('x-openstack-request-id', 'x-compute-request-id'):
        if answer.headers.get(name):
            return answer.headers[name]
    return None
