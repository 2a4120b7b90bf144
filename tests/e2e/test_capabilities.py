"""Restore points as a tree: names, deletion, preview, the safety snapshot, retention, and the check of it all."""

import pytest

import environment
import story

SUMS, INDEX = {}, {}


@pytest.fixture(scope='module')
def tree(demo, package):
    """A server that keeps its snapshots: zero; one, two, three in a row."""
    one = story.Server.create(demo, 'capabilities')
    SUMS['zero'] = one.write('zero', 'zero')
    one.guest.sync()
    one.act('enableSnapshot', {'store': True})
    for word in ('one', 'two', 'three'):
        grow(one, word)
    yield one
    directory = one.directory
    one.delete()
    assert not directory.exists()


def grow(server, word, mib=4):
    """Write a file, and freeze it into a restore point of the same name."""
    SUMS[word] = server.write(word, word, mib)
    server.guest.sync()
    INDEX[word] = server.snapshot(name=word, description='the file %s is the newest' % word)
    return INDEX[word]


def recover(server, word, **options):
    server.recover(snap_index=INDEX[word], **options)
    server.guest.wait_up()


def holds(server, *words):
    """Whether of all files ever written the guest has these, byte for byte, and no other."""
    assert server.sums(*SUMS) == {word: SUMS[word] if word in words else None for word in SUMS}
    return True


def used(server):
    """Bytes that the server's directory takes on the host's disk, each file once."""
    found = {path.stat().st_ino: path.stat().st_blocks * 512 for path in server.directory.rglob('*') if path.is_file()}
    return sum(found.values())


def message(answer):
    return next(iter(answer.body.values()))['message']


def test_names(tree):
    points = tree.points()
    for word in ('one', 'two', 'three'):
        point = points[INDEX[word]]
        assert (point['name'], point['description']) == (word, 'the file %s is the newest' % word)
        assert point['safety'] is False
    assert [points[index]['parent'] for index in (INDEX['one'], INDEX['two'], INDEX['three'])] == [
        0, INDEX['one'], INDEX['two']]
    assert [points[index]['children'] for index in (0, INDEX['one'], INDEX['two'], INDEX['three'])] == [1, 1, 1, 0]
    assert all(point['frees'] is None or point['frees'] >= 0 for point in points.values())


def test_a_branch(tree):
    recover(tree, 'two', safety=False)
    assert holds(tree, 'zero', 'one', 'two')
    grow(tree, 'branch')
    points = tree.points()
    assert points[INDEX['branch']]['parent'] == INDEX['two'] == points[INDEX['three']]['parent']
    assert points[INDEX['two']]['children'] == 2


def test_a_leaf_is_deleted_and_its_space_comes_back(tree):
    leaf = grow(tree, 'leaf', 24)
    recover(tree, 'branch', safety=False)
    before, points, boot = used(tree), tree.points(), tree.guest.boot()
    tree.delete_point(leaf)
    assert tree.guest.boot() == boot, 'the guest was restarted'
    assert set(tree.points()) == set(points) - {leaf}
    # The guest goes on writing its records meanwhile.
    assert before - used(tree) > 16 * 2 ** 20
    assert tree.cloud.call('compute', 'GET', '/servers/%s/light-snapshots/%d' % (tree.uuid, leaf)).status == 404
    assert tree.cloud.call('compute', 'DELETE', '/servers/%s/light-snapshots/%d' % (tree.uuid, leaf)).status == 404
    assert tree.post('recoverInstance', {'snap_index': leaf}).status == 404
    assert holds(tree, 'zero', 'one', 'two', 'branch')
    assert tree.check() == []


def test_what_others_stand_on_is_hidden_and_they_keep_their_bytes(tree):
    for word in ('two', 'one'):
        tree.delete_point(INDEX[word])
        assert INDEX[word] not in tree.points()
        assert tree.check() == []
    assert {0, INDEX['three'], INDEX['branch']} <= set(tree.points())
    recover(tree, 'three', safety=False)
    assert holds(tree, 'zero', 'one', 'two', 'three')
    recover(tree, 'branch', safety=False)
    assert holds(tree, 'zero', 'one', 'two', 'branch')
    assert tree.check() == []


# ---- preview

def previewed(server, word):
    """Look at a restore point."""
    server.act('previewInstance', {'snap_index': INDEX[word]})
    server.guest.wait_up()
    assert server.listing()['preview'] == INDEX[word]


def test_look_and_undo(tree):
    SUMS['unsaved'] = tree.write('unsaved', 'unsaved')
    tree.guest.sync()
    points = set(tree.points())
    previewed(tree, 'three')
    assert holds(tree, 'zero', 'one', 'two', 'three')
    SUMS['junk'] = tree.write('junk', 'junk')
    tree.guest.sync()
    for action, options in (('createSnapshot', None), ('recoverInstance', None), ('commitSnapshot', None),
                            ('disableSnapshot', None), ('storeSnapshot', {'enable': False}),
                            ('previewInstance', {'snap_index': INDEX['branch']})):
        answer = tree.post(action, options)
        assert answer.status == 409 and 'preview' in message(answer), action
    assert tree.cloud.call('compute', 'DELETE', '/servers/%s/light-snapshots/0' % tree.uuid).status == 409
    assert tree.check() == []
    # A start in between boots the preview, too.
    tree.reboot('HARD')
    assert holds(tree, 'zero', 'one', 'two', 'three', 'junk')
    tree.act('undoPreview')
    tree.guest.wait_up()
    assert tree.listing()['preview'] is None and set(tree.points()) == points
    assert holds(tree, 'zero', 'one', 'two', 'branch', 'unsaved')
    assert tree.check() == []


def test_look_and_keep(tree):
    previewed(tree, 'three')
    SUMS['in-preview'] = tree.write('in-preview', 'in-preview')
    tree.guest.sync()
    boot = tree.guest.boot()
    tree.act('keepPreview')
    assert tree.guest.boot() == boot, 'the guest was restarted'
    assert tree.listing()['preview'] is None
    assert tree.points()[INDEX['three']]['current']
    grow(tree, 'four')
    assert holds(tree, 'zero', 'one', 'two', 'three', 'in-preview', 'four')
    assert tree.points()[INDEX['four']]['parent'] == INDEX['three']
    recover(tree, 'branch', safety=False)
    assert holds(tree, 'zero', 'one', 'two', 'branch')
    recover(tree, 'four', safety=False)
    assert holds(tree, 'zero', 'one', 'two', 'three', 'in-preview', 'four')
    assert tree.check() == []


# ---- the safety snapshot

def test_a_recover_leaves_a_safety_snapshot_and_it_can_be_recovered(tree):
    SUMS['precious'] = tree.write('precious', 'precious')
    tree.guest.sync()
    before = set(tree.points())
    recover(tree, 'branch')
    assert holds(tree, 'zero', 'one', 'two', 'branch')
    points = tree.points()
    safety, = set(points) - before
    assert points[safety]['safety'] is True and points[safety]['parent'] == INDEX['four']
    tree.recover(snap_index=safety, safety=False)
    tree.guest.wait_up()
    assert set(tree.points()) == set(points)
    assert holds(tree, 'zero', 'one', 'two', 'three', 'in-preview', 'four', 'precious')
    assert tree.check() == []


# ---- retention

def test_retention_by_count(tree):
    tree.act('retainSnapshots', {'count': 2})
    assert tree.listing()['retention'] == {'count': 2, 'days': None}
    base = ('zero', 'one', 'two', 'three', 'in-preview', 'four', 'precious')
    rounds = ['round%d' % number for number in range(5)]
    for word in rounds:
        grow(tree, word)
        assert len([point for point in tree.points().values() if point['state'] == 'kept']) <= 2, word
    points = tree.points()
    assert INDEX['round4'] in points and INDEX['round3'] in points and INDEX['round0'] not in points
    assert tree.check() == []
    for number in (3, 4):
        recover(tree, rounds[number], safety=False)
        assert holds(tree, *(base + tuple(rounds[:number + 1])))
    tree.act('retainSnapshots', {'days': 30})
    assert tree.listing()['retention'] == {'count': 2, 'days': 30}
    tree.act('retainSnapshots', {'count': None, 'days': None})
    assert tree.listing()['retention'] == {'count': None, 'days': None}


# ---- the check

def repaired(server, admin):
    """An administrator's repair, until it is done; what it found."""
    answer = server.post('checkSnapshots', {'repair': True}, cloud=admin)
    assert answer.status == 202, answer
    server.cloud.wait_server(server.uuid, 'ACTIVE')
    return answer.body['findings']


def test_an_orphan_is_found_and_repair_takes_it_away(tree, admin):
    assert tree.check() == []
    known = {path.name for path in tree.directory.iterdir()}
    orphan = tree.directory / 'disk.light-999'
    orphan.write_bytes(b'nobody needs this')
    found = tree.check()
    assert [one['file'] for one in found] == [orphan.name] and not found[0]['repaired']
    assert orphan.name in found[0]['message'] and orphan.exists()
    assert tree.post('checkSnapshots', {'repair': True}).status == 403 and orphan.exists()
    assert [(one['file'], one['repaired']) for one in repaired(tree, admin)] == [(orphan.name, True)]
    assert {path.name for path in tree.directory.iterdir()} == known
    assert tree.check() == []


def test_the_database_is_compared_with_the_record(tree, admin):
    before = tree.columns()
    environment.sql("UPDATE instances SET root_index = 77, snapshot_store = 0 WHERE uuid = '%s'" % tree.uuid)
    found = tree.check()
    assert [one['code'] for one in found] == ['columns'], found
    assert 'root_index is 77' in found[0]['message']
    found, = repaired(tree, admin)
    assert found['repaired'] is True
    assert tree.columns() == before and tree.check() == []


def test_who_did_what_is_recorded(tree):
    done = {event['action'] for event in tree.events()}
    assert {'light_snapshot_delete', 'light_snapshot_preview', 'light_snapshot_keep_preview',
            'light_snapshot_undo_preview', 'light_snapshot_retain', 'light_snapshot_repair'} <= done


def test_disable_leaves_nothing(tree):
    words = ('zero', 'one', 'two', 'three', 'in-preview', 'four', 'precious') + tuple(
        'round%d' % number for number in range(5))
    tree.act('disableSnapshot')
    assert holds(tree, *words)
    left = {path.name for path in tree.directory.iterdir()}
    assert not [name for name in left if 'light' in name or name == 'snapshots'], left
    assert tree.check() == []
