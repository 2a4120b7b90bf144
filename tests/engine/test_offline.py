"""Every operation on a stopped server, bytes compared through the chain that a guest would see."""

import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, variants  # noqa: E402

from light_snapshot.engine import errors, layout, record as records  # noqa: E402


SEVERAL = ('disk.eph0', 'disk.swap')


@pytest.fixture(params=variants('raw', 'several disks'))
def server(request, tmpdir):
    if request.param == 'several disks':
        server = Server(tmpdir, others=SEVERAL)
    else:
        server = Server(tmpdir, request.param)
    yield server
    # The image-cache file belongs to every server of that image.
    from disk import checksum
    assert checksum(server.base, 'raw', server.size) == server.base_sum


def chain_depth(server):
    record = server.engine().record
    out = subprocess.check_output(['qemu-img', 'info', '--backing-chain', '--output=json', '-f', 'qcow2',
                                   record.path(record.active)])
    return len(json.loads(out.decode()))


def test_enable_changes_nothing_the_guest_sees(server):
    server.write(1)
    before = server.sum()
    server.enable()
    assert server.sum() == before
    assert server.indices() == [0]
    assert os.stat(os.path.join(server.directory, 'disk.light-1')).st_mode & 0o777 == 0o600


def test_the_live_chain_stays_bounded(server):
    server.enable()
    sums = {}
    for number in range(1, 8):
        server.write(number, number)
        sums[number] = server.sum()
        assert server.snapshot() == number
    record = server.engine().record
    assert [layer['index'] for layer in record.live] == [7, 8]
    assert server.indices() == [6, 7]
    assert chain_depth(server) == (4 if server.fmt == 'qcow2' else 3)
    assert server.files() == sorted(disk + layer for disk in server.disks for layer in ('.light-7', '.light-8'))
    assert server.point_sum(6) == sums[6] and server.point_sum(7) == sums[7]


def test_recover_to_the_last_and_to_the_root(server):
    server.enable()
    sums = {}
    for number in (1, 2):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    server.write(9, 1, 5)
    server.recover()
    assert server.sum() == sums[2]
    server.write(9, 1, 5)
    server.recover(use_root=True)
    assert server.sum() == sums[1]
    assert server.indices() == [1]
    server.write(3, 3)
    index = server.snapshot()
    assert index > 3 and server.engine().record.points[str(index)]['parent'] == 1


def test_store_keeps_every_index(server):
    server.write(7, 0, 2)
    sums = {0: server.sum()}
    server.enable(store=True)
    for number in range(1, 6):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    assert server.indices() == [0, 1, 2, 3, 4, 5]
    for index in server.indices():
        assert server.point_sum(index) == sums[index], index
    for index in (3, 0, 5, 1):
        server.write(99, 20 + index, 3)
        server.recover(index=index)
        assert server.sum() == sums[index], index
        for other in range(6):
            assert server.point_sum(other) == sums[other], (index, other)


def test_branches_survive(server):
    server.enable(store=True)
    sums = {}
    for number in range(1, 4):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    server.recover(index=1)
    server.write(50, 30)
    branch_sum = server.sum()
    branch = server.snapshot()
    server.write(51, 31)
    second_sum = server.sum()
    second = server.snapshot()
    server.write(52, 32)
    server.snapshot()
    points = dict((point['index'], point) for point in server.engine().points())
    assert points[branch]['parent'] == 1 and points[second]['parent'] == branch and points[3]['parent'] == 2
    server.recover(index=3)
    assert server.sum() == sums[3]
    server.recover(index=branch)
    assert server.sum() == branch_sum
    server.recover(index=second)
    assert server.sum() == second_sum


def test_store_on_copies_nothing(server):
    server.write(8, 0, 30)
    server.enable()
    server.write(1, 1)
    server.snapshot()
    server.write(2, 2)
    now = server.sum()
    before = sum(os.lstat(os.path.join(server.directory, name)).st_blocks for name in os.listdir(server.directory))
    server.act('store', True)
    after = sum(os.lstat(os.path.join(server.directory, name)).st_blocks for name in os.listdir(server.directory)
                if os.path.isfile(os.path.join(server.directory, name)))
    assert (after - before) * 512 < 2 ** 20 * len(server.disks)
    assert server.sum() == now
    assert server.indices() == [0, 1, 2]
    server.write(3, 3)
    server.snapshot()
    server.write(4, 4)
    server.snapshot()
    server.recover(index=2)
    assert server.sum() == now
    server.act('store', False)
    assert 2 in server.indices()


def test_a_deep_history_is_flattened_at_a_recover(server):
    server.enable(store=True)
    sums = {}
    for number in range(1, 9):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    engine = server.engine(chain_limit=3)
    engine.recover(index=7)
    engine.finish()
    assert server.sum() == sums[7]
    assert chain_depth(server) <= 5
    for index in range(1, 9):
        assert server.point_sum(index) == sums[index]


def test_commit_all_and_start_again(server):
    server.enable(store=True)
    server.write(1, 1)
    one = server.sum()
    server.snapshot()
    server.write(2, 2)
    two = server.sum()
    server.act('commit_all')
    record = server.engine().record
    assert record.committed and server.sum() == two
    engine = server.engine()
    path, fmt = engine.prepare_start()
    assert fmt == 'qcow2' and not engine.record.committed and server.sum() == two
    server.recover(index=1)
    assert server.sum() == one
    server.recover(index=2)
    assert server.sum() == two


@pytest.mark.parametrize('store', [False, True])
def test_disable_leaves_a_plain_server(server, store):
    server.enable(store)
    for number in range(1, 5):
        server.write(number, number)
        server.snapshot()
    if store:
        server.recover(index=2)
        server.write(9, 9)
    server.write(10, 12, 4)
    before = server.sum()
    server.act('disable')
    assert not records.exists(server.directory)
    assert server.files() == [] and server.sum() == before
    assert sorted(os.listdir(server.directory)) == sorted(server.disks)


def test_disable_of_a_committed_server_with_history(server):
    server.enable(store=True)
    server.write(1, 1)
    server.snapshot()
    server.write(2, 2)
    before = server.sum()
    server.act('commit_all')
    server.act('disable')
    assert server.sum() == before and sorted(os.listdir(server.directory)) == sorted(server.disks)


def test_growth_of_the_disk_is_followed(server):
    server.enable(store=True)
    server.write(1, 1)
    server.snapshot()
    before = server.sum()
    server.act('commit_all')
    for disk in server.disks:
        subprocess.check_call(['qemu-img', 'resize', '-q', '-f', server.fmt, server.path(disk), str(server.size * 2)])
    engine = server.engine()
    engine.prepare_start()
    assert engine.files.virtual_size(engine.record.active, 'qcow2') == server.size * 2
    assert server.sum() == before       # of the first half
    server.write(5, 60, 15)
    server.act('disable')


def test_history_goes_to_another_directory(server, tmpdir):
    server.enable(store=True)
    sums = {}
    for number in range(1, 4):
        server.write(number, number)
        sums[number] = server.sum()
        server.snapshot()
    server.act('commit_all')
    old = server.directory + '_resize'
    os.rename(server.directory, old)
    os.mkdir(server.directory)
    for disk in server.disks:
        subprocess.check_call(['cp', os.path.join(old, disk), server.path(disk)])
    server.engine().bring_from(old)
    engine = server.engine()
    engine.prepare_start()
    for index in sums:
        assert server.point_sum(index) == sums[index]
    server.recover(index=2)
    assert server.sum() == sums[2]


REFUSALS = [
    ('enable', lambda s: s.enable()),
    ('unknown index', lambda s: s.recover(index=77)),
    ('negative index', lambda s: s.recover(index=-1)),
    ('describe unknown', lambda s: s.act('describe', 77, 'x', None)),
]


@pytest.mark.parametrize('name,act', REFUSALS, ids=[r[0] for r in REFUSALS])
def test_a_refusal_changes_nothing(server, name, act):
    server.enable()
    server.write(1, 1)
    server.snapshot()
    before = server.sum(), server.files(), open(os.path.join(server.directory, layout.RECORD)).read()
    with pytest.raises(errors.Refused):
        act(server)
    assert (server.sum(), server.files(), open(os.path.join(server.directory, layout.RECORD)).read()) == before


@pytest.mark.parametrize('method,args', [('snapshot', ()), ('recover', ()), ('disable', ()), ('commit_all', ()),
                                         ('store', (True,)), ('describe', (0, 'x', None))])
def test_a_plain_server_is_refused(server, method, args):
    with pytest.raises(errors.Refused):
        server.act(method, *args)
    assert sorted(os.listdir(server.directory)) == sorted(server.disks)


def test_a_damaged_record_stops_everything(server):
    server.enable()
    path = os.path.join(server.directory, layout.RECORD)
    with open(path, 'w') as handle:
        handle.write('{"version": 1, "live"')
    with pytest.raises(errors.EngineError) as caught:
        server.engine()
    assert path in str(caught.value)


def test_names_times_and_sizes(server):
    server.enable()
    server.write(1, 1, 8)
    server.snapshot('first')
    server.act('describe', 1, None, 'what it was')
    point = server.engine().points()[-1]
    assert (point['name'], point['description'], point['state'], point['consistency']) == (
        'first', 'what it was', 'last', 'stopped')
    assert point['size'] >= 8 * 2 ** 20 and point['current'] is True and point['created_at'].endswith('Z')
    empty = server.engine().written()
    assert empty < 2 ** 20
    server.write(2, 2, 8)
    assert server.engine().written() >= empty + 8 * 2 ** 20
    server.act('commit_all')
    assert server.engine().written() is None


def test_starts_after_commits_do_not_deepen_the_chain_for_ever(server):
    server.enable(store=True)
    sums, depths = {}, []
    for number in range(1, 8):
        server.write(number, number)
        sums[number] = server.sum()
        server.act('commit_all')
        record = server.engine().record
        record.data['root']['dirty'] = True     # as after a commit under a running guest
        record.save()
        engine = server.engine(chain_limit=4)
        engine.prepare_start()
        assert server.sum() == sums[number]
        depths.append(chain_depth(server))
    assert max(depths) <= 4 + 4
    for point in server.engine().points():
        server.recover(index=point['index'])


def test_a_full_file_system_leaves_the_record_as_it_was(server):
    server.enable()
    record = server.engine().record
    before = open(record.path(layout.RECORD)).read()
    record.data['points'] = dict((str(n), {'name': 'x' * 1000}) for n in range(200))
    full = os.path.join(server.directory, layout.RECORD + '.new')
    os.symlink('/dev/full', full)
    with pytest.raises((IOError, OSError)):
        record.save()
    assert not os.path.lexists(full)
    assert open(record.path(layout.RECORD)).read() == before
