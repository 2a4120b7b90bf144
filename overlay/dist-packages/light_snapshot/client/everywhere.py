"""A light snapshot of every server: the request, its outcome for each server, and the waiting for it."""

import sys
import time

from light_snapshot.client import errors
from light_snapshot.client import options
from light_snapshot.client import progress
from light_snapshot.client import wait

SUMMARY = ('Take a light snapshot of every server that uses them, and print what became of each\n\n'
           'An administrator\'s right. Each compute host takes those of its servers a few at a time, in the background.')
OPTIONS = (options.ALL_DAILY, options.NAME, options.DESCRIPTION, options.QUIESCE, options.WAIT, options.WAIT_TIMEOUT)

# Keys of the API, and the titles of their columns.
COLUMNS = (('id', 'ID'), ('name', 'Name'), ('host', 'Host'), ('status', 'Status'), ('reason', 'Reason'))

_ACCEPTED = 'accepted'
# Ours, beside the API's: what `wait` has seen.
_DONE, _FAILED = 'done', 'failed'
# What is no reason for exit code 1: the server's own state forbids it.
_FINE = (_ACCEPTED, _DONE, 'skipped')

_UNDER_WAY = 'Not done in time; the work goes on. Look with `%s %s`.'
# A host's queue is in the memory of its nova-compute: one that was killed has told nobody.
_NOT_BEGUN = ('Not begun in time: it waits for its turn still, or nova-compute of its host was killed meanwhile and has forgotten it. '
              'Look with `%s %s`; where nothing comes, ask again: who still waits gets no second one.')


def take(compute, parsed, clock=time):
    """Asks for them and, if told so, waits; returns the API's answer, its servers as they are then."""
    found = compute.snapshot_all({'daily': parsed.daily, 'name': parsed.name, 'description': parsed.description,
                                  'quiesce': parsed.quiesce})
    if parsed.wait:
        _wait(compute, found, clock.time() + parsed.wait_timeout, clock)
    return found


def judge(found):
    """Returns if every compute host has been asked, and did what it was waited for.

    :raises CommandFailed: otherwise, once the table is printed, so that a script can tell
    """
    bad = [server for server in found['servers'] if server['status'] not in _FINE or
           server['status'] == _ACCEPTED and server['reason']]
    hosts = sorted(set(server['host'] for server in bad if server['status'].startswith('host_')))
    words = []
    if bad:
        words.append('No light snapshot, or none yet: %d of %d servers.' % (len(bad), len(found['servers'])))
    if hosts:
        words.append('Compute hosts that could not be asked: %s.' % ', '.join(hosts))
    if found.get('cells_left_out'):
        words.append('Cells whose servers are not known: %s.' % ', '.join(found['cells_left_out']))
    if words:
        raise errors.CommandFailed(' '.join(words))


def _wait(compute, found, deadline, clock):
    """Until each accepted server's action of this request is over; one after the other, since a host takes them so, too."""
    servers = [server for server in found['servers'] if server['status'] == _ACCEPTED]
    shown = progress.Line(sys.stderr)
    try:
        for number, server in enumerate(servers):
            server.update(_outcome(compute, server, found['request_id'], deadline, clock))
            shown.show({'operation': 'light snapshots', 'percent': 100 * (number + 1) // len(servers)})
    finally:
        shown.end()


def _outcome(compute, server, request_id, deadline, clock):
    """What to say of a server whose snapshot is waited for."""
    while True:
        ended, why = wait.outcome(compute, server['id'], request_id)
        if ended:
            return {'status': _FAILED, 'reason': why} if why else {'status': _DONE}
        if clock.time() >= deadline:
            return {'reason': (_UNDER_WAY if wait.is_begun(compute, server['id'], request_id) else _NOT_BEGUN) % (
                compute.events_command, server['id'])}
        clock.sleep(wait.INTERVAL)
