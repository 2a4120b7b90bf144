"""A light snapshot of all servers: the table, the exit code, and the waiting."""

import json

import pytest

WEB, DB = '11111111-aaaa', '22222222-bbbb'
COLUMNS = ['ID', 'Name', 'Host', 'Status', 'Reason']


def asked(api):
    return [(address, body) for method, address, body in api.requests if method == 'POST']


def enable(api, *ids):
    for one in ids:
        api.servers[one].enabled = api.servers[one].store = True


@pytest.mark.parametrize('args, body', [
    ([], {'daily': False, 'name': '', 'description': '', 'quiesce': False}),
    (['--daily'], {'daily': True, 'name': '', 'description': '', 'quiesce': False}),
    (['--name', 'n', '--description', 'd', '--quiesce'],
     {'daily': False, 'name': 'n', 'description': 'd', 'quiesce': True})])
def test_what_is_asked(api, openstack, args, body):
    assert openstack('all', *args).code == 0
    assert asked(api) == [('/os-light-snapshots', {'snapshotAll': body})]


def test_a_table_of_what_became_of_each(api, openstack):
    enable(api, WEB)
    done = openstack('all', '-f', 'json')
    assert (done.code, done.err) == (0, '')
    assert json.loads(done.out) == [
        dict(zip(COLUMNS, [DB, 'db', 'compute-1', 'accepted', None])),
        dict(zip(COLUMNS, [WEB, 'web', 'compute-1', 'accepted', None]))]
    assert openstack('all', '-f', 'value', '-c', 'Name', '-c', 'Status').out == 'db accepted\nweb accepted\n'


def test_a_host_that_is_down_is_exit_code_1_after_the_table(api, openstack):
    enable(api, WEB)
    api.servers[WEB].host = 'compute-2'
    api.down = {'compute-2'}
    done = openstack('all', '-f', 'json')
    assert done.code == 1
    assert [(row['Name'], row['Status']) for row in json.loads(done.out)] == [('db', 'accepted'), ('web', 'host_down')]
    assert 'No light snapshot, or none yet: 1 of 2 servers. Compute hosts that could not be asked: compute-2.' in done.err


@pytest.mark.parametrize('wait', [(), ('--wait',)])
def test_a_host_that_refuses_all_of_its_servers_is_one_too(api, openstack, wait):
    enable(api, WEB)
    api.servers[WEB].host, api.refusing = 'compute-2', {'compute-2': 'Light snapshots are switched off on this host.'}
    done = openstack('all', '-f', 'json', *wait)
    assert done.code == 1 and 'No light snapshot, or none yet: 1 of 2 servers.' in done.err
    assert [(row['Name'], row['Status'], row['Reason']) for row in json.loads(done.out)] == [
        ('db', 'done' if wait else 'accepted', None), ('web', 'failed', 'Light snapshots are switched off on this host.')]


def test_a_server_that_can_have_none_is_no_failure(api, openstack):
    api.servers[DB].status = 'PAUSED'
    done = openstack('all', '-f', 'json')
    assert (done.code, json.loads(done.out)[0]['Status']) == (0, 'skipped')


def test_a_cell_that_was_left_out_is_one(api, openstack):
    api.cells_left_out = ['c1']
    done = openstack('all')
    assert done.code == 1 and 'Cells whose servers are not known: c1.' in done.err


def test_waiting_tells_what_became_of_each(api, openstack):
    enable(api, WEB)
    api.servers[DB].unseen, api.servers[WEB].fails = 5, 'No space left for the new layer.'
    done = openstack('all', '--wait', '-f', 'json')
    assert done.code == 1
    assert [(row['Status'], row['Reason']) for row in json.loads(done.out)] == [
        ('done', None), ('failed', 'No space left for the new layer.')]
    assert done.err.startswith('light snapshots: 50 %\nlight snapshots: 100 %\n')
    assert 'No light snapshot, or none yet: 1 of 2 servers.' in done.err


def test_waiting_has_an_end(api, openstack):
    api.servers[DB].unseen = 10 ** 6
    done = openstack('all', '--wait', '--wait-timeout', '0.05', '-f', 'json')
    assert done.code == 1
    row, = json.loads(done.out)
    assert row['Status'] == 'accepted' and 'openstack server event list ' + DB in row['Reason']
    assert row['Reason'].startswith('Not begun in time') and 'was killed meanwhile' in row['Reason'] and 'ask again' in row['Reason']


def test_what_is_under_way_at_the_end_of_the_wait_is_told_apart(api, openstack):
    record = api._record

    def begun(server, request_id, action):
        record(server, request_id, action)
        server.records[request_id]['events'] = [{'result': None}]
    api._record = begun
    done = openstack('all', '--wait', '--wait-timeout', '0.05', '-f', 'json')
    row, = json.loads(done.out)
    assert done.code == 1 and row['Status'] == 'accepted'
    assert row['Reason'] == 'Not done in time; the work goes on. Look with `openstack server event list %s`.' % DB


def test_an_action_that_is_under_way_is_not_over(api, openstack):
    from light_snapshot.client import wait

    class Cloud(object):
        events = [{'event': 'compute_light_snapshot_create', 'result': None}]

        def get_or_none(self, _path, _version=None):
            return {'instanceAction': {'message': None, 'events': self.events}}
    cloud = Cloud()
    assert wait.outcome(cloud, 'i', 'req-1') == (False, None)
    cloud.events = [{'event': 'compute_light_snapshot_create', 'result': 'Success'}]
    assert wait.outcome(cloud, 'i', 'req-1') == (True, None)
