"""A recovery loses data: the user is told what, and asked."""

import sys

from light_snapshot.client import errors

try:
    _read_line = raw_input
except NameError:
    _read_line = input


def confirm(compute, server_id, parsed, write):
    """Returns if the user wants it; `write` puts a text before the user.

    :raises CommandFailed: if the user does not, or cannot be asked
    """
    if parsed.yes:
        return
    point = _target(compute.points(server_id), parsed)
    # A target that is not listed: the API says what is wrong with it.
    if point is None:
        return
    if not sys.stdin.isatty():
        raise errors.CommandFailed(
            'A recovery discards what was written since the restore point. Give --yes to do it without asking.')
    write('Server %s goes back to restore point %s %sof %s.\n'
          'Everything written to its disks since then is lost, and it restarts if it is running.\n'
          'Go on? [y/N] ' % (parsed.server, point['index'], '(%s) ' % point['name'] if point.get('name') else '',
                             point['created_at']))
    try:
        answer = _read_line()
    except EOFError:
        answer = ''
    if answer.strip().lower() not in ('y', 'yes'):
        raise errors.CommandFailed('Nothing was done.')


def _target(points, parsed):
    if parsed.index is not None:
        fits = [point for point in points if point['index'] == parsed.index]
    elif parsed.use_root:
        fits = [point for point in points if point['state'] == 'root']
    else:
        fits = ([point for point in points if point['state'] == 'root'] +
                [point for point in points if point['state'] == 'last'])
    return fits[-1] if fits else None
