"""How many restore points a server may have, and how much a project may keep: asked in nova-api, before anything changes, and what
a project keeps by nova-compute as well, before a daily snapshot (see `state.LightSnapshotQuota`).

What is used is what nova-compute has left in the database (see `counters`); where that is not known, nothing is refused. Only a
server that keeps its snapshots comes to have more of them.
"""

from __future__ import absolute_import

import logging

from oslo_config import cfg
from webob import exc

from light_snapshot.nova import options
from light_snapshot.nova import summary

LOG = logging.getLogger(__name__)

GIB = 2 ** 30
UNLIMITED = -1


def limits():
    """{'points': restore points a server, 'kept_bytes': bytes a project}; UNLIMITED where there is no limit."""
    values = options.quota(cfg.CONF)
    gigabytes = values['max_kept_gigabytes_per_project']
    return {'points': values['max_points_per_server'],
            'kept_bytes': UNLIMITED if gigabytes == UNLIMITED else gigabytes * GIB}


#: What makes room.
ROOM = 'Delete restore points, or say how many are kept (retainSnapshots), then try again.'


def check(context, instance, remedy=ROOM, keeps=False):
    """See that a server may have one more restore point.

    :param remedy: what the user can do, in sentences
    :param keeps: it is to keep its snapshots from now on, so that what it has now becomes restore points; else it is asked of one
        that keeps them already
    :raises HTTPForbidden: it may not
    """
    limit = limits()
    if limit['points'] == limit['kept_bytes'] == UNLIMITED:
        return
    server = summary.of(context, [instance.uuid]).get(instance.uuid, {})
    if bool(server.get('light_snapshot_enable') and server['snapshot_store']) == keeps:
        return
    count = server.get('count') or 0
    if limit['points'] != UNLIMITED and count >= limit['points']:
        _refuse('restore points: server %s has %d, and %d are allowed for each server (max_points_per_server)'
                % (instance.uuid, count, limit['points']), remedy)
    full = of_kept(context, instance.project_id)
    if full is not None:
        _refuse(full, remedy)


def of_kept(context, project_id, kept=None):
    """What is exceeded where a project keeps all it may, as the words behind 'Quota exceeded for'; None where there is room.

    :param kept: of (context, project_id) gives the bytes; else every cell is asked
    """
    limit = limits()['kept_bytes']
    if limit == UNLIMITED:
        return None
    used = kept(context, project_id) if kept else summary.kept(context, project_id)[0]
    if used < limit:
        return None
    return ('kept light snapshots: those of project %s take %.1f GiB, and %d GiB are allowed for each project '
            '(max_kept_gigabytes_per_project)' % (project_id, float(used) / GIB, limit // GIB))


def _refuse(what, remedy):
    raise exc.HTTPForbidden(explanation='Quota exceeded for %s. Nothing was changed. %s' % (what, remedy))


def of_server(context, instance, points):
    """The limits of a server that has so many restore points, and what is used of them. What its project keeps is looked up
    where there is a limit, else it is None."""
    limit, used = limits(), None
    if limit['kept_bytes'] != UNLIMITED:
        used = summary.lately(summary.kept, context, instance.project_id)[0]
    return {'points': {'limit': limit['points'], 'used': points}, 'kept_bytes': {'limit': limit['kept_bytes'], 'used': used}}


def of_project(context, project_id):
    """The limits of a project, and what is used of them."""
    limit = limits()
    return {'points_per_server': {'limit': limit['points']},
            'kept_bytes': {'limit': limit['kept_bytes'], 'used': summary.lately(summary.kept, context, project_id)[0]}}
