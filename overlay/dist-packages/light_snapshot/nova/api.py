"""The HTTP API: server actions, the resource light-snapshots, and three booleans in server bodies."""

from __future__ import absolute_import

import logging

import oslo_messaging as messaging
from webob import exc

from nova import exception
from nova import objects
from nova import servicegroup
from nova.api import validation
from nova.api.openstack import common
from nova.api.openstack import wsgi
from nova.compute import api as compute
from nova.compute import vm_states

from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import refusals
from light_snapshot.nova import rpcapi
from light_snapshot.nova import schemas
from light_snapshot.nova import state
from light_snapshot.nova import views

LOG = logging.getLogger(__name__)

expected_errors = places.find('expected_errors')

_STATES = (vm_states.ACTIVE, vm_states.STOPPED)


class NotAsked(exc.HTTPConflict):
    """A 409 for a request that never reached the compute host. Any other refusal comes from the host, which has
    given the task state back itself: whoever has it by then is somebody else."""

    code = 409


class _Base(wsgi.Controller):
    def __init__(self):
        super(_Base, self).__init__()
        self.compute_api = compute.API()
        self.rpcapi = rpcapi.ComputeAPI()
        self.servicegroup = servicegroup.API()

    def _instance(self, req, server_id, verb):
        """The server, for someone who may do this to it: 404 and 403 otherwise."""
        context = req.environ['nova.context']
        instance = common.get_instance(self.compute_api, context, server_id, expected_attrs=['flavor'])
        policy.authorize(context, verb, instance)
        return context, instance

    def _call(self, method, context, instance, **kwargs):
        """Ask the instance's host; its refusals, and its silence, become answers in words."""
        try:
            answer = getattr(self.rpcapi, method)(context, instance, **kwargs)
        except messaging.MessagingTimeout:
            raise exc.HTTPConflict(explanation='The compute host %s did not answer in time. It may still do what was '
                                               'asked: look at the server\'s events.' % instance.host)
        except messaging.RemoteError as error:
            if 'UnsupportedVersion' not in str(error.exc_type) and 'NoSuchMethod' not in str(error.exc_type):
                raise
            raise NotAsked(explanation='light-snapshot is not installed on the compute host %s. Nothing was changed.'
                                       % instance.host)
        if answer.get('code') == 404:
            raise exc.HTTPNotFound(explanation=answer['message'])
        if answer.get('code') == 409:
            raise exc.HTTPConflict(explanation=answer['message'])
        if answer.get('code'):
            raise exc.HTTPInternalServerError(explanation=answer['message'])
        return answer

    def _check_host(self, context, instance):
        if not instance.host:
            raise NotAsked(explanation='The server is on no compute host. Nothing was changed.')
        try:
            service = objects.Service.get_by_compute_host(context, instance.host)
        except exception.NotFound:
            service = None
        if service is None or not self.servicegroup.service_is_up(service):
            raise NotAsked(explanation='The compute host %s is down. Nothing was changed.' % instance.host)


class ActionController(_Base):
    """The server actions, by the original's names."""

    def _check(self, context, instance, title):
        """409 where the server's state forbids the action."""
        def refuse(why):
            raise exc.HTTPConflict(explanation='Cannot %s for server %s: %s. Nothing was changed.'
                                               % (title, instance.uuid, why))
        if getattr(instance, 'locked', False) and not context.is_admin:
            refuse('it is locked')
        if instance.vm_state not in _STATES:
            refuse('it is %s, and has to be active or stopped' % instance.vm_state)
        if instance.task_state is not None:
            refuse('another task is under way (%s)' % instance.task_state)
        if places.is_volume_backed(self.compute_api, context, instance):
            refuse('it boots from a volume, which cannot carry layers; use the volume\'s own snapshots')

    def _begin(self, context, instance, operation):
        """The action's record and the task state; whoever comes second gets a 409."""
        objects.InstanceAction.action_start(context, instance.uuid, names.ACTIONS[operation], want_result=False)
        if operation in names.TASK_STATES:
            instance.task_state = names.TASK_STATES[operation]
            try:
                instance.save(expected_task_state=[None])
            except exception.UnexpectedTaskStateError:
                raise exc.HTTPConflict(explanation='Another task has just begun for server %s. Nothing was changed.'
                                                   % instance.uuid)

    def _operate(self, req, server_id, verb, operation, title, **args):
        context, instance = self._instance(req, server_id, verb)
        self._check(context, instance, title)
        self._check_host(context, instance)
        self._begin(context, instance, operation)
        try:
            return context, instance, self._call('operate', context, instance, operation=operation, args=args)
        except NotAsked:
            self._give_back(instance, operation)
            raise

    @staticmethod
    def _give_back(instance, operation):
        try:
            instance.refresh()
            if instance.task_state == names.TASK_STATES[operation]:
                instance.task_state = None
                instance.save()
        except exception.InstanceNotFound:
            pass

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('enableSnapshot')
    @validation.schema(schemas.ENABLE)
    def _enable(self, req, id, body):
        options = body['enableSnapshot'] or {}
        context, instance, _answer = self._operate(req, id, 'enable', 'enable', 'enable light snapshots',
                                                   store=options.get('store', False))
        if 'daily' in options:
            state.write(context, instance.uuid, {'snapshot_daily': options['daily']})

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('disableSnapshot')
    @validation.schema(schemas.DISABLE)
    def _disable(self, req, id, body):
        self._operate(req, id, 'disable', 'disable', 'disable light snapshots')

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('createSnapshot')
    @validation.schema(schemas.CREATE)
    def _create(self, req, id, body):
        options = body['createSnapshot'] or {}
        _context, _instance, answer = self._operate(
            req, id, 'create', 'snapshot', 'take a light snapshot', name=options.get('name', ''),
            description=options.get('description', ''), quiesce=options.get('quiesce', False))
        return {'light_snapshot': {'index': answer['index'], 'name': options.get('name', ''),
                                   'description': options.get('description', '')}}

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('recoverInstance')
    @validation.schema(schemas.RECOVER)
    def _recover(self, req, id, body):
        options = body['recoverInstance'] or {}
        index, use_root = options.get('snap_index'), options.get('use_root', False)
        if use_root and index is not None:
            raise exc.HTTPBadRequest(explanation='use_root and snap_index exclude each other: name the root disk or '
                                                 'a restore point.')
        self._operate(req, id, 'recover', 'recover', 'recover', index=index, use_root=use_root)

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('commitSnapshot')
    @validation.schema(schemas.COMMIT)
    def _commit(self, req, id, body):
        self._operate(req, id, 'commit', 'commit', 'commit its layers')

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('storeSnapshot')
    @validation.schema(schemas.STORE)
    def _store(self, req, id, body):
        enable = body['storeSnapshot']['enable']
        self._operate(req, id, 'store', 'store', 'change the keeping of light snapshots', enable=enable)

    @wsgi.response(202)
    @expected_errors((400, 403, 404, 409))
    @wsgi.action('dailySnapshot')
    @validation.schema(schemas.DAILY)
    def _daily(self, req, id, body):
        context, instance = self._instance(req, id, 'daily')
        self._check(context, instance, 'change the daily light snapshot')
        if not state.read(context, [instance.uuid]).get(instance.uuid, {}).get('light_snapshot_enable'):
            raise exc.HTTPConflict(explanation='Light snapshots are not enabled for this server; nothing was changed. '
                                               'Enable them first.')
        self._begin(context, instance, 'daily')
        state.write(context, instance.uuid, {'snapshot_daily': body['dailySnapshot']['enable']})


class LightSnapshotsController(_Base):
    """/servers/{server_id}/light-snapshots"""

    def _points(self, req, server_id):
        context, instance = self._instance(req, server_id, 'index')
        columns = state.read(context, [instance.uuid]).get(instance.uuid, {})
        if not columns.get('light_snapshot_enable') or not instance.host:
            return columns, {'points': [], 'enabled': False}
        self._check_host(context, instance)
        return columns, self._call('points', context, instance)

    @expected_errors((403, 404, 409))
    def index(self, req, server_id):
        columns, answer = self._points(req, server_id)
        return {'light_snapshots': answer['points'], 'enabled': answer['enabled'],
                'committed': answer.get('committed', False), 'store': answer.get('store', False),
                'daily': columns.get('snapshot_daily', False), 'disks': answer.get('disks', []),
                'disks_left_out': answer.get('disks_left_out', []), 'size': answer.get('size', 0)}

    @expected_errors((403, 404, 409))
    def show(self, req, server_id, id):
        return {'light_snapshot': self._find(self._points(req, server_id)[1], id)}

    @staticmethod
    def _find(answer, index):
        for point in answer['points']:
            if str(point['index']) == index:
                return point
        raise exc.HTTPNotFound(explanation='There is no restore point %s.' % index)

    @expected_errors((400, 403, 404, 409))
    @validation.schema(schemas.UPDATE)
    def update(self, req, server_id, id, body):
        context, instance = self._instance(req, server_id, 'update')
        if not id.isdigit() or len(id) > 10:
            raise exc.HTTPNotFound(explanation='There is no restore point %s.' % id)
        change = body['light_snapshot']
        self._check_host(context, instance)
        self._call('describe', context, instance, index=int(id), name=change.get('name'),
                   description=change.get('description'))
        return self.show(req, server_id, id)


def extend():
    """What goes along with the routes: the policy's defaults, our booleans in servers' bodies, the refusals. What is
    wrapped is wrapped once, however many routers nova builds: before 16 it builds one for each version of its API."""
    policy.register()
    if getattr(extend, 'done', False):
        return
    extend.done = True
    views.extend()
    refusals.extend()


def _resource():
    return places.find('resource')(LightSnapshotsController())


def add_routes(original, self, *args, **kwargs):
    """Hook of APIRouterV21.__init__ (16 and later; before, see extension.py): our controllers, before nova builds
    its routes."""
    from nova.api.openstack.compute import routes
    # nova's own: a partial of a maker of controllers, whose last argument lists those that bring actions.
    controllers = routes.server_controller.args[-1]
    if ActionController not in controllers:
        controllers.append(ActionController)
        routes.ROUTE_LIST += (
            ('/servers/{server_id}/light-snapshots', {'GET': [_resource, 'index']}),
            ('/servers/{server_id}/light-snapshots/{id}', {'GET': [_resource, 'show'], 'PUT': [_resource, 'update']}),
        )
    extend()
    return original(self, *args, **kwargs)
