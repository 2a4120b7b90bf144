"""The server actions: what each command asks for."""

from light_snapshot.client import errors
from light_snapshot.client import options
from light_snapshot.client import wait


class Action(object):
    """A server action, the work of which goes on in the background.

    `name` is its name on the wire, `summary` tells the user what it does, `arguments` makes its arguments out of the
    command's.
    """

    def __init__(self, name, summary, own_options=(), arguments=lambda parsed: None):
        self.name = name
        self.summary = summary
        self.options = tuple(own_options) + (options.WAIT, options.WAIT_TIMEOUT)
        self.arguments = arguments

    def act(self, compute, server_id, parsed):
        """Asks for the action and, if told so, waits; returns the answer's body.

        :raises CommandFailed: if the work failed, or is not done in time
        """
        body, request_id = compute.act(server_id, self.name, self.arguments(parsed))
        if parsed.wait:
            wait.until_idle(compute, server_id, request_id, parsed.wait_timeout)
        return body


def _switch(name, on, summary):
    return Action(name, summary, arguments=lambda parsed: {'enable': on})


def _target(parsed):
    if parsed.use_root:
        return {'use_root': True}
    if parsed.index is not None:
        return {'snap_index': parsed.index}
    return {}


def _recovery(parsed):
    found = _target(parsed)
    if parsed.safety is not None:
        found['safety'] = parsed.safety
    return found


def _limits(parsed):
    said = dict((key, getattr(parsed, key)) for key in ('count', 'days') if getattr(parsed, key) is not None)
    if not said:
        raise errors.CommandFailed('Nothing to change: give --count or --no-count, --days or --no-days.')
    return dict((key, None if value == options.NO_LIMIT else value) for key, value in said.items())


def taken(body):
    """The restore point that `CREATE` answers with: its `index`, `name` and `description`; an empty one if it says nothing."""
    return (body or {}).get('light_snapshot') or {}


ENABLE = Action(
    'enableSnapshot', 'Switch light snapshots on for a server, running or stopped', (options.STORE, options.DAILY),
    lambda parsed: {'store': parsed.store, 'daily': parsed.daily})

DISABLE = Action(
    'disableSnapshot', 'Commit everything to the root disk, forget the restore points, be a plain server again')

CREATE = Action(
    'createSnapshot', 'Take a light snapshot and print its index',
    (options.NAME, options.DESCRIPTION, options.QUIESCE),
    lambda parsed: {'name': parsed.name, 'description': parsed.description, 'quiesce': parsed.quiesce})

RECOVER = Action(
    'recoverInstance',
    'Go back to a restore point: to the last snapshot unless told otherwise\n\n'
    'Everything written to the disks since then is lost, unless a safety snapshot keeps it.',
    (options.SAFETY, options.NO_SAFETY, options.YES), _recovery)

PREVIEW = Action(
    'previewInstance',
    'Look at a restore point: at the last snapshot unless told otherwise\n\n'
    'The server runs on it, and restarts if it is running, until the preview is kept or undone.',
    arguments=_target)

KEEP = Action(
    'keepPreview', 'Stay on the restore point that is previewed\n\n'
    'What the disks held before the preview, and no restore point holds, is lost.', (options.YES,))

UNDO = Action(
    'undoPreview', 'End a preview: have what the disks held before\n\n'
    'Everything written to the disks in the preview is lost.', (options.YES,))

RETAIN = Action(
    'retainSnapshots', 'Say how many restore points are kept at most, and for how many days',
    (options.COUNT, options.NO_COUNT, options.DAYS, options.NO_DAYS), _limits)

CHECK = Action(
    'checkSnapshots', 'Compare the layers on the disk, the server\'s record and the database, and print what is wrong',
    (options.REPAIR,), lambda parsed: {'repair': True} if parsed.repair else None)

COMMIT = Action('commitSnapshot', 'Commit all live layers to the root disk')

STORE_ON = _switch(
    'storeSnapshot', True, 'Keep every layer from now on, so that every snapshot stays a restore point')
STORE_OFF = _switch('storeSnapshot', False, 'Keep only the last snapshot and the root disk from now on')

DAILY_ON = _switch('dailySnapshot', True, 'Take a light snapshot of the server every day')
DAILY_OFF = _switch('dailySnapshot', False, 'Take no daily light snapshot of the server any more')
