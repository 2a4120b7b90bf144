"""The requests of docs/api.md. How they are sent is the client program's matter."""


class Compute(object):
    """The compute API of the user's cloud; each client has a subclass that sends the requests."""

    # What `send` raises when the API refuses; it has the HTTP status as `code`.
    refused = None
    # What the user types to look at a server, and at what was done with it.
    show_command = None
    events_command = None

    def send(self, method, path, body=None, microversion=None):
        """Sends one request; returns (the answer's body or None, the answer's headers).

        :raises refused: if the status is 400 or more
        """
        raise NotImplementedError()

    def get(self, path):
        """The body that GET answers with."""
        return self.send('GET', path)[0]

    def get_or_none(self, path, microversion=None):
        """The body that GET answers with; None if the API has no such thing."""
        try:
            return self.send('GET', path, microversion=microversion)[0]
        except self.refused as refused:
            if refused.code in (400, 403, 404, 406):
                return None
            raise

    def act(self, server_id, action, arguments):
        """Asks for a server action; returns (body, the request's id)."""
        body, headers = self.send('POST', '/servers/%s/action' % server_id, {action: arguments})
        return body, _request_id(headers)

    def listing(self, server_id):
        """What GET .../light-snapshots answers with: the restore points of a server, and how things stand with it."""
        return self.get('/servers/%s/light-snapshots' % server_id)

    def points(self, server_id):
        """The restore points of a server, oldest first."""
        return self.listing(server_id)['light_snapshots']

    def point(self, server_id, index):
        """One restore point, without the links to itself."""
        found = self.get('/servers/%s/light-snapshots/%d' % (server_id, index))['light_snapshot']
        return dict((key, value) for key, value in found.items() if key != 'links')

    def change_point(self, server_id, index, changes):
        """Gives a restore point another name or description."""
        self.send('PUT', '/servers/%s/light-snapshots/%d' % (server_id, index), {'light_snapshot': changes})

    def delete_point(self, server_id, index):
        """Asks for the deletion of a restore point; returns the request's id."""
        return _request_id(self.send('DELETE', '/servers/%s/light-snapshots/%d' % (server_id, index))[1])

    def snapshot_all(self, arguments):
        """Asks for a light snapshot of every server; returns the id of the request, and what is said of each server."""
        return self.send('POST', '/os-light-snapshots', {'snapshotAll': arguments})[0]['light_snapshot_all']


def _request_id(headers):
    return headers.get('x-openstack-request-id') or headers.get('x-compute-request-id')
