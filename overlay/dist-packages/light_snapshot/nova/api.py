"""The HTTP API: the server actions, and how they and our resources get into nova's routes."""

from __future__ import absolute_import

import time

from webob import exc

from nova.api import validation
from nova.api.openstack import wsgi
from nova.compute import vm_states

from light_snapshot.nova import asking
from light_snapshot.nova import everywhere
from light_snapshot.nova import hosts
from light_snapshot.nova import listing
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import quota
from light_snapshot.nova import refusals
from light_snapshot.nova import resource
from light_snapshot.nova import schemas
from light_snapshot.nova import state
from light_snapshot.nova import views

expected_errors = places.find('expected_errors')

# What is broken may have put the server into this state, too.
_REPAIRABLE = asking.STATES + (vm_states.ERROR,)


class ActionController(asking.Controller):
    """The server actions, by the original's names."""

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('enableSnapshot')
    @validation.schema(schemas.ENABLE)
    def _enable(self, req, id, body):
        options = body['enableSnapshot'] or {}
        store = options.get('store', False)
        # What else it switches on, whoever may not switch it on by itself may not switch on by the way.
        also = [verb for verb in ('store', 'daily') if options.get(verb)]
        context, instance, _answer = self.operate(req, id, 'enable', 'enable', 'enable light snapshots', also=also,
                                                  allow=self._allow_store if store else None, store=store)
        if options.get('daily'):
            # A request has one action, whose events nova finds by the request: this is one of them.
            self._set_daily(context, instance, True)
        elif 'daily' in options:
            state.write(context, instance.uuid, {'snapshot_daily': False})      # which it is: nothing to tell of

    def _set_daily(self, context, instance, enable):
        with self.noted(context, instance, 'daily', {'enable': enable}):
            state.switch_daily(context, instance.uuid, enable, time.time())

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('disableSnapshot')
    @validation.schema(schemas.DISABLE)
    def _disable(self, req, id, body):
        self.operate(req, id, 'disable', 'disable', 'disable light snapshots')

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('createSnapshot')
    @validation.schema(schemas.CREATE)
    def _create(self, req, id, body):
        return {'light_snapshot': self.take(req, id, body['createSnapshot'] or {})[1]}

    @staticmethod
    def _target(options):
        """The restore point that a body names, as the host's operations take it."""
        index, use_root = options.get('snap_index'), options.get('use_root', False)
        if use_root and index is not None:
            raise exc.HTTPBadRequest(explanation='use_root and snap_index exclude each other: name the root disk or '
                                                 'a restore point.')
        return {'index': index, 'use_root': use_root}

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('recoverInstance')
    @validation.schema(schemas.RECOVER)
    def _recover(self, req, id, body):
        options = body['recoverInstance'] or {}
        args = self._target(options)
        if 'safety' in options:
            args['safety'] = options['safety']
        # Not said, a server that keeps its snapshots keeps one more on the way.
        allow = self._allow_safety if options.get('safety', True) else None
        self.operate(req, id, 'recover', 'recover', 'recover', allow=allow, **args)

    @staticmethod
    def _allow_safety(context, instance):
        quota.check(context, instance, quota.ROOM + ' Or recover without keeping what the server has now (safety: false).')

    @staticmethod
    def _allow_keep(context, instance):
        quota.check(context, instance, 'Undo the preview; then delete restore points, or say how many are kept (retainSnapshots), '
                                       'preview it again and keep it.')

    @staticmethod
    def _allow_store(context, instance):
        quota.check(context, instance, quota.ROOM, keeps=True)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('previewInstance')
    @validation.schema(schemas.PREVIEW)
    def _preview(self, req, id, body):
        self.operate(req, id, 'preview', 'preview', 'preview a restore point',
                     **self._target(body['previewInstance'] or {}))

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('keepPreview')
    @validation.schema(schemas.KEEP)
    def _keep(self, req, id, body):
        self.operate(req, id, 'keep', 'keep_preview', 'keep the preview', allow=self._allow_keep)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('undoPreview')
    @validation.schema(schemas.UNDO)
    def _undo(self, req, id, body):
        self.operate(req, id, 'undo', 'undo_preview', 'undo the preview')

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('commitSnapshot')
    @validation.schema(schemas.COMMIT)
    def _commit(self, req, id, body):
        self.operate(req, id, 'commit', 'commit', 'commit its layers', allow=quota.check)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('storeSnapshot')
    @validation.schema(schemas.STORE)
    def _store(self, req, id, body):
        enable = body['storeSnapshot']['enable']
        self.operate(req, id, 'store', 'store', 'change the keeping of light snapshots',
                     allow=self._allow_store if enable else None, enable=enable)

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('retainSnapshots')
    @validation.schema(schemas.RETAIN)
    def _retain(self, req, id, body):
        self.operate(req, id, 'retain', 'retain', 'change how long light snapshots are kept', **body['retainSnapshots'])

    @wsgi.response(202)
    @expected_errors(asking.ERRORS)
    @wsgi.action('dailySnapshot')
    @validation.schema(schemas.DAILY)
    def _daily(self, req, id, body):
        context, instance = self.find(req, id, 'daily')
        enable = body['dailySnapshot']['enable']
        # None is taken of a server that is neither active nor stopped; but that none shall be can be said at any time.
        self.check_state(context, instance, 'change the daily light snapshot', asking.STATES if enable else None)
        self.check_enabled(context, instance)
        self.note(context, instance, 'daily')
        self._set_daily(context, instance, enable)

    @expected_errors(asking.ERRORS)
    @wsgi.action('checkSnapshots')
    @validation.schema(schemas.CHECK)
    def _check(self, req, id, body):
        """A check is read only: any state will do, and the server is not kept from anything else. A repair is an
        operation."""
        if (body['checkSnapshots'] or {}).get('repair'):
            _context, _instance, answer = self.operate(req, id, 'repair', 'repair', 'repair its light snapshots',
                                                       states=_REPAIRABLE)
            return wsgi.ResponseObject({'findings': answer['findings']}, code=202)
        context, instance = self.find(req, id, 'check')
        self.check_host(context, instance)
        return {'findings': self.call('check', context, instance)['findings']}


class CloudController(listing.SummaryController, everywhere.EverywhereController, hosts.HostsController):
    """/os-light-snapshots: a list of servers, a snapshot of all, and what runs on each host. One controller: before 16 a URL has one."""


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
    return places.find('resource')(resource.LightSnapshotsController())


def _cloud():
    return places.find('resource')(CloudController())


def add_routes(original, self, *args, **kwargs):
    """Hook of APIRouterV21.__init__ (16 and later; before, see extension.py): our controllers, before nova builds
    its routes."""
    from nova.api.openstack.compute import routes
    # nova's own: a partial of a maker of controllers, whose last argument lists those that bring actions.
    controllers = routes.server_controller.args[-1]
    if ActionController not in controllers:
        controllers.append(ActionController)
        routes.ROUTE_LIST += (
            ('/os-light-snapshots', {'GET': [_cloud, 'index'], 'POST': [_cloud, 'create']}),
            ('/os-light-snapshots/hosts', {'GET': [_cloud, 'hosts']}),
            ('/servers/{server_id}/light-snapshots', {'GET': [_resource, 'index'], 'POST': [_resource, 'create']}),
            ('/servers/{server_id}/light-snapshots/{id}', {
                'GET': [_resource, 'show'], 'PUT': [_resource, 'update'], 'DELETE': [_resource, 'delete']}),
        )
    extend()
    return original(self, *args, **kwargs)
