"""Restore points, as both command lines show and change them."""

from light_snapshot.client import errors

LIST = 'List the restore points of a server, oldest first'
SHOW = 'Show one restore point'
SET = 'Change the name or the description of a restore point'

# Keys of the API, and the titles of their columns.
COLUMNS = (('index', 'Index'), ('parent', 'Parent'), ('name', 'Name'), ('created_at', 'Created At'),
           ('state', 'State'), ('size', 'Size'), ('current', 'Current'), ('consistency', 'Consistency'))


def changes(parsed):
    """What `set` changes.

    :raises CommandFailed: if that is nothing
    """
    found = dict((key, getattr(parsed, key)) for key in ('name', 'description')
                 if getattr(parsed, key) is not None)
    if not found:
        raise errors.CommandFailed('Nothing to change: give --name, --description or both.')
    return found
