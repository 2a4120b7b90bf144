"""The stub of the compute API behind a keystone and a version document, as novaclient wants to find them."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'osc'))

import stub_api  # noqa: E402

NEWEST = '2.90'
PROJECT = '/p1'
# The servers' IDs: novaclient takes what looks like a UUID for one.
WEB = '11111111-aaaa-4aaa-8aaa-111111111111'
DB = '22222222-bbbb-4bbb-8bbb-222222222222'


class Cloud(stub_api.Api):
    """Keystone v3 under /v3 of the same port; a catalogue with the project's id in compute's URL, as Liberty has it."""

    def served_at(self, url):
        """Takes the URL that stub_api.serve() gave."""
        self.auth_url = url.replace('/v2.1', '/v3')
        self.endpoint = url + PROJECT

    def handle(self, method, address, *args):
        if address.startswith(PROJECT):
            address = address[len(PROJECT):]
        return super(Cloud, self).handle(method, address, *args)

    def _route(self, method, path, query, body, version):
        if path in ('', '/'):
            version = {'id': 'v2.1', 'status': 'CURRENT', 'version': NEWEST, 'min_version': '2.1',
                       'links': [{'rel': 'self', 'href': self.endpoint[:-len(PROJECT)] + '/'}]}
            return 200, {}, {'version': version, 'versions': [version]}
        if path.startswith('/v3'):
            return self._keystone(path)
        return super(Cloud, self)._route(method, path, query, body, version)

    def _keystone(self, path):
        if not path.endswith('/auth/tokens'):
            return 200, {}, {'version': {'id': 'v3.14', 'status': 'stable',
                                         'links': [{'rel': 'self', 'href': self.auth_url}]}}
        domain = {'id': 'default', 'name': 'Default'}
        endpoints = [{'interface': interface, 'region': 'R', 'region_id': 'R', 'id': interface, 'url': self.endpoint}
                     for interface in ('public', 'internal', 'admin')]
        return 201, {'X-Subject-Token': 'token'}, {'token': {
            'expires_at': '2999-01-01T00:00:00.000000Z', 'issued_at': '2026-01-01T00:00:00.000000Z',
            'methods': ['password'], 'roles': [], 'user': {'id': 'u', 'name': 'demo', 'domain': domain},
            'project': {'id': PROJECT[1:], 'name': 'demo', 'domain': domain},
            'catalog': [{'type': 'compute', 'name': 'nova', 'id': 'nova', 'endpoints': endpoints}]}}
