"""The module by real Ansible: what it asks the cloud for, and what it asks for when nothing is to be changed."""

import json

import pytest

import collection
from conftest import credentials
from stub_cloud import DB, WEB


def changes(cloud):
    """What the cloud was asked to change."""
    return [(method, address, body) for method, address, body in cloud.requests
            if method != 'GET' and not address.startswith('/v3')]


# ---- present

def test_one_is_taken_and_the_second_time_is_no_change(cloud, snapshot):
    found = snapshot(server='db', name='before', description='stopped')
    assert (found['changed'], found['server']) == (True, DB)
    assert (found['light_snapshot']['index'], found['light_snapshot']['name']) == (3, 'before')
    assert [point['index'] for point in found['light_snapshots']] == [0, 1, 2, 3]
    assert changes(cloud) == [('POST', '/servers/%s/action' % DB, {'createSnapshot': {
        'name': 'before', 'description': 'stopped', 'quiesce': False}})]
    again = snapshot(server='db', name='before', description='stopped')
    assert (again['changed'], again['light_snapshot']['index']) == (False, 3)
    assert not snapshot(server=DB, name='before')['changed']         # a description that is not given stays as it is
    assert len(changes(cloud)) == 1


def test_another_description_is_a_change_of_words(cloud, snapshot):
    found = snapshot(server='db', name='before upgrade', description='new')
    assert found['changed'] and found['light_snapshot']['description'] == 'new'
    assert found['diff'] == {'before': {'name': 'before upgrade', 'description': ''},
                             'after': {'name': 'before upgrade', 'description': 'new'}}
    assert changes(cloud) == [('PUT', '/servers/%s/light-snapshots/1' % DB, {'light_snapshot': {'description': 'new'}})]


@pytest.mark.parametrize('args', [
    {'name': 'another'}, {'name': 'before upgrade', 'description': 'new'}, {'name': 'before upgrade', 'state': 'absent'},
    {'index': 2, 'state': 'absent'}, {'use_root': True, 'state': 'recovered'}, {'name': 'before upgrade', 'state': 'recovered'}])
def test_check_mode_says_so_and_changes_nothing(cloud, snapshot, args):
    found = snapshot(check=True, server='db', **args)
    assert found['changed'] and found['diff']['before'] != found['diff']['after']
    assert changes(cloud) == []
    assert [point['index'] for point in found['light_snapshots']] == [0, 1, 2]


@pytest.mark.parametrize('args', [{'name': 'before upgrade'}, {'name': 'nobody', 'state': 'absent'}, {'index': 9, 'state': 'absent'}])
def test_check_mode_of_what_is_there(cloud, snapshot, args):
    assert not snapshot(check=True, server='db', **args)['changed'] and changes(cloud) == []


# ---- absent

def test_all_of_a_name_go_the_newest_first(cloud, snapshot):
    for point in cloud.servers[DB].points[1:]:
        point['name'] = 'old'
    found = snapshot(server='db', name='old', state='absent')
    assert found['changed'] and [point['index'] for point in found['light_snapshots']] == [0]
    assert [address.rpartition('/')[2] for _method, address, _body in changes(cloud)] == ['2', '1']
    assert not snapshot(server='db', name='old', state='absent')['changed']


def test_one_of_an_index(cloud, snapshot):
    assert snapshot(server='db', index=1, state='absent')['changed']
    assert changes(cloud) == [('DELETE', '/servers/%s/light-snapshots/1' % DB, None)]


def test_nothing_is_absent_from_a_server_without_light_snapshots(cloud, snapshot):
    assert not snapshot(server='web', name='x', state='absent')['changed'] and changes(cloud) == []


# ---- recovered

@pytest.mark.parametrize('args, target', [
    ({}, {}), ({'use_root': True}, {'use_root': True}), ({'index': 0}, {'snap_index': 0}),
    ({'name': 'before upgrade'}, {'snap_index': 1}), ({'index': 1, 'safety': True}, {'snap_index': 1, 'safety': True}),
    ({'safety': False}, {'safety': False})])
def test_back(cloud, snapshot, args, target):
    found = snapshot(server='db', state='recovered', **args)
    assert found['changed']
    assert changes(cloud) == [('POST', '/servers/%s/action' % DB, {'recoverInstance': target})]
    here = [point['index'] for point in cloud.servers[DB].points if point['current']]
    assert found['diff'] == {'before': {'stands_on': 2}, 'after': {'stands_on': here[0]}}
    assert found['light_snapshot']['index'] == here[0]


def test_the_newest_of_a_name(cloud, snapshot):
    for point in cloud.servers[DB].points:
        point['name'] = 'daily'
    assert snapshot(server='db', state='recovered', name='daily')['light_snapshot']['index'] == 2
    assert not snapshot(server='db', name='daily')['changed']


# ---- what goes wrong

def failure(cloud, found):
    assert found['failed'] and changes(cloud) == []
    return found['msg']


@pytest.mark.parametrize('args, words', [
    ({'server': 'nobody', 'name': 'x'}, 'There is no server with the name or ID nobody.'),
    ({'server': 'web', 'name': 'x'}, 'Light snapshots are not enabled for server %s. Nothing was changed.' % WEB),
    ({'server': 'db', 'name': 'x', 'state': 'recovered'}, 'has no restore point named x. Nothing was changed.'),
    ({'server': 'db', 'index': 9, 'state': 'recovered'}, 'has no restore point 9'),
    ({'server': 'db'}, 'state is present but all of the following are missing: name'),
    ({'server': 'db', 'state': 'absent'}, 'state is absent but any of the following are missing: name, index'),
    ({'server': 'db', 'name': ''}, 'name is empty'),
    ({'server': 'db', 'name': 'x', 'index': 1}, 'exclude each other'),
    ({'server': 'db', 'name': 'x', 'use_root': True, 'state': 'recovered'}, 'exclude each other'),
    ({'server': 'db', 'name': 'x', 'safety': True}, 'safety is for the state recovered'),
    ({'server': 'db', 'use_root': True, 'state': 'absent'}, 'state is absent but any of'),
    ({'server': 'db', 'name': 'x', 'quiesce': True, 'state': 'absent'}, 'quiesce and description are for the state present')])
def test_what_cannot_be_is_a_failure_with_words(cloud, snapshot, args, words):
    assert words in failure(cloud, snapshot(**args))
    assert words in failure(cloud, snapshot(check=True, **args))


def test_the_cloud_s_refusal_is_in_its_own_words(cloud, snapshot):
    found = snapshot(server='db', name='x', quiesce=True)
    assert found['failed'] and 'The QEMU guest agent of instance %s does not answer.' % DB in found['msg']


def test_work_that_failed_is_a_failure(cloud, snapshot):
    cloud.servers[DB].fails = 'No space left for the new layer.'
    found = snapshot(server='db', name='x')
    assert found['failed'] and found['msg'] == 'No space left for the new layer.'


def slow(cloud, reads):
    begin = cloud._begin

    def later(server, *args):
        answer = begin(server, *args)
        server.busy_for = reads
        return answer
    cloud._begin = later


def test_it_waits(cloud, snapshot):
    slow(cloud, 1)
    assert snapshot(server='db', name='x')['changed'] and cloud.servers[DB].task is None


def test_waiting_has_an_end(cloud, snapshot):
    slow(cloud, 10 ** 6)
    found = snapshot(server='db', name='x', timeout=0)
    assert found['failed'] and 'still busy (light_snapshot_creating). The work goes on' in found['msg']


def test_it_does_not_wait(cloud, snapshot):
    slow(cloud, 10 ** 6)
    assert snapshot(server='db', name='x', wait=False)['changed']


# ---- by real Ansible

def play(environment, cloud, directory, *flags):
    """(what was said, the answers) of a playbook of some tasks, one after the other."""
    return collection.answers(environment, directory, [dict(credentials(cloud), server='db', **args) for args in (
        {'name': 'x'}, {'name': 'x', 'description': 'd'}, {'name': 'x'}, {'name': 'x', 'state': 'recovered'},
        {'name': 'x', 'state': 'absent'}, {'name': ''})], *flags, ignore_errors=True)


def test_a_playbook(environment, cloud, tmp_path):
    said, answers = play(environment, cloud, tmp_path, '-vvv')
    assert [answer['changed'] for answer in answers] == [True, True, False, True, True, False], said
    assert [method for method, _address, _body in changes(cloud)] == ['POST', 'PUT', 'POST', 'DELETE']
    assert answers[0]['light_snapshot']['name'] == 'x' and 'name is empty' in answers[5]['msg']
    assert '"password": "secret"' not in said and 'secret' not in json.dumps(answers)


def test_check_mode_and_diff_of_a_playbook(environment, cloud, tmp_path):
    said, answers = play(environment, cloud, tmp_path, '--check', '--diff')
    assert changes(cloud) == [] and answers[0]['changed']
    assert '+    "name": "x"' in said
