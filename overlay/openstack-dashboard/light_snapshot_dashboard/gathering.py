"""The restore points of several servers in one list. Knows nothing of
Horizon."""

from light_snapshot_dashboard import points

# Each of the servers on a page is one request.
SERVERS_A_PAGE = 20

ALL = ''
SAFETY = 'safety'
KINDS = (ALL, points.KEPT, points.LAST, points.ROOT, points.DAILY, SAFETY,
         'quiesced', 'crash-consistent', 'stopped')


class Wanted(object):
    """What of them is to be shown.

    :param query: a dictionary of texts; what makes no sense in it counts as
        not said
    """

    def __init__(self, query):
        self.name = (query.get('name') or '').strip()
        self.server = (query.get('server') or '').strip()
        kind = query.get('kind') or ALL
        self.kind = kind if kind in KINDS else ALL
        try:
            self.page = max(1, int(query.get('page') or 1))
        except ValueError:
            self.page = 1

    @property
    def filtered(self):
        """True if not all are wanted."""
        return bool(self.name or self.server or self.kind)

    def query(self, page):
        """The same for another page, as pairs for an address."""
        pairs = [('name', self.name), ('server', self.server),
                 ('kind', self.kind), ('page', page if page > 1 else '')]
        return [(key, value.encode('utf-8') if hasattr(value, 'encode')
                 else value) for key, value in pairs if value]

    def servers(self, owners):
        """(those of this page, how many pages there are), by their names."""
        found = sorted((each for each in owners
                        if self.server.lower() in each.name.lower() or
                        self.server == each.id),
                       key=lambda each: (each.name.lower(), each.id))
        shown, self.page, count = page(found, self.page)
        return shown, count

    def points(self, restore_points):
        """Those of a server's that are wanted."""
        return [each for each in restore_points
                if self.name.lower() in each.name.lower() and
                self._of_kind(each)]

    def _of_kind(self, point):
        if self.kind == points.DAILY:
            return bool(point.daily)
        if self.kind == SAFETY:
            return point.safety
        return self.kind in (ALL, point.state, point.consistency)


def page(found, number):
    """(those of this page, its number or the last one's, how many there
    are)"""
    count = max(1, -(-len(found) // SERVERS_A_PAGE))
    number = min(number, count)
    begin = (number - 1) * SERVERS_A_PAGE
    return found[begin:begin + SERVERS_A_PAGE], number, count


def chosen(words):
    """{server id: [index]} of texts such as 'ID:1,2'; {} if one is none."""
    found = {}
    for word in words:
        server_id, mark, numbers = word.partition(':')
        try:
            indexes = set(int(number) for number in numbers.split(','))
        except ValueError:
            return {}
        if not server_id or not mark:
            return {}
        found.setdefault(server_id, set()).update(indexes)
    return dict((key, sorted(value)) for key, value in found.items())


def told(chosen_points):
    """The texts that `chosen` understands: of [(server id, index)]."""
    found = {}
    for server_id, index in chosen_points:
        found.setdefault(server_id, set()).add(index)
    return ['%s:%s' % (server_id, ','.join(
        str(index) for index in sorted(found[server_id])))
        for server_id in sorted(found)]
