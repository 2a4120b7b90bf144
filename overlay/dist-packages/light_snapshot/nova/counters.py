"""What there is of a server's restore points, in three values that its system metadata carries: nova-compute writes them with the
columns, and nova-api shows and adds them up without asking a host.

`count`: how many restore points are listed. `last_at`: when the newest of them was taken. `kept_bytes`: what its history takes on
the host's disk.
"""

import json

#: Their key in the system metadata.
KEY = 'light_snapshot_counters'
#: Of a server without light snapshots.
NONE = {'count': 0, 'last_at': None, 'kept_bytes': 0}
#: Where nobody has written them: a compute host with an older light-snapshot.
UNKNOWN = {'count': None, 'last_at': None, 'kept_bytes': None}


def written(counters):
    """As text, which is far from the 255 characters that a value may have."""
    return json.dumps(counters, sort_keys=True, separators=(',', ':'))


def read(text):
    """Out of a text of `written`; of any other, or None: UNKNOWN."""
    try:
        found = json.loads(text or 'null')
    except ValueError:
        found = None
    if not isinstance(found, dict):
        found = {}
    return dict((name, found.get(name)) for name in UNKNOWN)
