"""What the database alone tells of servers: the columns, and the counters that nova-compute has left in the system metadata.

One query for any number of servers of a cell, in the words that SQLAlchemy 1.0 and 2.0 both take.
"""

from __future__ import absolute_import

import sqlalchemy

from light_snapshot.nova import counters
from light_snapshot.nova import places

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
