"""What the guest's disk holds: records 1 to N, and no other byte (see guest.S, which writes them)."""

import functools
import struct

SLOTS, STRIDE, STEP = 509, 263, 0x9e3779b1
RECORD = 4096
SIZE = 16 * 2 ** 20

_PATTERN = int.from_bytes(b''.join(struct.pack('<I', i * STEP & 0xffffffff) for i in range(RECORD // 4)), 'little')
_ONES = int.from_bytes(struct.pack('<I', 1) * (RECORD // 4), 'little')


class Broken(Exception):
    """Bytes that are records 1 to N for no N: something was lost, or comes from another time."""


@functools.lru_cache(maxsize=4096)
def record(number):
    """The bytes of one record."""
    return (number * _ONES ^ _PATTERN).to_bytes(RECORD, 'little')


def offset(number):
    """Where on the disk a record lies, in bytes."""
    return (number * STRIDE % SLOTS + 1) * 32768


def image(count, boot=b''):
    """The bytes of a disk that holds records 1 to `count`, and `boot` at its beginning."""
    data = bytearray(SIZE)
    data[:len(boot)] = boot
    for number in range(max(1, count - SLOTS + 1), count + 1):
        data[offset(number):offset(number) + RECORD] = record(number)
    return data


def newest(data, boot):
    """N, where the disk holds records 1 to N and nothing else.

    :raises Broken: where it does not; says at which offset it differs first
    """
    last = max(struct.unpack_from('<I', data, (slot + 1) * 32768)[0] for slot in range(SLOTS))
    if last > 2 ** 24:
        raise Broken('a slot begins with %#x, which is the number of no record' % last)
    wanted = image(last, boot)
    if data == wanted:
        return last
    if len(data) != len(wanted):
        raise Broken('%d bytes instead of %d' % (len(data), len(wanted)))
    wrong = [start for start in range(0, SIZE, RECORD) if data[start:start + RECORD] != wanted[start:start + RECORD]]
    found = struct.unpack_from('<I', data, wrong[0])[0]
    slot = wrong[0] // 32768 - 1
    number = next(n for n in range(last, last - SLOTS, -1) if n * STRIDE % SLOTS == slot) if slot >= 0 else 0
    raise Broken('the newest record is %d, and %d blocks of 4 KiB are not as they were then; the first one, at %#x, should hold '
                 'record %d and begins with %d' % (last, len(wrong), wrong[0], number, found))
