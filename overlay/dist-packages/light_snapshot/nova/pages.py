"""One page of a list of restore points: what the query of a request leaves of them, in which order, how many and from where.

Pure functions over the points as the compute host tells them and a query that has been held against its schema.
"""

from oslo_utils import timeutils

#: What a list can be sorted by.
KEYS = ('index', 'name', 'created_at', 'size', 'frees', 'state')
ASCENDING, DESCENDING = 'asc', 'desc'
STATES = ('root', 'last', 'kept')
TRUE, FALSE = ('true', 'True', '1'), ('false', 'False', '0')


class BadQuery(Exception):
    """A 400; the message is for the user."""


def page(points, query, most):
    """One page of a list.

    :param points: as `manager.Endpoint.points` tells them
    :param query: {parameter: [text]}
    :param most: how many a page may have, where the query sets a limit; without one it gets all
    :returns: (the points of the page, whether more follow)
    :raises BadQuery: a marker that is no restore point, a date that is none, more directions than keys
    """
    wanted = _wanted(query)
    ordered = _after(_ordered(points, query), query)
    found = [point for point in ordered if all(fits(point) for fits in wanted)]
    limit = min(int(query['limit'][-1]), most) if 'limit' in query else len(found)
    return found[:limit], 0 < limit < len(found)


def _ordered(points, query):
    """In the order that was asked for; the oldest first among equals."""
    keys, ways = query.get('sort_key', []), query.get('sort_dir', [])
    if len(ways) > len(keys or KEYS[:1]):
        raise BadQuery('There are more sort_dir than sort_key.')
    keys = keys or ['index']
    ways = ways + [ASCENDING] * (len(keys) - len(ways))
    ordered = sorted(points, key=lambda point: point['index'])
    for key, way in reversed(list(zip(keys, ways))):
        ordered.sort(key=_value(key), reverse=way == DESCENDING)
    return ordered


def _value(key):
    """What a list is sorted by. What is not known comes before all that is."""
    def value(point):
        return (False,) if point.get(key) is None else (True, point[key])
    return value


def _after(ordered, query):
    """Those behind the marker, which need not be one of those that the filters leave."""
    if 'marker' not in query:
        return ordered
    marker = int(query['marker'][-1])
    for number, point in enumerate(ordered):
        if point['index'] == marker:
            return ordered[number + 1:]
    raise BadQuery('There is no restore point %d to go on from (marker).' % marker)


def _wanted(query):
    """The filters, each a function of a point."""
    found = []
    if 'state' in query:
        found.append(lambda point: point.get('state') in query['state'])
    if 'name' in query:
        found.append(lambda point: point.get('name') == query['name'][-1])
    for name in ('kept', 'daily', 'safety'):
        if name in query:
            found.append(_flag(name, query[name][-1] in TRUE))
    if 'created_since' in query:
        since = _time(query, 'created_since')
        found.append(lambda point: (point.get('created_at') or '') >= since)
    if 'created_before' in query:
        before = _time(query, 'created_before')
        found.append(lambda point: '' < (point.get('created_at') or '') < before)
    return found


def _flag(name, wanted):
    return lambda point: bool(point.get(name)) is wanted


def _time(query, name):
    """A moment as restore points write theirs, so that the texts compare as the moments do."""
    text = query[name][-1]
    try:
        moment = timeutils.normalize_time(timeutils.parse_isotime(text))
    except (ValueError, OverflowError):
        raise BadQuery('%s is not a time that is written as 2026-01-02T03:04:05Z: %s' % (name, text))
    return moment.replace(microsecond=0).isoformat() + 'Z'
