"""The compute API of the cloud that the user named, through novaclient."""

from __future__ import absolute_import

from novaclient import api_versions
from novaclient import exceptions

from light_snapshot.client import compute


class Compute(compute.Compute):
    """Sends requests as novaclient does; a refusal is novaclient's own exception."""

    refused = exceptions.ClientException
    show_command = 'nova show'
    events_command = 'nova instance-action-list'

    def __init__(self, client):
        self._http = client.client

    def send(self, method, path, body=None, microversion=None):
        kwargs = {} if body is None else {'body': body}
        # novaclient writes the version's headers over those of the caller.
        negotiated = self._http.api_version
        if microversion:
            self._http.api_version = api_versions.APIVersion(microversion)
        try:
            answer, parsed = getattr(self._http, method.lower())(path, **kwargs)
        finally:
            self._http.api_version = negotiated
        return parsed, answer.headers
