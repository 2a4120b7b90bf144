"""What loses data: the user is told what, and asked."""

import sys

from light_snapshot.client import errors
from light_snapshot.client import points

try:
    _read_line = raw_input
except NameError:
    _read_line = input

_RESTARTS = 'and it restarts if it is running'


def recover(compute, server_id, parsed, write):
    """Returns if the user wants to recover; `write` puts a text before the user.

    :raises CommandFailed: if the user does not, or cannot be asked
    """
    if parsed.yes:
        return
    listing = compute.listing(server_id)
    point = _target(listing['light_snapshots'], parsed)
    # A target that is not listed: the API says what is wrong with it.
    if point is None:
        return
    if listing['store'] and parsed.safety is None:
        # What the user is told has to happen: a host that takes none refuses then.
        parsed.safety = True
    if parsed.safety:
        lost = 'What it has on its disks now stays, as a restore point of its own, %s.' % _RESTARTS
    else:
        lost = 'Everything written to its disks since then is lost, %s.' % _RESTARTS
    _ask('A recovery discards what was written since the restore point.', write,
         'Server %s goes back to restore point %s.\n%s' % (parsed.server, _named(point), lost))


def delete(compute, server_id, parsed, write):
    """The same for the deletion of a restore point."""
    if parsed.yes:
        return
    point = _of_index(compute.points(server_id), parsed.index)
    if point is None:
        return
    text = 'Restore point %s of server %s is deleted for good.' % (_named(point), parsed.server)
    if point.get('frees') is not None:
        text += ' That gives back %s.' % points.amount(point['frees'])
    if point.get('children'):
        text += '\nThe restore points that stand on it stay, and what they need of it.'
    _ask('A restore point that is deleted cannot be had back.', write, text)


def keep(compute, server_id, parsed, write):
    """The same for keeping a preview."""
    _end(compute, server_id, parsed, write, 'What its disks held before the preview, and no restore point holds, is '
                                            'lost.')


def undo(compute, server_id, parsed, write):
    """The same for undoing a preview."""
    _end(compute, server_id, parsed, write, 'It goes back to what its disks held before; everything written to them in '
                                            'the preview is lost, %s.' % _RESTARTS)


def _end(compute, server_id, parsed, write, lost):
    if parsed.yes:
        return
    listing = compute.listing(server_id)
    # No preview: the API says so.
    if listing.get('preview') is None:
        return
    point = _of_index(listing['light_snapshots'], listing['preview'])
    _ask('The end of a preview discards what was written to one of two states.', write,
         'Server %s previews restore point %s.\n%s' % (
             parsed.server, _named(point) if point else listing['preview'], lost))


def _ask(why, write, text):
    if not sys.stdin.isatty():
        raise errors.CommandFailed('%s Give --yes to do it without asking.' % why)
    write(text + '\nGo on? [y/N] ')
    try:
        answer = _read_line()
    except EOFError:
        answer = ''
    if answer.strip().lower() not in ('y', 'yes'):
        raise errors.CommandFailed('Nothing was done.')


def _named(point):
    return '%s %sof %s' % (point['index'], '(%s) ' % point['name'] if point.get('name') else '', point['created_at'])


def _of_index(found, index):
    fits = [point for point in found if point['index'] == index]
    return fits[-1] if fits else None


def _target(found, parsed):
    if parsed.index is not None:
        return _of_index(found, parsed.index)
    if parsed.use_root:
        fits = [point for point in found if point['state'] == 'root']
    else:
        fits = ([point for point in found if point['state'] == 'root'] +
                [point for point in found if point['state'] == 'last'])
    return fits[-1] if fits else None
