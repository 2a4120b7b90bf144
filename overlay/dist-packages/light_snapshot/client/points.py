"""Restore points, as both command lines show and change them."""

from light_snapshot.client import errors
from light_snapshot.client import wait

LIST = 'List the restore points of a server, oldest first'
SHOW = 'Show one restore point'
DELETE = 'Delete a restore point for good'
SET = 'Change the name or the description of a restore point'

# Keys of the API, and the titles of their columns.
COLUMNS = (('index', 'Index'), ('parent', 'Parent'), ('name', 'Name'), ('created_at', 'Created At'),
           ('state', 'State'), ('size', 'Size'), ('frees', 'Frees'), ('current', 'Current'),
           ('consistency', 'Consistency'))
# Of a long list.
LONG = COLUMNS + (('taken_by', 'Taken By'), ('description', 'Description'))


def changes(parsed):
    """What `set` changes.

    :raises CommandFailed: if that is nothing
    """
    found = dict((key, getattr(parsed, key)) for key in ('name', 'description')
                 if getattr(parsed, key) is not None)
    if not found:
        raise errors.CommandFailed('Nothing to change: give --name, --description or both.')
    return found


def delete(compute, server_id, parsed):
    """Has a restore point deleted and, if told so, waits.

    :raises CommandFailed: if the work failed, or is not done in time
    """
    request_id = compute.delete_point(server_id, parsed.index)
    if parsed.wait:
        wait.until_idle(compute, server_id, request_id, parsed.wait_timeout)


def notes(listing):
    """What is to be said beside the list of restore points, a line each."""
    lines, progress, kept = [], listing.get('progress'), listing.get('retention') or {}
    if progress:
        lines.append('Under way: %s, %s.' % (
            progress['operation'], '%s of %s' % (amount(progress['done']), amount(progress['total']))
            if progress.get('percent') is None else '%d %%' % progress['percent']))
    if listing.get('preview') is not None:
        lines.append('The server previews restore point %s: keep it or undo the preview before anything else.'
                     % listing['preview'])
    limits = [words % kept[key] for key, words in (('count', 'at most %d restore points'), ('days', 'for %d days'))
              if kept.get(key) is not None]
    if limits:
        lines.append('What is kept: %s.' % ', '.join(limits))
    return lines


def amount(size):
    """Bytes in words."""
    for power, unit in ((30, 'GiB'), (20, 'MiB'), (10, 'KiB')):
        if size >= 1 << power:
            return '%.1f %s' % (float(size) / (1 << power), unit)
    return '%d bytes' % size
