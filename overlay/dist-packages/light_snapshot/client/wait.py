"""Waiting for work that goes on in the background."""

import sys
import time

from light_snapshot.client import errors
from light_snapshot.client import progress

INTERVAL = 1.0
# From this microversion on, the events of a server action carry the error's words.
_EVENT_DETAILS = '2.84'
# How the task states begin whose work the API can tell the progress of.
_OURS = 'light_snapshot_'


def until_idle(compute, server_id, request_id, timeout, clock=time):
    """Returns when the server has no task under way any more; how far it is goes to stderr.

    :raises CommandFailed: if the work failed, or goes on after `timeout` seconds
    """
    shown = progress.Line(sys.stderr)
    try:
        server = _idle(compute, server_id, clock.time() + timeout, timeout, clock, shown)
    finally:
        shown.end()
    failure = _failure(compute, server, request_id)
    if failure:
        raise errors.CommandFailed(failure)


def _idle(compute, server_id, deadline, timeout, clock, shown):
    while True:
        server = compute.get('/servers/%s' % server_id)['server']
        task = server.get('OS-EXT-STS:task_state')
        if not task:
            return server
        if clock.time() >= deadline:
            raise errors.CommandFailed(
                'After %d seconds the server is still busy (%s). The work goes on; look with '
                '`%s %s`.' % (timeout, task, compute.show_command, server_id))
        if task.startswith(_OURS):
            shown.show(_progress(compute, server_id))
        clock.sleep(INTERVAL)


def _progress(compute, server_id):
    """How far the work is; None where the API does not tell. It is for show: no reason to give up waiting."""
    try:
        return compute.listing(server_id).get('progress')
    except compute.refused:
        return None


def outcome(compute, server_id, request_id):
    """(whether what a request asked of a server is over, what went wrong with it or None)."""
    events, whole = _action(compute, server_id, request_id)
    if not any(event.get('result') for event in events) and whole != 'Error':
        return False, None
    failed = [event for event in events if event.get('result') == 'Error']
    return True, _words(compute, {'id': server_id}, failed) if failed or whole == 'Error' else None


def is_begun(compute, server_id, request_id):
    """Whether there is a record of what a request asked of a server."""
    return compute.get_or_none('/servers/%s/os-instance-actions/%s' % (server_id, request_id)) is not None


def _action(compute, server_id, request_id):
    """(the events of a request's action, what the record says of the whole)"""
    path = '/servers/%s/os-instance-actions/%s' % (server_id, request_id)
    said = (compute.get_or_none(path, _EVENT_DETAILS) or compute.get_or_none(path) or {})
    action = said.get('instanceAction') or {}
    return action.get('events') or [], action.get('message')


def _failure(compute, server, request_id):
    """What went wrong with a request, in words; None if nothing did."""
    if request_id:
        events, whole = _action(compute, server['id'], request_id)
        failed = [event for event in events if event.get('result') == 'Error']
        if failed or whole == 'Error':
            return _words(compute, server, failed)
    if server.get('status') == 'ERROR':
        return _words(compute, server, [])
    return None


def _words(compute, server, events):
    for event in events:
        if event.get('details'):
            return event['details']
    fault = (server.get('fault') or {}).get('message')
    if fault:
        return fault
    for event in events:
        lines = (event.get('traceback') or '').strip().splitlines()
        if lines:
            return lines[-1].strip()
    return 'The work failed; look with `%s %s`.' % (compute.events_command, server['id'])
