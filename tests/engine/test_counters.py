"""The three values that tell of a server's restore points without a look at its disk."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import MIB, Server, variants  # noqa: E402

from light_snapshot.engine import inventory  # noqa: E402


@pytest.fixture(params=variants('qcow2', 'two disks'))
def server(request, tmpdir):
    return Server.of(tmpdir, request.param)


def counters(server):
    """The counters, held against the list and against the directory."""
    engine = server.engine()
    found, points = inventory.counters(engine.record, engine.files), engine.points()
    assert found['count'] == len(points)
    assert found['last_at'] == (max(point['created_at'] for point in points) if points else None)
    snapshots, kept = os.path.join(server.directory, 'snapshots'), {}
    for name in os.listdir(snapshots) if os.path.isdir(snapshots) else ():
        stat = os.lstat(os.path.join(snapshots, name))
        if name not in ('deleted', 'disk', 'disk.swap'):
            kept[stat.st_ino] = stat.st_blocks * 512
    assert found['kept_bytes'] == sum(kept.values())
    return found['count'], found['kept_bytes']


def test_a_server_without_history_keeps_nothing(server):
    server.enable()
    server.write(1, 1)
    server.snapshot('a')
    server.write(2, 2)
    server.snapshot('b')
    assert counters(server) == (2, 0)


def test_history_counts_until_it_is_deleted(server):
    server.enable(store=True)
    assert counters(server) == (1, 0)
    for number in (1, 2, 3, 4):
        server.write(number, number)
        server.snapshot('s%d' % number)
    count, kept = counters(server)
    assert count == 5 and kept >= 2 * MIB
    server.act('delete', server.indices()[2])
    fewer, less = counters(server)
    assert fewer == count - 1 and less < kept
    server.act('commit_all')
    assert counters(server)[0] == len(server.indices())


def test_a_preview_hides_none(server):
    server.enable(store=True)
    for number in (1, 2, 3):
        server.write(number, number)
        server.snapshot('s%d' % number)
    before = counters(server)
    engine = server.engine()
    engine.preview(index=server.indices()[1])
    engine.finish()
    assert counters(server) == before
