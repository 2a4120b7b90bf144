"""The compute API of the cloud that the user named, on the client's own session."""

import json

from light_snapshot.client import compute
from light_snapshot.client import errors

try:
    from urllib.parse import quote, urlencode
except ImportError:
    from urllib import quote, urlencode


class Compute(compute.Compute):
    """Sends requests to the compute endpoint."""

    refused = errors.Refused
    show_command = 'openstack server show'
    events_command = 'openstack server event list'

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

    def send(self, method, path, body=None, microversion=None):
        headers = {'Accept': 'application/json'}
        kwargs = {}
        if microversion:
            headers['OpenStack-API-Version'] = 'compute ' + microversion
        if body is not None:
            headers['Content-Type'] = 'application/json'
            kwargs['data'] = json.dumps(body)
        answer = self._session.request(
            path, method, endpoint_filter=dict(self._endpoint), headers=headers,
            raise_exc=False, **kwargs)
        if answer.status_code >= 400:
            raise errors.Refused(answer.status_code, _reason(answer))
        return _body(answer), answer.headers

    def server(self, wanted):
        """The server of this id or name."""
        try:
            return self.get('/servers/%s' % quote(wanted, safe=''))['server']
        except errors.Refused as refused:
            if refused.code not in (400, 404):
                raise
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
