"""What a check finds, as both command lines show it."""

from light_snapshot.client import errors

# Keys of the API, and the titles of their columns.
COLUMNS = (('severity', 'Severity'), ('code', 'Code'), ('file', 'File'), ('message', 'Message'),
           ('repaired', 'Repaired'))


def of(body):
    """The findings in the answer to `actions.CHECK`."""
    return (body or {}).get('findings') or []


def judge(found, parsed):
    """Returns if nothing is broken any more; a warning breaks nothing.

    :raises CommandFailed: otherwise, so that a script can tell
    """
    broken = [finding for finding in found if finding['severity'] == 'error' and not finding['repaired']]
    if broken:
        raise errors.CommandFailed('Errors that are not repaired: %d.%s' % (
            len(broken), '' if parsed.repair else ' An administrator can have --repair see to what it can.'))
