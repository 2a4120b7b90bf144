# coding: utf-8
"""Every command, as the user types it."""

from __future__ import unicode_literals

import pytest

from stub_cloud import DB, WEB


def asked(api, method='POST'):
    return [(address, body) for verb, address, body in api.requests
            if verb == method and not address.startswith('/v3')]


@pytest.mark.parametrize('args, server, body', [
    (['enable-light-snapshot', 'web'], WEB, {'enableSnapshot': {'store': False, 'daily': False}}),
    (['enable-light-snapshot', 'web', '--store', '--daily'], WEB, {'enableSnapshot': {'store': True, 'daily': True}}),
    (['disable-light-snapshot', 'db'], DB, {'disableSnapshot': None}),
    (['commit-light-snapshot', 'db'], DB, {'commitSnapshot': None}),
    (['enable-store-snapshot', 'db'], DB, {'storeSnapshot': {'enable': True}}),
    (['disable-store-snapshot', 'db'], DB, {'storeSnapshot': {'enable': False}}),
    (['enable-daily-snapshot', 'db'], DB, {'dailySnapshot': {'enable': True}}),
    (['disable-daily-snapshot', DB], DB, {'dailySnapshot': {'enable': False}}),
    (['recover', '--yes', 'db'], DB, {'recoverInstance': {}}),
    (['recover', 'db', '--yes', '--use-root'], DB, {'recoverInstance': {'use_root': True}}),
    (['recover', '--yes', '--index', '0', 'db'], DB, {'recoverInstance': {'snap_index': 0}}),
    (['recover', '--yes', '--safety', 'db'], DB, {'recoverInstance': {'safety': True}}),
    (['recover', '--yes', '--no-safety', 'db'], DB, {'recoverInstance': {'safety': False}}),
    (['light-snapshot-preview', 'db'], DB, {'previewInstance': {}}),
    (['light-snapshot-preview', '--use-root', 'db'], DB, {'previewInstance': {'use_root': True}}),
    (['light-snapshot-preview', 'db', '--index', '1'], DB, {'previewInstance': {'snap_index': 1}}),
    (['light-snapshot-retain', '--count', '5', '--no-days', 'db'], DB,
     {'retainSnapshots': {'count': 5, 'days': None}}),
])
def test_actions(api, nova, args, server, body):
    done = nova(*args)
    assert (done.code, done.out, done.err) == (0, '', '')
    assert asked(api) == [('/servers/%s/action' % server, body)]


def test_light_snapshot_prints_the_index(api, nova):
    done = nova('light-snapshot', '--name', 'n', '--description', 'd', 'db')
    assert (done.code, done.out) == (0, '3\n')
    assert asked(api)[0][1] == {'createSnapshot': {'name': 'n', 'description': 'd', 'quiesce': False}}


def test_quiesce_tells_the_refusal(nova):
    done = nova('light-snapshot', '--quiesce', 'db')
    assert (done.code, done.out) == (1, '')
    assert 'ERROR (Conflict): The QEMU guest agent of instance %s does not answer. (HTTP 409)' % DB in done.err


def test_list(api, nova):
    api.servers[DB].points[1]['name'] = 'vor dem Übergang'
    done = nova('light-snapshot-list', 'db')
    assert done.code == 0
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in done.out.splitlines() if '|' in line]
    assert rows[0] == ['Index', 'Parent', 'Name', 'Created At', 'State', 'Size', 'Frees', 'Current', 'Consistency']
    assert [row[:3] + row[4:8] for row in rows[1:]] == [
        ['0', '-', '', 'root', '65536', '0', 'False'],
        ['1', '0', 'vor dem Übergang', 'kept', '131072', '1024', 'False'],
        ['2', '1', 'after upgrade', 'last', '196608', '2048', 'True']]


def test_list_says_what_is_under_way_beside_the_table(api, nova):
    server = api.servers[DB]
    server.preview, server.retention = 1, {'count': None, 'days': 30}
    server.progress = {'operation': 'commit', 'done': 1, 'total': 4, 'percent': 25}
    server.points[1]['frees'] = None
    done = nova('light-snapshot-list', 'db')
    assert done.err.splitlines() == [
        'Under way: commit, 25 %.',
        'The server previews restore point 1: keep it or undo the preview before anything else.',
        'What is kept: for 30 days.']
    assert '| 131072 | -     |' in done.out


def test_delete(api, nova):
    done = nova('light-snapshot-delete', '--yes', 'db', '1')
    assert (done.code, done.out, done.err) == (0, '', '')
    assert asked(api, 'DELETE') == [('/servers/%s/light-snapshots/1' % DB, None)]
    done = nova('light-snapshot-delete', '--yes', '--wait', 'db', '7')
    assert done.code == 1 and 'Restore point 7 of server %s could not be found. (HTTP 404)' % DB in done.err


@pytest.mark.parametrize('command, action', [('light-snapshot-keep', 'keepPreview'),
                                             ('light-snapshot-undo', 'undoPreview')])
def test_the_end_of_a_preview(api, nova, command, action):
    done = nova(command, '--yes', 'db')
    assert done.code == 1 and 'previews nothing. (HTTP 409)' in done.err
    api.servers[DB].preview = 1
    assert nova(command, '--yes', '--wait', 'db').code == 0
    assert asked(api)[-1][1] == {action: None} and api.servers[DB].preview is None


def test_check_and_repair(api, nova):
    done = nova('light-snapshot-check', 'db')
    assert (done.code, len(done.out.splitlines()), done.err) == (0, 4, '')
    api.servers[DB].findings = [{'code': 'columns', 'severity': 'error', 'file': None, 'message': 'They differ.',
                                 'repaired': False}]
    done = nova('light-snapshot-check', 'db')
    assert done.code == 1
    assert 'ERROR (CommandError): Errors that are not repaired: 1. An administrator can have --repair' in done.err
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in done.out.splitlines() if '|' in line]
    assert rows == [['Severity', 'Code', 'File', 'Message', 'Repaired'],
                    ['error', 'columns', '-', 'They differ.', 'False']]
    done = nova('light-snapshot-check', '--repair', 'db')
    assert done.code == 0 and '| True ' in done.out
    assert [body for _address, body in asked(api)] == [
        {'checkSnapshots': None}, {'checkSnapshots': None}, {'checkSnapshots': {'repair': True}}]


@pytest.mark.parametrize('args, code, words', [
    (['light-snapshot-retain', 'db'], 1, 'Nothing to change'),
    (['light-snapshot-retain', '--days', '5', '--no-days', 'db'], 2, 'argument --no-days: something else was said'),
    (['recover', '--yes', '--no-safety', '--safety', 'db'], 2, 'argument --safety: something else was said')])
def test_nonsense_reaches_nobody(api, nova, args, code, words):
    done = nova(*args)
    assert done.code == code and words in done.err
    assert asked(api) == []


def test_all(api, nova):
    api.servers[WEB].enabled = True
    done = nova('light-snapshot-all', '--name', 'n')
    assert (done.code, done.err) == (0, '')
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in done.out.splitlines() if '|' in line]
    assert rows == [['ID', 'Name', 'Host', 'Status', 'Reason'], [DB, 'db', 'compute-1', 'accepted', '-'],
                    [WEB, 'web', 'compute-1', 'accepted', '-']]
    api.servers[WEB].daily, api.down = True, {'compute-1'}
    done = nova('light-snapshot-all', '--daily', '--wait')
    assert done.code == 1 and DB not in done.out and '| host_down | The compute host compute-1 is down. |' in done.out
    assert 'ERROR (CommandError): No light snapshot, or none yet: 1 of 1 servers. Compute hosts that could not be asked: ' \
           'compute-1.' in done.err
    assert [body['snapshotAll'] for _address, body in asked(api)] == [
        {'daily': False, 'name': 'n', 'description': '', 'quiesce': False},
        {'daily': True, 'name': '', 'description': '', 'quiesce': False}]


def test_list_of_a_server_without_light_snapshots(nova):
    done = nova('light-snapshot-list', 'web')
    assert (done.code, len(done.out.splitlines())) == (0, 4)


def test_show(nova):
    done = nova('light-snapshot-show', 'db', '1')
    assert done.code == 0
    assert ['name', 'before upgrade'] in [
        [cell.strip() for cell in line.split('|')[1:-1]] for line in done.out.splitlines()]


def test_show_of_an_unknown_index(nova):
    done = nova('light-snapshot-show', 'db', '7')
    assert done.code == 1
    assert 'Restore point 7 of server %s could not be found. (HTTP 404)' % DB in done.err


def test_set(api, nova):
    assert nova('light-snapshot-set', 'db', '1', '--name', 'new').code == 0
    assert asked(api, 'PUT') == [('/servers/%s/light-snapshots/1' % DB, {'light_snapshot': {'name': 'new'}})]


def test_set_of_nothing(api, nova):
    done = nova('light-snapshot-set', 'db', '1')
    assert done.code == 1
    assert 'ERROR (CommandError): Nothing to change' in done.err
    assert asked(api, 'PUT') == []


def test_root_and_index_exclude_each_other(api, nova):
    done = nova('recover', '--yes', '--use-root', '--index', '1', 'db')
    assert done.code == 2
    assert 'give one of --use-root and --index' in done.err
    assert asked(api) == []


def test_refusal_is_told_in_the_words_of_the_api(nova):
    done = nova('light-snapshot', 'web')
    assert done.code == 1
    assert 'ERROR (Conflict): Light snapshots are not enabled for instance %s. (HTTP 409)' % WEB in done.err


def test_unknown_server(nova):
    done = nova('light-snapshot-list', 'nobody')
    assert done.code == 1
    assert "No server with a name or ID of 'nobody' exists." in done.err


def test_ambiguous_name(api, nova):
    api.add_server('33333333-cccc-4ccc-8ccc-333333333333', 'web')
    done = nova('enable-light-snapshot', 'web')
    assert done.code == 1
    assert 'Multiple server matches found for \'web\'' in done.err
    assert asked(api) == []


def test_help(nova):
    done = nova('help')
    assert done.code == 0
    words = ' '.join(done.out.split())
    for command in ('commit-light-snapshot', 'disable-daily-snapshot', 'disable-light-snapshot',
                    'disable-store-snapshot', 'enable-daily-snapshot', 'enable-light-snapshot',
                    'enable-store-snapshot', 'light-snapshot', 'light-snapshot-all', 'light-snapshot-check', 'light-snapshot-delete',
                    'light-snapshot-keep', 'light-snapshot-list', 'light-snapshot-preview', 'light-snapshot-retain',
                    'light-snapshot-set', 'light-snapshot-show', 'light-snapshot-undo', 'recover'):
        assert ' %s ' % command in words, command
    assert 'Take a light snapshot and print its index' in words


def test_help_of_a_command(nova):
    done = nova('help', 'recover')
    assert done.code == 0
    words = ' '.join(done.out.split())
    assert words.startswith('usage: nova recover ')
    for option in ('--use-root', '--index <index>', '--safety', '--no-safety', '--yes', '--wait',
                   '--wait-timeout <seconds>', '<server>'):
        assert option in words
    assert 'Everything written to the disks since then is lost, unless' in words
