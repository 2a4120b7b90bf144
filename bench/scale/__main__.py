"""python3 -m bench.scale: what light snapshots cost among 100 servers and among 1,000. As root, where the testbed is up."""

import argparse
import os
import signal
import statistics
import sys
import time

import bench
import bench.scale
from bench import table
from bench.__main__ import NAMES
from bench.scale import daily, lists, many
from bench.scale.stack import Stack, session
from testbed import services, shell

FLAT = 1.25             # what one server may cost among many, against among few
START = 0.25            # seconds of a start of all hosts that each server takes, at most
PAGE, SMALL = 1000, 20  # servers on a page: nova's default, and Horizon's
LOST = bench.scale.HOSTS[-1]
#: What of the testbed is used. It is not brought up here: somebody else may be at work on it.
NEEDED = ('mariadb', 'rabbitmq-server', 'memcached', 'keystone', 'neutron-api')


class Size:
    """What is measured with so many servers in the cloud.

    :param points: {how many restore points a server may have by now}
    """

    def __init__(self, stack, servers, count, points):
        self.servers = servers
        sides = {name: stack.side('demo', name) for name in ('ours', 'plain')}
        ours = {'ours': sides['ours']}

        def whole(wanted, key='light_snapshot_count'):
            def check(name, body):
                told = [server.get(key) for server in body['servers']]
                assert len(told) == wanted and set(told) <= (points if name == 'ours' else {None}), '%s: %d, %r' % (name, len(told), set(told))
            return check
        self.page = lists.measure(sides, '/servers/detail?limit=%d' % PAGE, count, whole(servers))
        self.small = lists.measure(sides, '/servers/detail?limit=%d' % SMALL, 2 * count, whole(SMALL))
        self.summary = lists.measure(ours, '/os-light-snapshots?limit=%d' % PAGE, count, whole(servers, 'count'))['ours']
        self.summary_small = lists.measure(ours, '/os-light-snapshots?limit=%d' % SMALL, 2 * count, whole(SMALL, 'count'))['ours']
        self.points = lists.points(sides['ours'], many.spread(servers, 40), points)
        self.beyond = self.page['ours'].queries - self.page['plain'].queries

    def lines(self):
        for name, cost in (('`GET /servers/detail`, %d servers on the page' % self.servers, self.page),
                           ('the same, a page of %d of %d' % (SMALL, self.servers), self.small)):
            yield table.Line(name + ': with / without', str(cost['ours']), str(cost['plain']), cost['ours'].cpu / cost['plain'].cpu,
                             (table.AT_MOST, 1.25))
        yield table.Line('the same page of %d: queries beyond nova\'s own' % self.servers, '%d' % self.page['ours'].queries,
                         '%d' % self.page['plain'].queries, self.beyond, (table.AT_MOST, 2), 0)


def _grown(few, big):
    """Of one server among many, against among few."""
    def each(cost, size):
        return 1000 * cost.cpu / size.servers
    yield lists.growth('`GET /servers/detail`, the whole page, a server of it', each(big.page['ours'], big), each(few.page['ours'], few),
                       FLAT, '%.2f ms')
    yield lists.growth('`GET /os-light-snapshots`, the whole page, a server of it', each(big.summary, big), each(few.summary, few), FLAT,
                       '%.3f ms')
    yield table.Line('the same, a page of %d' % SMALL, str(big.summary_small), str(few.summary_small),
                     big.summary_small.cpu / few.summary_small.cpu, (table.AT_MOST, FLAT))
    for number, name in enumerate(('the host has not looked at the files yet', 'again')):
        yield table.Line('`GET /servers/{id}/light-snapshots`, %s' % name, str(big.points[number]), str(few.points[number]),
                         big.points[number].cpu / few.points[number].cpu, (table.AT_MOST, FLAT))
    for name, cost in (('/os-light-snapshots', lambda size: size.summary), ('/servers/{id}/light-snapshots', lambda size: size.points[1])):
        yield lists.growth('queries of `GET %s`' % name, cost(big).queries, cost(few).queries, 1, '%d')


def _together(few, big):
    """Of snapshotAll."""
    for name, what, unit, bound in (
            ('seconds until all are done', 'seconds', '%.3f s', None), ('processor of nova\'s services', 'cpu', '%.3f s', FLAT),
            ('queries of nova-conductor', 'statements', '%.1f', FLAT)):
        yield lists.growth('`snapshotAll`, a server of it: ' + name, big.per_server(what), few.per_server(what), bound, unit)


def _counted(name, found, wanted, of):
    """A line whose number has to be this very one."""
    return table.Line(name, '%d' % found, of, found / wanted if wanted else 1 + found, (table.EXACTLY, 1))


def everyone(stack, count, lost=None):
    """A snapshotAll of all servers, one host of which may have been lost: (lines, Outcome)."""
    admin, owner = session('admin'), session('demo')
    if lost:
        os.kill(stack.host_pid(lost), signal.SIGKILL)
        admin.force_down(lost, True)
    answer, answered, outcome, came = many.snapshot_all(stack, admin, owner, count)
    status = {one['id']: one['status'] for one in answer['servers']}
    down = [uuid for uuid, said in status.items() if said == 'host_down']
    good = [uuid for uuid, said in status.items() if said == 'accepted']
    each = count // len(bench.scale.HOSTS) if lost else 0
    told = many.actions(owner, good[::9], answer['request_id'])
    for line in many.amiss(outcome, good, came):
        shell.say(line)
    name = '`snapshotAll` of %d: ' % count
    lines = [
        table.Line(name + 'answered / all done', '%.1f s' % answered, '%.1f s' % outcome.seconds, answered / outcome.seconds),
        _counted(name + 'servers that the answer names', len(status), count, '%d' % count),
        _counted(name + 'restore points that came', sum(came.values()), len(good), '%d accepted' % len(good)),
        _counted(name + 'of a ninth, actions that say so', told['Success'], len(good[::9]), '%d' % len(good[::9])),
        table.Line(name + 'at once on a host, at most', '%d' % outcome.at_once, 'all_concurrency = 2', outcome.at_once, (table.AT_MOST, 2), 0)]
    if lost:
        lines.append(_counted(name + 'reported of the host that is down', len(down), each, '%d are on it' % each))
        lines.append(table.Line(name + 'of these, restore points that came', '%d' % sum(came[uuid] for uuid in down), '0',
                                sum(came[uuid] for uuid in down), (table.AT_MOST, 0), 0))
    return lines, outcome


def _starts(few, big):
    """What nova-compute's start costs a server; no bound: all hosts start at once here, on one machine's processors."""
    yield table.Line('nova-compute\'s start: settling a server, %d on a host / %d' % (big[1], few[1]), '%.0f ms' % big[0], '%.0f ms' % few[0],
                     big[0] / few[0])


def window(stack, clock, took, minutes):
    """All hosts anew, and a daily window over all servers: lines.

    :param took: seconds that the start of all hosts took with few servers; None: they have not run yet
    """
    settled = None if took is None else _settled(0.0)
    stack.stop('hosts')
    # A start looks at each server.
    opens = daily.Window(clock, (took or 100) + START * bench.scale.MANY, minutes)
    began = time.time()
    stack.start_hosts(opens.options)
    shell.say('nova-compute of all hosts runs again; the window opens in %.0f s' % (opens.opens - time.time()))
    result = daily.run(stack, opens, bench.scale.MANY)
    name, outcome = 'a daily window of %d min over %d: ' % (minutes, bench.scale.MANY), result.outcome
    share = min(result.parts[:daily.PARTS]) * daily.PARTS / bench.scale.MANY
    return (list(_starts(settled, _settled(began))) if settled else []) + [
        _counted(name + 'servers that got theirs', result.listed[1], bench.scale.MANY, '%d' % bench.scale.MANY),
        table.Line(name + 'servers that got two', '%d' % (outcome.twice + sum(result.listed[more] for more in result.listed if more > 1)),
                   '0', outcome.twice, (table.AT_MOST, 0), 0),
        table.Line(name + 'the least in a quarter of it / an even share', ' '.join('%d' % part for part in result.parts[:-1]),
                   '%d' % (bench.scale.MANY // daily.PARTS), share, (table.AT_LEAST, 0.75)),
        table.Line(name + 'begun after it', '%d' % result.parts[-1], '%d' % bench.scale.MANY, result.parts[-1] / bench.scale.MANY,
                   (table.AT_MOST, 0.05)),
        table.Line(name + 'behind its slot, p95', 'p50 %.1f s, p95 %.1f s' % (result.late50, result.late95),
                   'a look each %d s' % daily.INTERVAL, result.late95 / daily.INTERVAL),
        table.Line(name + 'at once on a host, at most', '%d' % outcome.at_once, 'daily_concurrency = 2', outcome.at_once,
                   (table.AT_MOST, 2), 0),
        table.Line(name + 'processor of nova\'s services, a server', '%.3f s' % outcome.per_server('cpu'),
                   '%.1f queries' % outcome.per_server('statements'), outcome.per_server('cpu'))]


def _memory(before, after):
    """Resident at first, and after all lists and snapshots."""
    def told(name, each):
        return '%.0f MiB, at first %.0f MiB' % (each[1][name], each[0][name])
    both = before, after
    yield table.Line('memory of nova-api: with / without', told('ours', both), told('plain', both), after['ours'] / after['plain'],
                     (table.AT_MOST, 1.25))
    yield table.Line('memory of nova-compute, the mean: after all / at first', '%.0f MiB' % after['host'], '%.0f MiB' % before['host'],
                     after['host'] / before['host'], (table.AT_MOST, 1.5))


def _settled(since):
    """Milliseconds a server that nova-compute needs at its start, and how many it had on a host."""
    found = many.journal('settle', since)
    return statistics.mean(1000 * (one['ended'] - one['began']) / one['what'] for one in found), max(one['what'] for one in found)


def measure(stack, lines, count, minutes):
    """:param lines: the result; they are added as they come"""
    clock, points = daily.Clock(), bench.scale.POINTS
    stack.seed(0, bench.scale.FEW, clock.yesterday)
    shell.say('%d servers' % bench.scale.FEW)
    took = stack.start_hosts()
    shell.say('nova-compute of %d hosts runs' % len(bench.scale.HOSTS))
    few = Size(stack, bench.scale.FEW, count, {points})
    before = stack.memory()
    lines += few.lines()
    shell.say('lists of %d' % few.servers)
    found, all_few = everyone(stack, few.servers)
    lines += found
    shell.say('snapshotAll of %d' % few.servers)
    stack.seed(bench.scale.FEW, bench.scale.MANY, clock.yesterday)
    shell.say('%d servers' % bench.scale.MANY)
    big = Size(stack, bench.scale.MANY, count, {points, points + 1})
    lines += [*big.lines(), *_grown(few, big)]
    shell.say('lists of %d' % big.servers)
    found, all_many = everyone(stack, big.servers, LOST)
    lines += [*found, *_together(all_few, all_many), *_memory(before, stack.memory())]
    shell.say('snapshotAll of %d' % big.servers)
    lines += window(stack, clock, took, minutes)


def only_daily(stack, lines, minutes):
    """The daily window alone."""
    clock = daily.Clock()
    stack.seed(0, bench.scale.MANY, clock.yesterday)
    shell.say('%d servers' % bench.scale.MANY)
    lines += window(stack, clock, None, minutes)


def main():
    parser = argparse.ArgumentParser(prog='bench.scale', description='What a server costs among 1,000 on 20 simulated hosts, against 100.')
    parser.add_argument('--count', type=int, default=10, help='how often each list is asked for (default: %(default)s)')
    parser.add_argument('--window', type=int, default=30, metavar='MINUTES',
                        help='length of the daily window: on 2 cores 1,000 snapshots and the looks of 20 hosts take some 20 minutes (default: %(default)s)')
    parser.add_argument('--daily', action='store_true', help='nothing but the daily window')
    parser.add_argument('--keep', action='store_true', help='leave logs and directories of servers behind, in %s' % bench.scale.TOP)
    chosen = parser.parse_args()
    if os.geteuid():
        parser.error('must be run as root')
    away = [name for name in NEEDED if not services.BY_NAME[name].serving()]
    if away:
        parser.error('of the testbed there have to run: %s (python3 -m testbed up). Nothing was changed.' % ', '.join(away))
    began, lines = time.monotonic(), []
    # Asked to end, it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(1))
    try:
        with Stack(chosen.keep) as stack:
            if chosen.daily:
                only_daily(stack, lines, chosen.window)
            else:
                measure(stack, lines, chosen.count, chosen.window)
    finally:
        table.show('%d servers with %d restore points each, on %d hosts' % (
            bench.scale.MANY, bench.scale.POINTS, len(bench.scale.HOSTS)), NAMES, [line.cells() for line in lines])
    return table.verdict(lines, began)


if __name__ == '__main__':
    sys.exit(main())
