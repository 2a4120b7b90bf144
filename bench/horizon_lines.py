"""The instance page of Horizon with our tab in front and many restore points in it, against the same page without."""

import json
import os
import shutil
import statistics
import time

import requests

from testbed import cloud as clouds
from testbed import settings

from bench import table

ADDRESS = os.environ.get('LIGHT_SNAPSHOT_HORIZON', 'http://127.0.0.1/horizon').rstrip('/')
INSTANCES = '/var/lib/nova/instances'
RECORD = 'light-snapshot.json'
BOUND = 1.2
# Horizon's own, and so what the tab shows at once.
PAGE = 20
WARM = 3


class Server:
    """A server of the bench's own that is shut off, with so many restore points; gone at the end of the `with`."""

    def __init__(self, points):
        self.points, self.cloud = points, clouds.Cloud.of('demo')

    def __enter__(self):
        self.uuid = self.cloud.create_server('light-snapshot-bench-page', wait=False)
        try:
            self.cloud.wait_server(self.uuid, 'ACTIVE', timeout=300)
            self.cloud.act(self.uuid, {'os-stop': None}, status='SHUTOFF')
            self.cloud.act(self.uuid, {'enableSnapshot': {'store': True}}, status='SHUTOFF')
            for number in range(3):
                self.cloud.act(self.uuid, {'createSnapshot': {'name': 'number %d' % number, 'description': 'taken by hand'}},
                               status='SHUTOFF')
            self._multiply()
            listed = self.cloud.must('compute', 'GET', '/servers/%s/light-snapshots' % self.uuid)['light_snapshots']
            if len(listed) != self.points:
                raise clouds.CloudError('%d restore points instead of %d' % (len(listed), self.points))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exc):
        self.cloud.delete_server(self.uuid)

    def _multiply(self):
        """Give the record as many restore points as are wanted: copies of one that is kept, each with a file of its own."""
        place = os.path.join(INSTANCES, self.uuid)
        with open(os.path.join(place, RECORD)) as text:
            record = json.load(text)
        last = max(map(int, record['kept']))
        pattern, file = record['points'][str(last)], os.path.join(place, record['kept'][str(last)]['file'])
        status = os.stat(file)
        for _copy in range(self.points - len(record['points'])):
            record['index'] += 1
            index = record['index']
            record['points'][str(index)] = dict(pattern, name='number %d' % index, parent=last)
            record['kept'][str(index)] = {'file': 'disk.light-%d' % index, 'on': last}
            copy = os.path.join(place, 'disk.light-%d' % index)
            shutil.copyfile(file, copy)
            os.chown(copy, status.st_uid, status.st_gid)
            last = index
        # In place: owner and mode stay.
        with open(os.path.join(place, RECORD), 'w') as text:
            json.dump(record, text)


class Browser:
    """A user's session in Horizon, as far as pages go."""

    def __init__(self, user):
        self.session = requests.Session()
        self.session.trust_env = False
        page = ADDRESS + '/auth/login/'
        self.session.get(page).raise_for_status()
        answer = self.session.post(page, {
            'csrfmiddlewaretoken': self.session.cookies['csrftoken'], 'username': user, 'password': settings.PASSWORD,
            'auth_type': 'credentials', 'region': 'default', 'next': ''}, headers={'Referer': page})
        answer.raise_for_status()
        if '/auth/login' in answer.url:
            raise clouds.CloudError('Horizon lets %s not in' % user)

    def load(self, path, wanted, count, **headers):
        """Seconds until a page is here. It has to hold `wanted` so many times."""
        began = time.perf_counter()
        answer = self.session.get(ADDRESS + path, headers=headers)
        took = time.perf_counter() - began
        answer.raise_for_status()
        if answer.text.count(wanted) != count:
            raise clouds.CloudError('%s holds %r %d times' % (path, wanted, answer.text.count(wanted)))
        return took


def p95(values):
    return statistics.quantiles(values, n=20, method='inclusive')[18]


def measure(count, points):
    """:returns: the lines"""
    with Server(points) as server:
        page = '/project/instances/%s/' % server.uuid
        ours, row = page + '?tab=instance_details__light_snapshots', 'id="restore_points__row__'
        browser, shown = Browser('demo'), min(points, PAGE)
        plain, full, alone, whole = [], [], [], []
        for number in range(WARM + count):
            took = (browser.load(page, row, 0), browser.load(ours, row, shown),
                    browser.load(ours, row, shown, **{'X-Requested-With': 'XMLHttpRequest'}),
                    browser.load(ours + '&restore_points_page=all', row, points))
            if number >= WARM:
                for kept, seconds in zip((plain, full, alone, whole), took):
                    kept.append(seconds)

    def line(measured, values, bound=None):
        return table.Line(measured, '%.0f ms; %s' % (1000 * p95(values), table.spread(values)),
                          '%.0f ms; %s' % (1000 * p95(plain), table.spread(plain)), p95(values) / p95(plain), bound)
    return [line('p95 of the instance page with %d restore points in front, to the plain one' % points, full, (table.AT_MOST, BOUND)),
            line('the same tab alone, as the browser loads it when it is clicked', alone),
            line('the same page with all of them in it, as the link "Show All" gives it', whole)]
