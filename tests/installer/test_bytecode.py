"""Compiled files that Python never compares with their sources."""
import struct

import pytest

from installer_fakes import write
from light_snapshot_installer import bytecode

SOURCE = '/usr/lib/python3/dist-packages/nova/compute/manager.py'
CACHED = '/usr/lib/python3/dist-packages/nova/compute/__pycache__/manager.cpython-%s.pyc'


@pytest.mark.parametrize('tag,magic,second,stale', [
    ('37', 3394, 0, False),             # by the source's time
    ('37', 3394, 0b11, False),          # by a hash, compared
    ('37', 3394, 0b01, True),           # by a hash, never compared
    ('313', 3571, 0b01, True),
    ('36', 3379, 1700000001, False),    # before PEP 552 this is the source's time
])
def test_unchecked_hashes_are_faults(node, tag, magic, second, stale):
    write(node.root.at(SOURCE), u'VALUE = 1\n')
    cached = node.root.at(CACHED % tag)
    write(cached, u'')
    with open(cached, 'wb') as stream:
        stream.write(struct.pack('<HHI', magic, 0x0a0d, second) + b'\0' * 8)
    assert bytecode.faults(node.root, SOURCE) == (
        [(cached, 'it is never compared with its source')] if stale else [])
