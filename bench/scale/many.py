"""Snapshots of many servers: `snapshotAll`, and a daily window. What happened is read from the hosts' journals, and held against what the
API tells afterwards."""

import collections
import json
import time

import bench.scale
from bench.scale import seed
from testbed import shell


def journal(kind='snapshot', since=0.0):
    """What the hosts have written down: [{'host', 'what', 'began', 'ended', 'outcome'}], by its end."""
    found = []
    for path in bench.scale.JOURNALS.iterdir():
        for line in path.read_text().splitlines(True):
            # One that is just being written has no end yet.
            entry = json.loads(line) if line.endswith('\n') else {'kind': None}
            if entry['kind'] == kind and entry['began'] >= since:
                found.append(dict(entry, host=path.name))
    return sorted(found, key=lambda entry: entry['ended'])


def at_once(entries):
    """The most at the same time on any one host."""
    most, by_host = 0, collections.defaultdict(list)
    for entry in entries:
        by_host[entry['host']] += [(entry['began'], 1), (entry['ended'], -1)]
    for steps in by_host.values():
        now = 0
        for _when, step in sorted(steps):       # whoever ends at the very moment when another begins ends first
            now += step
            most = max(most, now)
    return most


def counts(session):
    """How many restore points the API says that each server has: {uuid: count}, page by page."""
    found, path = {}, '/os-light-snapshots?limit=500'
    while path:
        body = session.must('compute', 'GET', path)
        found.update((server['id'], server['count']) for server in body['servers'])
        links = body.get('servers_links')
        path = '/os-light-snapshots' + links[0]['href'].partition('/os-light-snapshots')[2] if links else None
    return found


class Outcome:
    """What became of one run over many servers.

    :param servers: how many there are
    :param entries: the journals' lines of this run
    """

    def __init__(self, stack, servers, began, cpu, statements):
        self.entries = journal(since=began)
        self.taken = [entry for entry in self.entries if entry['outcome'] == 'taken']
        self.seconds = self.entries[-1]['ended'] - began if self.entries else 0.0
        self.at_once = at_once(self.entries)
        after = stack.cpu()
        self.cpu = sum(after[name] - cpu[name] for name in ('hosts', 'conductor', 'ours'))
        self.statements = stack.counters['conductor'].value - statements
        self.servers = servers

    def per_server(self, what):
        return getattr(self, what) / max(len(self.taken), 1)

    @property
    def twice(self):
        """How many servers had more than one turn that took something."""
        return sum(1 for count in collections.Counter(entry['what'] for entry in self.taken).values() if count > 1)


def wait(stack, wanted, since, seconds):
    """Until so many turns are over.

    :raises TestbedError: they are not in so many seconds
    """
    def over():
        stack.check()
        return len(journal(since=since)) >= wanted
    if not shell.poll(over, seconds, 0.5):
        raise shell.TestbedError('%d of %d snapshots are over after %d s' % (len(journal(since=since)), wanted, seconds))


def snapshot_all(stack, admin, owner, servers):
    """A snapshotAll: (what it answered, seconds until then, Outcome, {uuid: how many restore points came to it})."""
    before, began, cpu, statements = counts(owner), time.time(), stack.cpu(), stack.counters['conductor'].value
    answer = admin.must('compute', 'POST', '/os-light-snapshots', {'snapshotAll': {'name': 'all'}})['light_snapshot_all']
    answered = time.time() - began
    accepted = [server['id'] for server in answer['servers'] if server['status'] == 'accepted']
    wait(stack, len(accepted), began, 1200)
    outcome = Outcome(stack, servers, began, cpu, statements)
    after = counts(owner)
    return answer, answered, outcome, {uuid: after[uuid] - before[uuid] for uuid in after}


def amiss(outcome, accepted, came):
    """Lines on the servers that were accepted and did not get exactly one: what their hosts have noted."""
    turns = collections.defaultdict(list)
    for entry in outcome.entries:
        turns[entry['what']].append('%(host)s: %(outcome)s' % entry)
    return ['%s got %d restore points; %s' % (uuid, came[uuid], ', '.join(turns[uuid]) or 'it had no turn')
            for uuid in accepted if came[uuid] != 1]


def actions(session, uuids, request):
    """What the instance actions of some servers say of the snapshot of a request: {result: count}."""
    found = collections.Counter()
    for uuid in uuids:
        action = session.must('compute', 'GET', '/servers/%s/os-instance-actions/%s' % (uuid, request))['instanceAction']
        found[action['events'][0]['result'] if action['events'] else None] += 1
    return found


def spread(count, wanted):
    """The uuids of some of the first `count` servers, on all hosts."""
    return [seed.uuid_of(number * 37 % count) for number in range(wanted)]
