"""The resource /servers/{server_id}/light-snapshots: a server's restore points."""

from __future__ import absolute_import

import re

from nova.api import validation
from nova.api.openstack import common
from nova.api.openstack import wsgi
from nova.compute import vm_states
from webob import exc

from light_snapshot.nova import asking
from light_snapshot.nova import links
from light_snapshot.nova import pages
from light_snapshot.nova import places
from light_snapshot.nova import queries
from light_snapshot.nova import quota
from light_snapshot.nova import schemas
from light_snapshot.nova import state

expected_errors = places.find('expected_errors')

_RENAME = 'change the name or description of a restore point'
_NO_LIMITS = {'count': None, 'days': None}
_INDEX = re.compile(r'^(0|[1-9][0-9]{0,9})\Z')


class LightSnapshotsController(asking.Controller):
    """Restore points: list, show, take, rename, delete."""

    def __init__(self):
        super(LightSnapshotsController, self).__init__()
        self._links = links.Links()

    def _points(self, req, server_id):
        """(context, the server, its columns, what its host tells of its restore points)"""
        context, instance = self.find(req, server_id, 'index')
        columns = state.read(context, [instance.uuid]).get(instance.uuid, {})
        if not columns.get('light_snapshot_enable') or not instance.host:
            return context, instance, columns, {'points': [], 'enabled': False}
        self.check_host(context, instance)
        answer = self.call('points', context, instance)
        for point in answer['points']:
            point.setdefault('taken_by', None)      # a compute host with an older light-snapshot does not know
        return context, instance, columns, answer

    @expected_errors(asking.ERRORS)
    @queries.checked(schemas.POINTS_QUERY)
    def index(self, req, server_id):
        context, instance, columns, answer = self._points(req, server_id)
        try:
            shown, more = pages.page(answer['points'], req.GET.dict_of_lists(), common.get_limit_and_marker(req)[0])
        except pages.BadQuery as error:
            raise exc.HTTPBadRequest(explanation=error.args[0])
        links = self._links.points(req, instance.uuid)
        body = {'light_snapshots': [dict(point, links=links(point['index'])) for point in shown],
                'enabled': answer['enabled'], 'committed': answer.get('committed', False),
                'store': answer.get('store', False), 'daily': columns.get('snapshot_daily', False),
                'disks': answer.get('disks', []), 'disks_left_out': answer.get('disks_left_out', []),
                'size': answer.get('size', 0), 'written': answer.get('written'), 'progress': answer.get('progress'),
                'preview': answer.get('preview'),
                'retention': answer.get('retention') or _NO_LIMITS,
                'quota': quota.of_server(context, instance, len(answer['points']))}
        if more:
            body['light_snapshots_links'] = self._links.following(
                req, 'servers/%s' % instance.uuid, 'light-snapshots', shown[-1]['index'])
        return body

    @expected_errors(asking.ERRORS)
    def show(self, req, server_id, id):
        _context, instance, _columns, answer = self._points(req, server_id)
        for point in answer['points']:
            if str(point['index']) == id:
                return {'light_snapshot': self._with_links(req, instance, point)}
        raise exc.HTTPNotFound(explanation='There is no restore point %s.' % id)

    def _with_links(self, req, instance, point):
        return dict(point, links=self._links.points(req, instance.uuid)(point['index']))

    @staticmethod
    def _number(index):
        """An index in a URL as a number: 404 for what can be none."""
        if not _INDEX.match(index):
            raise exc.HTTPNotFound(explanation='There is no restore point %s.' % index)
        return int(index)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @validation.schema(schemas.TAKE)
    def create(self, req, server_id, body):
        instance, point = self.take(req, server_id, body['light_snapshot'])
        point = self._with_links(req, instance, point)
        answer = wsgi.ResponseObject({'light_snapshot': point}, code=202)
        answer['Location'] = str(point['links'][0]['href'])
        return answer

    @expected_errors(asking.ERRORS)
    @validation.schema(schemas.UPDATE)
    def update(self, req, server_id, id, body):
        context, instance = self.find(req, server_id, 'update')
        change = dict({'name': None, 'description': None}, **body['light_snapshot'])
        change['index'] = self._number(id)
        # It takes no task state, so that the server may be in any state. But while it is on its way between hosts, or may go back to
        # the old one, what is written into the record on one of them is lost with it.
        self.check_state(context, instance, _RENAME, states=None)
        if instance.vm_state == vm_states.RESIZED:
            raise exc.HTTPConflict(explanation='Cannot %s for server %s: its resize or migration has to be confirmed or reverted first. '
                                               'Nothing was changed.' % (_RENAME, instance.uuid))
        self.check_enabled(context, instance)
        self.check_host(context, instance)
        self.note(context, instance, 'update')
        with self.noted(context, instance, 'update', change):
            self.call('describe', context, instance, **change)
        return self.show(req, server_id, id)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    def delete(self, req, server_id, id):
        self.operate(req, server_id, 'delete', 'delete', 'delete a restore point', index=self._number(id))
