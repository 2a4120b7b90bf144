"""What the database alone tells of servers: the columns, and the counters that nova-compute has left in the system metadata.

One query for any number of servers of a cell, in the words that SQLAlchemy 1.0 and 2.0 both take.
"""

from __future__ import absolute_import

import logging
import time

import sqlalchemy

from light_snapshot.nova import counters
from light_snapshot.nova import places

LOG = logging.getLogger(__name__)

COLUMNS = ('light_snapshot_enable', 'snapshot_committed', 'snapshot_store', 'snapshot_daily')

# `key` is a reserved word of MySQL, but not behind a point.
_FROM = (' FROM instances i LEFT JOIN instance_system_metadata m ON m.instance_uuid = i.uuid AND m.deleted = 0 AND m.key = :key'
         ' WHERE i.deleted = 0')


def of(context, uuids):
    """Some servers of the context's cell.

    :returns: {uuid: {column: boolean, counter: value}}
    """
    uuids = list(uuids)
    if not uuids:
        return {}
    params = dict(('u%d' % number, uuid) for number, uuid in enumerate(uuids))
    rows = _rows(context, 'i.uuid', 'AND i.uuid IN (%s)' % ', '.join(':u%d' % number for number in range(len(uuids))), params)
    return dict((row[0], values(row[1:])) for row in rows)


def values(row):
    """What a row tells that ends with `COLUMNS` and the counters."""
    found = dict((name, bool(value)) for name, value in zip(COLUMNS, row))
    found.update(counters.read(row[len(COLUMNS)]) if found['light_snapshot_enable'] else counters.NONE)
    return found


def _rows(context, what, where, params):
    query = sqlalchemy.text('SELECT %s, %s, m.value%s %s' % (what, ', '.join('i.' + name for name in COLUMNS), _FROM, where))
    with places.database_engine(context).connect() as connection:
        return connection.execute(query, dict(params, key=counters.KEY)).fetchall()


# ---- all cells

_KEPT = 'AND i.light_snapshot_enable = 1 AND i.project_id = :project'
_HIDDEN = 'soft-delete'     # nova's own lists do not show these either


def kept(context, project_id):
    """What the history of a project's servers takes, one query a cell.

    :returns: (bytes, whether every cell has answered)
    """
    answers, silent = places.in_each_cell(context, lambda cell: _kept_in_cell(cell, project_id))
    return sum(sum(answer) for answer in answers), not silent


def kept_nearby(context, project_id):
    """The bytes of `kept`, for a conductor: one that serves a single cell has no way to nova_api, and adds up its own cell's."""
    try:
        return kept(context, project_id)[0]
    except Exception as exc:
        LOG.debug('light-snapshot: what project %s keeps is added up in this cell alone: %s', project_id, exc)
        return sum(_kept_in_cell(context, project_id))


#: Seconds for which what a project keeps is not added up again by `lately`.
LATELY = 5
_added_up = {}      # (which function, project's id) -> (when, what it gave)


def lately(add_up, context, project_id):
    """What `kept` or `kept_nearby` gives, or has given in the last seconds. Adding up takes as long as the project has servers: what
    asks once a server, or once a page, would take as long as the square of that."""
    now, key = time.time(), (add_up, project_id)
    for old, (when, _found) in list(_added_up.items()):
        # A clock that was set back must not make it count for long.
        if not when <= now < when + LATELY:
            _added_up.pop(old, None)
    known = _added_up.get(key)
    if known is None:
        known = _added_up[key] = now, add_up(context, project_id)
    return known[1]


def _kept_in_cell(context, project_id):
    rows = _rows(context, 'i.uuid', _KEPT, {'project': project_id})
    return [values(row[1:])['kept_bytes'] or 0 for row in rows]


def page(context, limit, marker=None, project_id=None, host=None):
    """Servers for which light snapshots are enabled, by their ids, one query a cell.

    :param marker: the id behind which the page begins
    :param project_id: None: of all projects
    :returns: ([{'id', 'name', 'project_id', 'host', column: boolean, counter: value}], whether every cell has answered)
    """
    answers, silent = places.in_each_cell(context, lambda cell: _page_in_cell(cell, limit, marker, project_id, host))
    # While a server moves from one cell to another, both have it.
    found = dict((server['id'], server) for answer in answers for server in answer)
    return [found[uuid] for uuid in sorted(found)][:limit], not silent


def _page_in_cell(context, limit, marker, project_id, host):
    where, params = ['i.light_snapshot_enable = 1', '(i.vm_state IS NULL OR i.vm_state != :hidden)'], {'hidden': _HIDDEN}
    for column, sign, value in (('uuid', '>', marker), ('project_id', '=', project_id), ('host', '=', host)):
        if value is not None:
            where.append('i.%s %s :%s' % (column, sign, column))
            params[column] = value
    rows = _rows(context, 'i.uuid, i.display_name, i.project_id, i.host',
                 'AND %s ORDER BY i.uuid LIMIT %d' % (' AND '.join(where), limit), params)
    return [dict(values(row[4:]), id=row[0], name=row[1], project_id=row[2], host=row[3]) for row in rows]
