"""The light snapshot API, reached through Horizon's own nova client."""

from light_snapshot_dashboard import compat
from light_snapshot_dashboard import overview as overview_of
from light_snapshot_dashboard import points

# The API lists so many servers at a time, and we no more than so many pages.
PAGE = 1000
MOST_PAGES = 10


def _client(request):
    return compat.novaclient(request).client


def _act(request, server_id, action, body):
    _resp, answer = _client(request).post(
        '/servers/%s/action' % server_id, body={action: body})
    return answer


def listing(request, server_id):
    """The restore points of a server, as a points.Listing."""
    _resp, body = _client(request).get(
        '/servers/%s/light-snapshots' % server_id)
    return points.Listing(body)


def show(request, server_id, index):
    """One restore point, as a points.RestorePoint."""
    _resp, body = _client(request).get(
        '/servers/%s/light-snapshots/%s' % (server_id, index))
    return points.RestorePoint(body['light_snapshot'])


def rename(request, server_id, index, name, description):
    """Give a restore point another name and description."""
    _client(request).put(
        '/servers/%s/light-snapshots/%s' % (server_id, index),
        body={'light_snapshot': {'name': name, 'description': description}})


def enable(request, server_id, store=False, daily=False):
    """Switch light snapshots on for a server."""
    _act(request, server_id, 'enableSnapshot',
         {'store': bool(store), 'daily': bool(daily)})


def disable(request, server_id):
    """Commit everything to the root disk and switch light snapshots off."""
    _act(request, server_id, 'disableSnapshot', None)


def take(request, server_id, name='', description='', quiesce=False):
    """Take a light snapshot; returns its index, or None if not told."""
    answer = _act(request, server_id, 'createSnapshot',
                  {'name': name, 'description': description,
                   'quiesce': bool(quiesce)})
    return ((answer or {}).get('light_snapshot') or {}).get('index')


def recover(request, server_id, index, safety=None):
    """Go back to a restore point.

    :param safety: keep what the disks hold now as a restore point; None: not
        said, which a host with an older light-snapshot understands as well
    """
    options = {'snap_index': int(index)}
    if safety is not None:
        options['safety'] = bool(safety)
    _act(request, server_id, 'recoverInstance', options)


def preview(request, server_id, index):
    """Have the server run on a restore point, to look at it."""
    _act(request, server_id, 'previewInstance', {'snap_index': int(index)})


def keep_preview(request, server_id):
    """Stay on what is previewed."""
    _act(request, server_id, 'keepPreview', None)


def undo_preview(request, server_id):
    """Go back to what the disks held before the preview."""
    _act(request, server_id, 'undoPreview', None)


def commit(request, server_id):
    """Commit all live layers to the root disk."""
    _act(request, server_id, 'commitSnapshot', None)


def retain(request, server_id, most, days):
    """Limit the history; None: no limit."""
    _act(request, server_id, 'retainSnapshots', {'count': most, 'days': days})


def delete(request, server_id, index):
    """Delete a restore point; its space comes back in the background."""
    _client(request).delete(
        '/servers/%s/light-snapshots/%s' % (server_id, index))


def set_store(request, server_id, on):
    """Keep every layer from now on, or no longer."""
    _act(request, server_id, 'storeSnapshot', {'enable': bool(on)})


def set_daily(request, server_id, on):
    """Take a light snapshot every day, or no longer."""
    _act(request, server_id, 'dailySnapshot', {'enable': bool(on)})


def check(request, server_id, repair=False):
    """What is wrong with a server's light snapshots, as the API tells it;
    with `repair` an administrator has what can be put right put right."""
    answer = _act(request, server_id, 'checkSnapshots',
                  {'repair': True} if repair else None)
    return (answer or {}).get('findings') or []


def last_daily(request, server_id):
    """How things stand with a server, as a points.Listing that has its newest
    daily restore point alone."""
    _resp, body = _client(request).get(
        '/servers/%s/light-snapshots?%s' % (server_id, compat.urlencode([
            ('daily', 'true'), ('sort_key', 'created_at'),
            ('sort_dir', 'desc'), ('limit', 1)])))
    found = points.Listing(body)
    # An older API takes no such query.
    found.points = sorted((each for each in found.points if each.daily),
                          key=lambda each: each.created_at or '')[-1:]
    return found


def why_none(request, server_id):
    """What nova-compute says of the last daily snapshot that it could not
    take: (when, words). None where that was taken, or nobody may know."""
    where = '/servers/%s/os-instance-actions' % server_id
    client = _client(request)
    _resp, body = client.get(where)
    # nova-compute's own have no user.
    own = [each for each in body['instanceActions']
           if each['action'] == 'light_snapshot_create' and
           not each.get('user_id')]
    last = max(own, key=lambda each: each['start_time']) if own else None
    if last is None or not last.get('message'):
        return None
    # The words of an error came with this microversion.
    _resp, body = client.get('%s/%s' % (where, last['request_id']), headers={
        'OpenStack-API-Version': 'compute 2.84'})
    for event in body['instanceAction'].get('events') or []:
        if event.get('details'):
            return last['start_time'], event['details']
    return None


def overview(request, all_projects=False):
    """The servers that use light snapshots, as an overview.Overview."""
    query, found = [('limit', PAGE)], overview_of.Overview()
    if all_projects:
        query.append(('all_projects', 1))
    for _page in range(MOST_PAGES):
        _resp, body = _client(request).get(
            '/os-light-snapshots?' + compat.urlencode(query))
        found.add(body)
        if not body.get('servers_links') or not body['servers']:
            return found
        query = [pair for pair in query if pair[0] != 'marker']
        query.append(('marker', body['servers'][-1]['id']))
    found.complete = False
    return found


def take_all(request, daily, name, description, quiesce):
    """Take a light snapshot of every server that uses them; an
    administrator's. Returns what became of each, as the API tells it."""
    _resp, body = _client(request).post('/os-light-snapshots', body={
        'snapshotAll': {'daily': bool(daily), 'name': name,
                        'description': description, 'quiesce': bool(quiesce)}})
    return body['light_snapshot_all']


def task(request, server_id):
    """What a server has under way, as nova calls it; None if nothing."""
    _resp, body = _client(request).get('/servers/%s' % server_id)
    return body['server'].get('OS-EXT-STS:task_state')


def words(error):
    """What went wrong, in the API's own words where it gave any."""
    for said in (getattr(error, 'message', None), error):
        if said:
            return compat.text_type(said)
    return type(error).__name__
