"""python3 -m tests.faults.disk IMAGE DIRECTORY METADATA: a disk that can fail, as a file that a loop device stands on.

Linux has device mapper for this, which many kernels lack; this needs /dev/fuse alone. DIRECTORY gets one file, `disk`, with the bytes of IMAGE. What is
written to it stays in a cache, as in a real disk's, until it is flushed; then it is in IMAGE. Commands come as lines on the standard input, each
is answered with a line:

`data`, `all`   from now on writes give an I/O error: those of blocks that hold no metadata of the file system (METADATA: their
                numbers, as JSON [[first, last], ...], 4 KiB each), or all of them, and reads and flushes too
`heal`          no more errors
`power`         the cache is lost, and nothing is taken any more
`sync`          the cache goes to IMAGE
"""

import ctypes
import errno
import json
import os
import select
import struct
import sys

BLOCK = 4096
_LOOKUP, _FORGET, _GETATTR, _SETATTR, _OPEN, _READ, _WRITE, _STATFS, _RELEASE, _FSYNC = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20
_FLUSH, _INIT, _INTERRUPT, _DESTROY, _BATCH_FORGET = 25, 26, 36, 38, 42
_MAX_WRITE = 2 ** 20
_NAME, _NODE = b'disk', 2


class Disk:
    """The bytes, the cache, and what is broken.

    :param path: the image file
    :param metadata: [(first, last)] numbers of blocks
    """

    def __init__(self, path, metadata):
        self._file = os.open(path, os.O_RDWR)
        self.size = os.fstat(self._file).st_size
        self._cache = {}
        self._metadata = metadata
        self.broken = None

    def read(self, offset, size):
        if self.broken in ('all', 'power'):
            raise OSError(errno.EIO, 'broken')
        data = bytearray(os.pread(self._file, size, offset))
        for block in range(offset // BLOCK, (offset + len(data) + BLOCK - 1) // BLOCK):
            cached = self._cache.get(block)
            if cached is not None:
                start = block * BLOCK - offset
                low, high = max(0, start), min(len(data), start + BLOCK)
                data[low:high] = cached[low - start:high - start]
        return bytes(data)

    def write(self, offset, data):
        if self.broken in ('all', 'power') or self.broken == 'data' and not self._is_metadata(offset, len(data)):
            raise OSError(errno.EIO, 'broken')
        view, position = memoryview(data), 0
        while position < len(view):
            block, inside = divmod(offset + position, BLOCK)
            size = min(BLOCK - inside, len(view) - position)
            if size == BLOCK:
                self._cache[block] = bytes(view[position:position + BLOCK])
            else:
                whole = bytearray(self._cache.get(block) or os.pread(self._file, BLOCK, block * BLOCK))
                whole[inside:inside + size] = view[position:position + size]
                self._cache[block] = bytes(whole)
            position += size

    def _is_metadata(self, offset, size):
        first, last = offset // BLOCK, (offset + size - 1) // BLOCK
        return any(low <= first and last <= high for low, high in self._metadata)

    def flush(self):
        if self.broken in ('all', 'power'):
            raise OSError(errno.EIO, 'broken')
        self.sync()

    def sync(self):
        for block, data in self._cache.items():
            os.pwrite(self._file, data, block * BLOCK)
        self._cache.clear()

    def command(self, word):
        """Carry out one line of the standard input."""
        if word == 'sync':
            self.sync()
        elif word == 'heal':
            self.broken = None
        elif word in ('data', 'all', 'power'):
            self.broken = word
            if word == 'power':
                self._cache.clear()
        else:
            raise ValueError(word)


class FileSystem:
    """The FUSE side: a directory with one file.

    :param disk: `Disk`
    :param where: mount point
    """

    def __init__(self, disk, where):
        self._disk = disk
        self.fd = os.open('/dev/fuse', os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        options = 'fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other' % self.fd
        if libc.mount(b'light-snapshot-disk', where.encode(), b'fuse', 0, options.encode()):
            raise OSError(ctypes.get_errno(), 'mount of a FUSE file system on %s' % where)

    def serve(self):
        """Answer one request; False once it is unmounted."""
        try:
            request = os.read(self.fd, _MAX_WRITE + 8192)
        except OSError as exc:
            if exc.errno == errno.ENODEV:
                return False
            if exc.errno in (errno.EINTR, errno.ENOENT, errno.EAGAIN):
                return True
            raise
        _size, opcode, unique, node = struct.unpack_from('<IIQQ', request)
        if opcode in (_FORGET, _BATCH_FORGET, _INTERRUPT):
            return True
        code, answer = 0, b''
        try:
            answer = self._answer(opcode, node, request, 40)
        except OSError as exc:
            code = -exc.errno
        try:
            os.write(self.fd, struct.pack('<IiQ', 16 + len(answer), code, unique) + answer)
        except OSError as exc:
            if exc.errno != errno.ENOENT:       # whoever asked does not wait any more
                raise
        return True

    def _answer(self, opcode, node, request, at):
        if opcode == _INIT:
            # BIG_WRITES and MAX_PAGES, so that a write comes in one piece.
            return struct.pack('<IIIIHHIIHHI7I', 7, 31, _MAX_WRITE, 1 << 5 | 1 << 22, 16, 12, _MAX_WRITE, 1, 256, 0, 0, *([0] * 7))
        if opcode == _LOOKUP:
            if request[at:].rstrip(b'\0') != _NAME:
                raise OSError(errno.ENOENT, 'no such file')
            return struct.pack('<QQQQII', _NODE, 0, 3600, 3600, 0, 0) + self._attributes(_NODE)
        if opcode in (_GETATTR, _SETATTR):
            return struct.pack('<QII', 3600, 0, 0) + self._attributes(node)
        if opcode == _OPEN:
            return struct.pack('<QII', 0, 0, 0)
        if opcode == _READ:
            _handle, offset, size = struct.unpack_from('<QQI', request, at)
            return self._disk.read(offset, size)
        if opcode == _WRITE:
            _handle, offset, size = struct.unpack_from('<QQI', request, at)
            self._disk.write(offset, memoryview(request)[at + 40:at + 40 + size])
            return struct.pack('<II', size, 0)
        if opcode == _FSYNC:
            self._disk.flush()
            return b''
        if opcode == _STATFS:
            return struct.pack('<5Q4I6I', 0, 0, 0, 0, 0, BLOCK, 255, BLOCK, 0, *([0] * 6))
        if opcode in (_FLUSH, _RELEASE, _DESTROY):
            return b''
        raise OSError(errno.ENOSYS, 'not needed')

    def _attributes(self, node):
        mode, size = (0o40755, 0) if node != _NODE else (0o100600, self._disk.size)
        return struct.pack('<6Q10I', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, BLOCK, 0)


def main(image, where, metadata):
    disk = Disk(image, [tuple(pair) for pair in json.loads(metadata)])
    files = FileSystem(disk, where)
    print('ready', flush=True)
    rest = b''
    while True:
        ready = select.select([files.fd, 0], [], [])[0]
        if 0 in ready:
            data = os.read(0, 4096)
            if not data:
                return
            rest += data
            while b'\n' in rest:
                word, _, rest = rest.partition(b'\n')
                disk.command(word.decode())
                print('done', flush=True)
        if files.fd in ready and not files.serve():
            return


if __name__ == '__main__':
    main(*sys.argv[1:])
