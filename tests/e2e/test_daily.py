"""nova-compute takes the daily snapshots by itself: one for each server when its slot comes, none again after a restart."""

import contextlib
import datetime
from pathlib import Path

import pytest

import environment
import story
from testbed import catalog, services, shell, updown

from light_snapshot.nova import schedule

pytestmark = pytest.mark.skipif(environment.elsewhere(), reason='the configuration of another cloud is not ours to change')

OPTIONS = '''
[notifications]
notification_format = both
[oslo_messaging_notifications]
driver = log
[light_snapshot]
daily_start = %s
daily_window = 1
daily_timezone = %s
daily_concurrency = 1
daily_interval = 1
'''
LEAD = 60       # seconds until the first slot: nova-compute has to have seen the servers by then


def restart(text):
    """nova-compute, told to end and started again with another configuration, until nova has heard of it: while it starts, nova
    takes a server that is being built for one that a crash has left, and puts it into ERROR."""
    services.NOVA_COMPUTE.stop()
    environment.COMPUTE_CONF.write_text(text)
    environment.start_compute()
    updown.wait_heard([services.NOVA_COMPUTE], catalog.admin().compute_services)


class Host:
    """The compute host, while daily snapshots are on; its zone is one in which it is about noon: no midnight comes between."""

    def __init__(self, before):
        self._before = before
        self._ahead = 12 - datetime.datetime.now(datetime.timezone.utc).hour

    def open_window(self, fresh, *servers):
        """Restart nova-compute with a window of one minute, whose slots of these servers are all to come. FRESH is daily from
        then on: were it seen in an earlier window after its slot there, it would have its first one tomorrow."""
        zone = '%s%02d:00' % ('-' if self._ahead < 0 else '+', abs(self._ahead))
        first = min(schedule.Schedule('00:00', 1).slot(server.uuid) for server in (fresh,) + servers)
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=self._ahead)
        start = now + datetime.timedelta(seconds=LEAD - first)
        start += datetime.timedelta(seconds=-start.second % 60)
        restart(self._before + OPTIONS % (start.strftime('%H:%M'), zone), fresh)

    def today(self):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=self._ahead)).date().isoformat()


@pytest.fixture(scope='module')
def host(package):
    before = environment.COMPUTE_CONF.read_text()
    try:
        yield Host(before)
    finally:
        restart(before)


@pytest.fixture(scope='module')
def servers(demo, host):
    """Two servers that keep their history, the one whose slot comes first in any window first."""
    made = []
    with contextlib.ExitStack() as stack:
        for name in ('daily-1', 'daily-2'):
            one = story.Server.create(demo, name)
            stack.callback(one.delete)
            one.act('enableSnapshot', {'store': True})
            made.append(one)
        yield sorted(made, key=lambda one: schedule.Schedule('00:00', 1).slot(one.uuid))


def daily_points(server):
    return [point for point in server.points().values() if point['daily']]


def wait_taken(server):
    """The daily restore point, once all of its work is done."""
    def taken():
        return daily_points(server) and server.body()['OS-EXT-STS:task_state'] is None
    assert shell.poll(taken, 150, 1), (server.events(), server.record())
    point, = daily_points(server)
    return point


def switch_on(server):
    assert server.post('dailySnapshot', {'enable': True}).status == 202


def test_each_has_one_a_day_and_a_restart_makes_no_second(host, servers):
    first, second = servers
    told = Path(services.NOVA_COMPUTE.log).stat().st_size
    own = first.snapshot(name='mine')
    sums = first.write('daily', 'daily')
    first.guest.sync()
    host.open_window(first)
    point = wait_taken(first)
    day = host.today()
    assert (point['name'], point['daily'], point['consistency']) == ('daily-' + day, day, 'quiesced')
    assert first.points()[own]['daily'] is None and daily_points(second) == []

    # In the next window the slot of the first comes before that of the second.
    second.stop()
    host.open_window(second, first)
    other = wait_taken(second)
    assert (other['daily'], other['consistency']) == (day, 'stopped')
    assert daily_points(first) == [first.points()[point['index']]]
    for server in servers:
        record = server.record()
        assert record['daily'] == {'slot': day, 'taken': day} and record['job'] is None and server.check() == []
        assert '%d' % record['index'] == server.columns()['snapshot_index']

    the_events(first, second)
    the_notifications(told, first, point)
    first.recover(snap_index=point['index'])
    first.guest.wait_up()
    assert first.sums('daily') == {'daily': sums}


def the_events(*servers):
    for server in servers:
        newest = [event for event in server.events() if event['action'] == 'light_snapshot_create'][0]
        assert newest['user_id'] is None and not newest['message']


def the_notifications(told, server, point):
    with open(services.NOVA_COMPUTE.log) as log:
        log.seek(told)
        lines = [line for line in log if server.uuid in line and 'light_snapshot_create.' in line
                 and '"name": "%s"' % point['name'] in line]
    for suffix in ('start', 'end'):
        for kind in ('instance.', 'compute.instance.'):
            word = 'oslo.messaging.notification.%slight_snapshot_create.%s' % (kind, suffix)
            assert len([line for line in lines if word in line]) == 1, (word, lines)
    assert all('"index": %d' % point['index'] in line for line in lines if '_create.end' in line)
