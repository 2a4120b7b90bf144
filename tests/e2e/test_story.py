"""The main job on a running server, step by step; each step compares the bytes that the guest reads."""

import story

SUMS = {}


def test_a_plain_server_is_plain(server):
    body = server.body()
    assert (body['light_snapshot_enabled'], body['snapshot_store'], body['snapshot_daily']) == (False, False, False)
    assert server.listing() == {'light_snapshots': [], 'enabled': False, 'committed': False, 'store': False,
                                'daily': False, 'disks': [], 'disks_left_out': [], 'size': 0, 'written': None,
                                'progress': None, 'preview': None, 'retention': {'count': None, 'days': None},
                                'quota': {'points': {'limit': 100, 'used': 0}, 'kept_bytes': {'limit': -1, 'used': None}}}
    assert (body['light_snapshot_count'], body['light_snapshot_last_at'], body['light_snapshot_kept_bytes']) == (0, None, 0)
    assert server.columns()['light_snapshot_enable'] in ('NULL', '0')


def test_enable_on_a_running_server(server):
    SUMS['base'] = story.base_images()
    boot = server.guest.boot()
    SUMS['zero'] = server.write('zero', 'zero')
    server.guest.sync()
    server.act('enableSnapshot', {'store': True, 'daily': True})
    assert server.guest.boot() == boot, 'the guest was restarted'
    body = server.body()
    assert (body['light_snapshot_enabled'], body['snapshot_store'], body['snapshot_daily']) == (True, True, True)
    listed = {one['id']: one for one in server.cloud.servers()}[server.uuid]
    assert (listed['light_snapshot_enabled'], listed['snapshot_store'], listed['snapshot_daily']) == (True, True, True)
    assert server.active().name == 'disk.light-1'
    assert server.active().stat().st_mode & 0o777 == 0o600
    columns = server.columns()
    assert (columns['light_snapshot_enable'], columns['snapshot_committed'], columns['snapshot_index'],
            columns['root_index'], columns['snapshot_store'], columns['snapshot_daily']) == ('1', '0', '1', '0', '1', '1')


def test_three_snapshots_while_the_guest_writes(server):
    for number in (1, 2, 3):
        SUMS[number] = server.write('file%d' % number, 'seed%d' % number)
        server.guest.sync()
        assert server.snapshot(name='n%d' % number, description='number %d' % number,
                               quiesce=number == 2) == number
    points = server.points()
    assert sorted(points) == [0, 1, 2, 3]
    assert [points[index]['parent'] for index in (0, 1, 2, 3)] == [None, 0, 1, 2]
    assert points[2]['consistency'] == 'quiesced' and points[3]['consistency'] == 'crash-consistent'
    assert points[3]['state'] == 'last' and points[3]['current'] and points[2]['state'] == 'root'
    assert points[1]['name'] == 'n1' and points[1]['size'] > 4 * 2 ** 20
    assert [layer['index'] for layer in server.record()['live']] == [3, 4]
    assert (server.directory / 'snapshots' / 'disk.light-1').stat().st_nlink == 2
    assert server.guest.records() > 0


def test_show_and_rename(server):
    path = '/servers/%s/light-snapshots/2' % server.uuid
    cloud = server.cloud
    assert cloud.must('compute', 'GET', path)['light_snapshot']['name'] == 'n2'
    changed = cloud.must('compute', 'PUT', path, {'light_snapshot': {'name': 'before the upgrade \u2713'}})
    assert changed['light_snapshot']['name'] == 'before the upgrade \u2713'
    assert changed['light_snapshot']['description'] == 'number 2'


def test_recover_to_the_last_after_the_guest_destroyed_itself(server):
    last = server.guest.records()
    server.guest.corrupt()
    server.recover()
    server.guest.wait_up()
    assert server.sums('zero', 'file1', 'file2', 'file3') == {
        'zero': SUMS['zero'], 'file1': SUMS[1], 'file2': SUMS[2], 'file3': SUMS[3]}
    assert server.guest.records() >= last - 60


def test_recover_to_an_index_and_back(server):
    server.recover(snap_index=1)
    server.guest.wait_up()
    assert server.sums('zero', 'file1', 'file2') == {'zero': SUMS['zero'], 'file1': SUMS[1], 'file2': None}
    assert server.points()[1]['current']
    server.recover(snap_index=3)
    server.guest.wait_up()
    assert server.sums('file1', 'file2', 'file3') == {'file1': SUMS[1], 'file2': SUMS[2], 'file3': SUMS[3]}


def test_a_branch(server):
    server.recover(snap_index=1)
    server.guest.wait_up()
    SUMS['branch'] = server.write('branch', 'branch')
    server.guest.sync()
    SUMS['branch index'] = index = server.snapshot(name='branch')
    assert server.points()[index]['parent'] == 1
    server.recover(use_root=True)
    server.guest.wait_up()
    assert server.sums('file1', 'branch') == {'file1': SUMS[1], 'branch': None}
    server.recover(snap_index=index)
    server.guest.wait_up()
    assert server.sums('file1', 'file2', 'branch') == {'file1': SUMS[1], 'file2': None, 'branch': SUMS['branch']}


def test_every_start_boots_the_active_layer(server):
    for kind in ('HARD', 'SOFT', 'HARD'):
        sums = server.write('after-' + kind, kind)
        server.guest.sync()
        active = server.active()
        server.reboot(kind)
        assert server.active() == active and active.name.startswith('disk.light-')
        assert server.sums('after-' + kind) == {'after-' + kind: sums}
    server.stop()
    server.start()
    assert server.active() == active
    assert server.sums('branch', 'after-HARD')['branch'] == SUMS['branch']


def test_pause_suspend_and_rescue(server):
    active, before = server.active(), server.sums('branch', 'file1')
    server.nova({'pause': None}, 'PAUSED')
    assert server.post('createSnapshot').status == 409
    server.nova({'unpause': None})
    server.nova({'suspend': None}, 'SUSPENDED')
    server.nova({'resume': None})
    server.guest.wait_up()
    server.nova({'rescue': {}}, 'RESCUE')
    assert server.post('recoverInstance').status == 409
    server.nova({'unrescue': None})
    server.guest.wait_up()
    assert server.active() == active and server.sums('branch', 'file1') == before


def test_resize_confirm_keeps_the_history(server):
    before = server.sums('branch', 'file1')
    kept = sorted(server.points())
    server.nova({'resize': {'flavorRef': server.cloud.flavor_id('m1.small')}}, 'VERIFY_RESIZE')
    server.guest.wait_up()
    assert server.sums('branch', 'file1') == before
    server.nova({'confirmResize': None})
    assert set(kept) <= set(server.points())
    server.recover(snap_index=2)
    server.guest.wait_up()
    assert server.sums('file1', 'file2', 'file3') == {'file1': SUMS[1], 'file2': SUMS[2], 'file3': None}


def test_resize_revert_keeps_the_history(server):
    SUMS['revert'] = server.write('revert', 'revert')
    server.guest.sync()
    kept = sorted(server.points())
    server.nova({'resize': {'flavorRef': server.cloud.flavor_id('m1.big')}}, 'VERIFY_RESIZE')
    server.guest.wait_up()
    server.write('lost-by-the-revert', 'x')
    server.nova({'revertResize': None})
    server.guest.wait_up()
    assert server.sums('revert', 'lost-by-the-revert') == {'revert': SUMS['revert'], 'lost-by-the-revert': None}
    assert set(kept) <= set(server.points())
    assert server.active().name.startswith('disk.light-')
    server.recover(snap_index=1)
    server.guest.wait_up()
    assert server.sums('file1', 'file2', 'revert') == {'file1': SUMS[1], 'file2': None, 'revert': None}


def test_store_and_daily_off_and_on(server):
    before = sorted(server.points())
    server.act('storeSnapshot', {'enable': False})
    server.act('dailySnapshot', {'enable': False})
    body = server.body()
    assert (body['snapshot_store'], body['snapshot_daily']) == (False, False)
    assert sorted(server.points()) == before
    server.act('storeSnapshot', {'enable': True})
    assert server.body()['snapshot_store'] is True
    assert set(before) <= set(server.points())


def test_commit_and_layers_again_at_the_next_start(server):
    sums = server.write('committed', 'committed', 16)
    server.guest.sync()
    server.act('commitSnapshot')
    assert server.columns()['snapshot_committed'] == '1' and server.listing()['committed'] is True
    assert server.post('createSnapshot').status == 409
    server.reboot('HARD')
    assert server.columns()['snapshot_committed'] == '0'
    assert server.active().name.startswith('disk.light-')
    assert server.sums('committed') == {'committed': sums}


def test_disable_leaves_a_plain_server(server):
    sums = server.write('last', 'last')
    server.guest.sync()
    boot = server.guest.boot()
    server.act('disableSnapshot')
    assert server.guest.boot() == boot and server.active().name == 'disk'
    assert server.sums('last', 'file1') == {'last': sums, 'file1': SUMS[1]}
    left = {path.name for path in server.directory.iterdir()}
    assert not [name for name in left if 'light' in name or name == 'snapshots'], left
    assert server.body()['light_snapshot_enabled'] is False
    server.reboot('HARD')
    assert server.sums('last') == {'last': sums}


def test_who_did_what_is_recorded(server):
    done = {event['action'] for event in server.events()}
    assert {'light_snapshot_enable', 'light_snapshot_create', 'light_snapshot_recover', 'light_snapshot_store',
            'light_snapshot_daily', 'light_snapshot_commit', 'light_snapshot_disable', 'light_snapshot_update'} <= done
    assert all(event['user_id'] == server.cloud.user_id for event in server.events()
               if event['action'].startswith('light_snapshot_'))


def test_the_image_cache_is_untouched(server):
    now = story.base_images()
    assert {name: now[name] for name in SUMS['base']} == SUMS['base']
