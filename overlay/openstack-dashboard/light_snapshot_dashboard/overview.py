"""The servers that use light snapshots, as the API lists them together.

Knows nothing of Horizon.
"""


class Owner(object):
    """A server with light snapshots. None: the API does not know."""

    # As in a server's own body, for rights.py.
    light_snapshot_enabled = True

    def __init__(self, body):
        self.id = body['id']
        self.name = body.get('name') or body['id']
        self.tenant_id = body.get('project_id')
        self.host = body.get('host')
        self.count = body.get('count')
        self.kept_bytes = body.get('kept_bytes')
        self.created_at = body.get('last_at')
        self.store = bool(body.get('store'))
        self.daily = bool(body.get('daily'))
        self.committed = bool(body.get('committed'))
        # For rights.py, which reads what the object itself holds.
        self._info = {'light_snapshot_enabled': True, 'image': True}


class Share(object):
    """What some of the servers have together."""

    def __init__(self, name):
        self.name = name
        self.servers = self.count = self.kept_bytes = self.daily = 0


class Overview(object):
    """All of them, with what of the quota is used."""

    def __init__(self):
        self.servers = []
        # False where some may be missing.
        self.complete = True
        self.kept_limit = self.kept_used = self.points_limit = None

    def add(self, body):
        """Adds one page of the API's answer."""
        self.servers.extend(Owner(each) for each in body['servers'])
        self.complete = self.complete and body.get('complete') is not False
        quota = body.get('quota') or {}
        kept = quota.get('kept_bytes') or {}
        self.kept_limit, self.kept_used = _limit(kept), kept.get('used')
        self.points_limit = _limit(quota.get('points_per_server') or {})

    @property
    def kept_percent(self):
        """How much of the quota is used, 100 at most; None if there is none."""
        if self.kept_limit is None or self.kept_used is None:
            return None
        if not self.kept_limit:
            return 100
        return min(100, 100 * self.kept_used // self.kept_limit)

    def shares(self, name_of):
        """What the servers have together that `name_of` calls the same, the
        most first; what is not known counts as nothing."""
        found = {}
        for each in self.servers:
            name = name_of(each)
            share = found.setdefault(name, Share(name))
            share.servers += 1
            share.daily += each.daily
            share.count += each.count or 0
            share.kept_bytes += each.kept_bytes or 0
        return sorted(found.values(),
                      key=lambda share: (-share.kept_bytes, share.name or ''))


def _limit(body):
    """A limit of the API, where -1 is none."""
    limit = body.get('limit')
    return None if limit is None or limit < 0 else limit
