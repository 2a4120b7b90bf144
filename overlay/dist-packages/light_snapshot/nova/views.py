"""What the bodies of servers tell of light snapshots: three booleans, and the counters."""

from __future__ import absolute_import

import functools
import logging

from light_snapshot.nova import counters
from light_snapshot.nova import places
from light_snapshot.nova import summary

LOG = logging.getLogger(__name__)

_BOOLEANS = (('light_snapshot_enabled', 'light_snapshot_enable'), ('snapshot_store', 'snapshot_store'),
             ('snapshot_daily', 'snapshot_daily'))
_COUNTERS = (('light_snapshot_count', 'count', 'integer'), ('light_snapshot_last_at', 'last_at', 'string'),
             ('light_snapshot_kept_bytes', 'kept_bytes', 'integer'))
#: The JSON schema of each.
SCHEMAS = dict([(name, {'type': 'boolean'}) for name, _column in _BOOLEANS] +
               [(name, {'type': [kind, 'null']}) for name, _counter, kind in _COUNTERS])
# A property that the body of a server has and no request.
_OF_A_SERVER = 'hostId'
_IN_LIST = 'light_snapshot.in_list'
# There once nova's router has found the controller: a body that is built without one is nobody's answer (nova's own
# tests build such, and compare them whole).
_ROUTED = 'wsgiorg.routing_args'


def extend():
    """Wrap nova's view builder of servers: one query a body, one query a cell and list."""
    builder = places.find('server_views')
    builder.show = _wrap_show(builder.show)
    builder.detail = _wrap_detail(builder.detail)
    schemas = places.find('server_schemas')
    for schema in list(vars(schemas).values()) if schemas is not None else ():
        _admit(schema)


def _admit(schema):
    """From 33 on nova holds its answers against schemas that admit nothing unknown (before, servers' have none): in each
    that describes a whole server, ours are known as well."""
    if isinstance(schema, list):
        for part in schema:
            _admit(part)
    elif isinstance(schema, dict):
        if _OF_A_SERVER in (schema.get('properties') or {}):
            schema['properties'].update(SCHEMAS)
        for part in schema.values():
            _admit(part)


def _wrap_show(original):
    @functools.wraps(original)
    def show(self, request, instance, *args, **kwargs):
        body = original(self, request, instance, *args, **kwargs)
        if _ROUTED in request.environ and not request.environ.get(_IN_LIST):
            _add([body['server']], [instance])
        return body
    return show


def _wrap_detail(original):
    @functools.wraps(original)
    def detail(self, request, instances, *args, **kwargs):
        # nova builds each entry by `show`: a query for each of them is what is avoided here.
        request.environ[_IN_LIST] = True
        try:
            body = original(self, request, instances, *args, **kwargs)
        finally:
            request.environ.pop(_IN_LIST)
        if _ROUTED in request.environ:
            _add(body['servers'], instances)
        return body
    return detail


def _add(bodies, instances):
    known = {}
    for context, uuids in _by_cell(instances):
        try:
            known.update(summary.of(context, uuids))
        except Exception:
            # A server's body is worth more than what we add to it: a cell may just be down.
            LOG.exception('light-snapshot: the columns of %d servers could not be read', len(uuids))
    for body in bodies:
        values = known.get(body['id'], counters.UNKNOWN)
        for name, column in _BOOLEANS:
            body[name] = bool(values.get(column))
        for name, counter, _kind in _COUNTERS:
            body[name] = values[counter]


def _by_cell(instances):
    """[(context that reaches the cell, [uuid])]: each instance remembers the context it was read with."""
    groups = {}
    for instance in instances:
        context = getattr(instance, '_context', None)
        if context is None or 'host' not in instance:
            continue        # a cell that is down: nova itself shows only what the API database knows
        cell = getattr(context, 'cell_uuid', None) or id(getattr(context, 'db_connection', None))
        groups.setdefault(cell, (context, []))[1].append(instance.uuid)
    return list(groups.values())
