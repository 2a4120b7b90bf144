"""A compute API that speaks docs/api.md, in memory; with `serve()` also on a local port.

It knows light snapshots as the API tells of them and has no disks: what it answers is what the surfaces are
tested against.
"""

import contextlib
import json
import re
import threading

try:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from urllib.parse import parse_qs, urlsplit
except ImportError:
    from BaseHTTPServer import BaseHTTPRequestHandler, HTTPServer
    from urlparse import parse_qs, urlsplit

KINDS = {400: 'badRequest', 403: 'forbidden', 404: 'itemNotFound', 409: 'conflictingRequest'}
TASKS = {'enableSnapshot': 'light_snapshot_enabling', 'disableSnapshot': 'light_snapshot_disabling',
         'createSnapshot': 'light_snapshot_creating', 'commitSnapshot': 'light_snapshot_committing',
         'recoverInstance': 'light_snapshot_recovering', 'storeSnapshot': 'light_snapshot_storing',
         'previewInstance': 'light_snapshot_previewing', 'keepPreview': 'light_snapshot_keeping',
         'undoPreview': 'light_snapshot_undoing', 'retainSnapshots': 'light_snapshot_retaining',
         'delete': 'light_snapshot_deleting'}
# What a preview does not stand in the way of.
IN_PREVIEW = ('keepPreview', 'undoPreview', 'checkSnapshots')


class Refused(Exception):
    """A 4xx answer."""

    def __init__(self, code, message):
        super(Refused, self).__init__(message)
        self.code = code


class Server(object):
    """A server and its restore points."""

    def __init__(self, server_id, name):
        self.id = server_id
        self.name = name
        self.status = 'ACTIVE'
        self.task = None
        self.busy_for = 0       # how many more reads of the server find the task under way
        self.fails = None       # what the next action's record says went wrong
        self.enabled = self.store = self.daily = self.committed = False
        self.points = []
        self.records = {}       # request id -> instanceAction
        self.written = 3 * 2 ** 20  # bytes in the active layer
        self.progress = None    # how far the work under way is
        self.preview = None     # index of the restore point that is previewed
        self.retention = {'count': None, 'days': None}
        self.findings = []      # what a check finds
        self.host = 'compute-1'
        self.unseen = 0         # how many more reads of an action's record find none yet

    def body(self):
        """The server as GET answers with it; each read brings the task nearer to its end."""
        task = self.task
        if self.busy_for:
            self.busy_for -= 1
        else:
            self.task = task = None
        return {'id': self.id, 'name': self.name, 'status': self.status, 'OS-EXT-STS:task_state': task,
                'tenant_id': 'p1', 'image': {'id': 'i1'}, 'light_snapshot_enabled': self.enabled,
                'snapshot_store': self.store, 'snapshot_daily': self.daily}

    def add(self, state, name='', description='', consistency='crash-consistent'):
        """Adds a restore point on top of the current one."""
        here = [point['index'] for point in self.points if point['current']]
        for point in self.points:
            point['current'] = False
            if point['state'] == 'last' and state == 'last':
                point['state'] = 'kept' if self.store else 'root'
                point['kept'] = self.store
        if not self.store and state == 'last':
            roots = [point for point in self.points if point['state'] == 'root']
            self.points = roots[-1:]
        index = 1 + max([-1] + [point['index'] for point in self.points])
        self.points.append({
            'index': index, 'parent': here[0] if here else None, 'name': name, 'description': description,
            'created_at': '2026-01-02T03:04:%02dZ' % (index % 60), 'state': state, 'size': 65536 * (index + 1),
            'current': True, 'consistency': consistency, 'frees': 1024 * index, 'safety': False, 'daily': None,
            'kept': self.store and state != 'last', 'children': 0,
            'taken_by': 'u1' if here else None})
        for point in self.points:
            point['children'] += point['index'] in here
        return self.points[-1]

    def listing(self):
        return {'light_snapshots': self.points, 'enabled': self.enabled, 'committed': self.committed, 'store': self.store,
                'daily': self.daily, 'disks': ['vda'], 'disks_left_out': [],
                'size': sum(point['size'] for point in self.points),
                'written': self.written, 'progress': self.progress, 'preview': self.preview,
                'retention': self.retention}

    def point(self, index):
        for point in self.points:
            if point['index'] == index:
                return point
        raise Refused(404, 'Restore point %s of server %s could not be found.' % (index, self.id))


def _linked(path, point):
    """A restore point as the API shows it."""
    where = 'http://api%s/%d' % (path, point['index'])
    return dict(point, links=[{'rel': 'self', 'href': where}, {'rel': 'bookmark', 'href': where}])


class Api(object):
    """Answers requests; `requests` keeps what was asked."""

    def __init__(self):
        self.servers = {}
        self.requests = []
        self.down = set()       # compute hosts
        self.refusing = {}      # compute host -> its words, for all of its servers
        self.cells_left_out = []
        self.max_limit = 1000   # servers on a page
        self.pattern = lambda text: text    # what the database makes of a name that is looked for

    def add_server(self, server_id, name):
        self.servers[server_id] = Server(server_id, name)
        return self.servers[server_id]

    def handle(self, method, address, body=None, version=(2, 1)):
        """Returns (status, headers, body); `version` is the microversion that was asked for."""
        self.requests.append((method, address, body))
        parts = urlsplit(address)
        try:
            return self._route(method, parts.path, parse_qs(parts.query), body, version)
        except Refused as refused:
            return refused.code, {}, {KINDS[refused.code]: {'code': refused.code, 'message': str(refused)}}

    def _route(self, method, path, query, body, version):
        if path in ('/servers', '/servers/detail'):
            name = query.get('name', [''])[0]
            try:
                pattern = re.compile(self.pattern(name.decode('utf-8') if isinstance(name, bytes) else name))      # Python 2
            except re.error:
                raise Refused(400, 'Invalid input for query parameters name.')
            after = query.get('marker', [''])[0]
            found = [server for _id, server in sorted(self.servers.items()) if pattern.search(server.name) and server.id > after]
            page = {'servers': [{'id': server.id, 'name': server.name} for server in found[:self.max_limit]]}
            if len(page['servers']) == self.max_limit:
                page['servers_links'] = [{'rel': 'next', 'href': 'http://api/servers?marker=' + page['servers'][-1]['id']}]
            return 200, {}, page
        if path == '/os-light-snapshots' and method == 'POST':
            return self._snapshot_all(body['snapshotAll'] or {})
        parts = path.strip('/').split('/')
        if parts[0] != 'servers' or parts[1] not in self.servers:
            raise Refused(404, 'Instance %s could not be found.' % parts[1])
        server = self.servers[parts[1]]
        rest = parts[2:]
        if rest == ['action']:
            return self._act(server, body)
        if rest == ['light-snapshots']:
            listing = server.listing()
            listing['light_snapshots'] = [_linked(path, point) for point in listing['light_snapshots']]
            return 200, {}, listing
        if rest[:1] == ['light-snapshots']:
            point = server.point(int(rest[1]))
            if method == 'PUT':
                point.update(body['light_snapshot'])
            if method == 'DELETE':
                return self._begin(server, 'delete', {'index': point['index']})
            return 200, {}, {'light_snapshot': _linked(path.rpartition('/')[0], point)}
        if rest == ['os-instance-actions']:
            return 200, {}, {'instanceActions': [
                dict((key, value) for key, value in record.items() if key != 'events')
                for _id, record in sorted(server.records.items())]}
        if rest[:1] == ['os-instance-actions']:
            server.unseen -= 1
            if rest[1] not in server.records or server.unseen >= 0:
                raise Refused(404, 'Action for request_id %s could not be found.' % rest[1])
            return 200, {}, {'instanceAction': _of_version(server.records[rest[1]], version)}
        return 200, {}, {'server': server.body()}

    def _act(self, server, body):
        (action, arguments), = body.items()
        if action == 'checkSnapshots' and not (arguments or {}).get('repair'):
            return 200, {}, {'findings': server.findings}
        return self._begin(server, action, arguments or {})

    def _snapshot_all(self, arguments):
        request_id, told = 'req-%d' % len(self.requests), []
        for server in sorted(self.servers.values(), key=lambda one: one.name):
            if not server.enabled or arguments.get('daily') and not server.daily:
                continue
            status, reason = 'accepted' if server.status == 'ACTIVE' else 'skipped', None
            if server.host in self.down:
                status, reason = 'host_down', 'The compute host %s is down.' % server.host
            elif server.host in self.refusing:
                status, reason = 'failed', self.refusing[server.host]
            told.append({'id': server.id, 'name': server.name, 'host': server.host, 'status': status, 'reason': reason})
            if told[-1]['status'] == 'accepted':
                self._record(server, request_id, 'createSnapshot')
                server.add('last', arguments.get('name', ''), arguments.get('description', ''))
        return 202, {'x-compute-request-id': request_id}, {'light_snapshot_all': {
            'request_id': request_id, 'cells_left_out': self.cells_left_out, 'servers': told}}

    @staticmethod
    def _record(server, request_id, action):
        server.records[request_id] = {'action': action, 'message': None, 'events': [{'result': 'Success'}]}
        if server.fails:
            server.records[request_id].update(
                message='Error', events=[{'result': 'Error', 'details': server.fails}])
            server.fails = None

    def _begin(self, server, action, arguments):
        if server.task and server.busy_for:
            raise Refused(409, 'Cannot \'%s\' instance %s while it is in task_state %s'
                          % (action, server.id, server.task))
        if action != 'enableSnapshot' and not server.enabled:
            raise Refused(409, 'Light snapshots are not enabled for instance %s.' % server.id)
        if server.preview is not None and action not in IN_PREVIEW:
            raise Refused(409, 'Instance %s previews restore point %s.' % (server.id, server.preview))
        answer = getattr(self, '_' + action)(server, arguments)
        request_id = 'req-%d' % len(self.requests)
        self._record(server, request_id, action)
        server.task = TASKS.get(action)
        return 202, {'x-compute-request-id': request_id}, answer

    def _enableSnapshot(self, server, arguments):
        if server.enabled:
            raise Refused(409, 'Light snapshots are enabled for instance %s already.' % server.id)
        server.enabled = True
        server.store = bool(arguments.get('store'))
        server.daily = bool(arguments.get('daily'))
        server.add('root')

    def _disableSnapshot(self, server, arguments):
        server.enabled = server.store = server.daily = False
        server.points = []

    def _createSnapshot(self, server, arguments):
        if arguments.get('quiesce'):
            raise Refused(409, 'The QEMU guest agent of instance %s does not answer.' % server.id)
        point = server.add('last', arguments.get('name', ''), arguments.get('description', ''))
        return {'light_snapshot': dict((key, point[key]) for key in ('index', 'name', 'description'))}

    @staticmethod
    def _target(server, arguments):
        if arguments.get('use_root') and arguments.get('snap_index') is not None:
            raise Refused(400, 'use_root and snap_index exclude each other.')
        if arguments.get('snap_index') is not None:
            return server.point(arguments['snap_index'])
        state = 'root' if arguments.get('use_root') else 'last'
        return [point for point in server.points if point['state'] == state][-1]

    def _recoverInstance(self, server, arguments):
        target = self._target(server, arguments)
        if arguments.get('safety') and not server.store:
            raise Refused(409, 'Instance %s does not keep its snapshots.' % server.id)
        for point in server.points:
            point['current'] = point is target

    def _previewInstance(self, server, arguments):
        server.preview = self._target(server, arguments)['index']

    def _keepPreview(self, server, arguments):
        if server.preview is None:
            raise Refused(409, 'Instance %s previews nothing.' % server.id)
        for point in server.points:
            point['current'] = point['index'] == server.preview
        server.preview = None

    def _undoPreview(self, server, arguments):
        if server.preview is None:
            raise Refused(409, 'Instance %s previews nothing.' % server.id)
        server.preview = None

    def _delete(self, server, arguments):
        server.points.remove(server.point(arguments['index']))

    def _retainSnapshots(self, server, arguments):
        server.retention = dict(server.retention, **arguments)

    def _checkSnapshots(self, server, arguments):
        server.findings = [dict(finding, repaired=True) for finding in server.findings]
        return {'findings': server.findings}

    def _commitSnapshot(self, server, arguments):
        server.points = []

    def _storeSnapshot(self, server, arguments):
        server.store = arguments['enable']

    def _dailySnapshot(self, server, arguments):
        server.daily = arguments['enable']


def _of_version(record, version):
    """nova tells an error's words from microversion 2.84 on."""
    hidden = () if version >= (2, 84) else ('details',)
    return dict(record, events=[dict((key, value) for key, value in event.items() if key not in hidden)
                                for event in record['events']])


def _version(headers):
    for name in ('OpenStack-API-Version', 'X-OpenStack-Nova-API-Version'):
        if headers.get(name):
            return tuple(int(number) for number in headers[name].split()[-1].split('.'))
    return 2, 1


@contextlib.contextmanager
def serve(api):
    """Serves `api` on a port of this machine; gives the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            length = int(self.headers.get('Content-Length') or 0)
            body = json.loads(self.rfile.read(length).decode('utf-8')) if length else None
            path = self.path[len('/v2.1'):] if self.path.startswith('/v2.1') else self.path
            status, headers, answer = api.handle(self.command, path, body, _version(self.headers))
            text = b'' if answer is None else json.dumps(answer).encode('utf-8')
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do_DELETE = _answer

        def log_message(self, *args):
            pass

    httpd = HTTPServer(('127.0.0.1', 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,))
    thread.daemon = True
    thread.start()
    try:
        yield 'http://127.0.0.1:%d/v2.1' % httpd.server_port
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


class Result(object):
    """What a command printed, and its exit code."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err


def furnish(cloud, web, db):
    """Two servers of these ids: `web` without light snapshots, and `db` with three restore points."""
    cloud.add_server(web, 'web')
    database = cloud.add_server(db, 'db')
    database.enabled = database.store = True
    database.add('root')
    database.add('last', 'before upgrade')
    database.add('last', 'after upgrade')
