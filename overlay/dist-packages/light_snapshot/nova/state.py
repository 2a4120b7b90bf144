"""The six columns of `nova.instances`, as an object of our own that nova-compute reaches through the conductor.

nova's own Instance object stays as it is (its fingerprint is part of nova's RPC contract), and nova's model does
not know the columns. Plain SQL, in the words that SQLAlchemy 1.0 and 2.0 both take.
"""

from __future__ import absolute_import

import logging

import sqlalchemy

from nova.objects import base
from nova.objects import fields

from light_snapshot.nova import destinations
from light_snapshot.nova import names
from light_snapshot.nova import places
from light_snapshot.nova import quota
from light_snapshot.nova import summary

LOG = logging.getLogger(__name__)

COLUMNS = ('light_snapshot_enable', 'snapshot_committed', 'snapshot_index', 'root_index', 'snapshot_store',
           'snapshot_daily')
FLAGS = ('light_snapshot_enable', 'snapshot_committed', 'snapshot_store', 'snapshot_daily')
#: In an instance's system metadata: when its daily snapshots were switched on, in seconds since 1970. Not known where an older
#: light-snapshot, or the original project, has switched them on.
DAILY_SINCE = 'light_snapshot_daily_since'
OFF = {'light_snapshot_enable': False, 'snapshot_committed': None, 'snapshot_index': None, 'root_index': None,
       'snapshot_store': None, 'snapshot_daily': None}


def registered(original, *args, **kwargs):
    """Hook: this module's import has registered the object. Live migrations ask their destination from now on."""
    destinations.extend()
    return original(*args, **kwargs)


def read(context, uuids):
    """The columns of some instances of the context's cell, in one query.

    :returns: {uuid: {column: value}}; flags are booleans
    """
    uuids = list(uuids)
    if not uuids:
        return {}
    params = dict(('u%d' % number, uuid) for number, uuid in enumerate(uuids))
    query = sqlalchemy.text('SELECT uuid, %s FROM instances WHERE deleted = 0 AND uuid IN (%s)' % (
        ', '.join(COLUMNS), ', '.join(':u%d' % number for number in range(len(uuids)))))
    with places.database_engine(context).connect() as connection:
        rows = connection.execute(query, params).fetchall()
    return dict((row[0], _values(row[1:])) for row in rows)


def _values(row):
    values = dict(zip(COLUMNS, row))
    for name in FLAGS:
        values[name] = bool(values[name])
    return values


def is_enabled(context, instance):
    """Whether light snapshots are on for a server of the context's cell. Where the columns cannot be read (a cell that came after the
    installation, a database of another kind) the mark tells, which nova keeps: what nova does to its servers goes on there."""
    try:
        return bool(read(context, [instance.uuid]).get(instance.uuid, {}).get('light_snapshot_enable'))
    except Exception as exc:
        LOG.warning('light-snapshot: the columns of server %s cannot be read; its system metadata says whether light snapshots are on: %s',
                    instance.uuid, exc)
        return instance.system_metadata.get(names.MARK) == names.MARKED


def write(context, uuid, values):
    """Set some of the columns of one instance."""
    for name in values:
        if name not in COLUMNS:
            raise ValueError('not a column of light-snapshot: %r' % name)
    query = sqlalchemy.text('UPDATE instances SET %s WHERE uuid = :uuid AND deleted = 0' % ', '.join(
        '%s = :%s' % (name, name) for name in sorted(values)))
    with places.database_engine(context).begin() as connection:
        connection.execute(query, dict(values, uuid=uuid))


# nova's table, whose column `key` has to be quoted: how, SQLAlchemy knows.
_METADATA = sqlalchemy.sql.table('instance_system_metadata', *[
    sqlalchemy.sql.column(name) for name in ('instance_uuid', 'key', 'value', 'deleted')])


def switch_daily(context, uuid, enable, now):
    """Switch the daily snapshots of one instance on or off. Where they were off, the moment is noted: none is due whose time came
    before. One row of nova's is written, since whoever saves an instance's system metadata writes all of it as he has read it.

    :param now: in seconds since 1970
    """
    if not enable:
        write(context, uuid, {'snapshot_daily': False})
        return
    query = sqlalchemy.text('UPDATE instances SET snapshot_daily = :on WHERE uuid = :uuid AND deleted = 0 AND '
                            'COALESCE(snapshot_daily, 0) = 0')
    with places.database_engine(context).begin() as connection:
        if connection.execute(query, {'on': True, 'uuid': uuid}).rowcount:
            connection.execute(_METADATA.delete().where(_METADATA.c.instance_uuid == uuid).where(_METADATA.c.key == DAILY_SINCE))
            connection.execute(_METADATA.insert().values(instance_uuid=uuid, key=DAILY_SINCE, value='%d' % now, deleted=0))


def daily_since(instance):
    """When the daily snapshots of an instance were switched on, in seconds since 1970; 0 where that is not known."""
    text = instance.system_metadata.get(DAILY_SINCE) or ''
    return int(text) if text.isdigit() else 0


@base.NovaObjectRegistry.register
class LightSnapshotState(base.NovaObject):
    """The columns of one instance."""

    VERSION = '1.0'

    fields = {
        'uuid': fields.UUIDField(),
        'light_snapshot_enable': fields.BooleanField(),
        'snapshot_committed': fields.BooleanField(),
        'snapshot_index': fields.IntegerField(nullable=True),
        'root_index': fields.IntegerField(nullable=True),
        'snapshot_store': fields.BooleanField(),
        'snapshot_daily': fields.BooleanField(),
    }

    @places.remotable_classmethod
    def get(cls, context, uuid):
        """:returns: the state; everything off for an instance that is not there"""
        values = read(context, [uuid]).get(uuid) or _values([None] * len(COLUMNS))
        return cls(context=context, uuid=uuid, **values)

    @places.remotable_classmethod
    def put(cls, context, uuid, values):
        """Set some columns; gives the new state."""
        write(context, uuid, values)
        return cls.get(context, uuid)


def daily_of(context, host):
    """The uuids of the servers of a host of which a snapshot is to be taken every day, in one query."""
    query = sqlalchemy.text('SELECT uuid FROM instances WHERE deleted = 0 AND host = :host AND light_snapshot_enable = 1 '
                            'AND snapshot_daily = 1')
    with places.database_engine(context).connect() as connection:
        return [row[0] for row in connection.execute(query, {'host': host}).fetchall()]


def enabled(context, daily):
    """The servers of the context's cell for which light snapshots are on, in one query.

    :param daily: only those of which one is to be taken every day
    :returns: [{'id', 'name', 'host', 'vm_state'}], by name
    """
    query = sqlalchemy.text('SELECT uuid, display_name, host, vm_state FROM instances WHERE deleted = 0 AND '
                            'light_snapshot_enable = 1%s ORDER BY display_name, uuid'
                            % (' AND snapshot_daily = 1' if daily else ''))
    with places.database_engine(context).connect() as connection:
        return [dict(zip(('id', 'name', 'host', 'vm_state'), row)) for row in connection.execute(query).fetchall()]


@base.NovaObjectRegistry.register
class LightSnapshotDaily(base.NovaObject):
    """The servers of one host of which a snapshot is to be taken every day. An object of its own, so that a conductor with an
    older light-snapshot refuses this question and no other."""

    VERSION = '1.0'

    fields = {'host': fields.StringField(), 'uuids': fields.ListOfStringsField()}

    @places.remotable_classmethod
    def get(cls, context, host):
        return cls(context=context, host=host, uuids=daily_of(context, host))


@base.NovaObjectRegistry.register
class LightSnapshotQuota(base.NovaObject):
    """Whether a project keeps all it may, by the limit in the nova.conf of whoever answers: the conductor."""

    VERSION = '1.0'

    fields = {'project_id': fields.StringField(), 'exceeded': fields.StringField(nullable=True)}

    @places.remotable_classmethod
    def get(cls, context, project_id):
        """:returns: `exceeded` is what `quota.of_kept` says"""
        # A window asks once a server.
        exceeded = quota.of_kept(context, project_id, lambda *who: summary.lately(summary.kept_nearby, *who))
        return cls(context=context, project_id=project_id, exceeded=exceeded)


def of_record(record):
    """The columns' values that say what a record says (None: not enabled)."""
    if record is None:
        return dict(OFF)
    return {'light_snapshot_enable': True, 'snapshot_committed': record.committed, 'snapshot_index': record.index,
            'root_index': record.root['index'], 'snapshot_store': record.store}
