"""The compute API of the cloud that the user named, on the client's own session."""

import json
import re

from light_snapshot.client import compute
from light_snapshot.client import errors

try:
    from urllib.parse import quote, urlencode
except ImportError:
    from urllib import quote, urlencode


# What means something in a regular expression. How it is escaped, databases differ in, and nova escapes some of it itself; that any
# character may stand in its place, all of them know.
_SPECIAL = re.compile(r'[][\\.^$*+?(){}|]')


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
        if isinstance(wanted, bytes):       # Python 2
            wanted = wanted.decode('utf-8')
        try:
            return self.get('/servers/%s' % quote(wanted.encode('utf-8'), safe=''))['server']
        except errors.Refused as refused:
            if refused.code not in (400, 404):
                raise
        named = [server for server in self._like(wanted) if server['name'] == wanted]
        if not named:
            raise errors.CommandFailed('No server with a name or ID of \'%s\' exists.' % wanted)
        if len(named) > 1:
            raise errors.CommandFailed(
                'More than one server has the name \'%s\': give its ID, one of %s.'
                % (wanted, ', '.join(sorted(each['id'] for each in named))))
        return self.get('/servers/%s' % named[0]['id'])['server']

    def _like(self, name):
        """The servers that the API finds by a name, which it takes for a regular expression; all pages of them."""
        query = {'name': ('^%s$' % _SPECIAL.sub('.', name)).encode('utf-8')}
        while True:
            page = self.get('/servers?' + urlencode(sorted(query.items())))
            for server in page['servers']:
                yield server
            if not page.get('servers_links') or not page['servers']:
                return
            query['marker'] = page['servers'][-1]['id']


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
