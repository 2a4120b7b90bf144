"""A guest that writes a qcow2 header into its own disk, naming a file of the host: it is data, whatever the engine does.

The disk's first bytes become an image whose backing file, or whose data file, is a file that the guest must never see
and must never change. Had the engine, or a command of its, looked for a format anywhere, the chain would lead there.
"""

import hashlib
import json
import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import MIB, Server, qemu_io  # noqa: E402

SECRET = b'of the host, and of nobody else\n' * 8192


class Hostile(Server):
    """A server whose guest has such a header ready, and a file of the host that it names."""

    def __init__(self, tmpdir, fmt, option):
        super(Hostile, self).__init__(tmpdir, fmt)
        self.secret = str(tmpdir.join('secret'))
        self.header = str(tmpdir.join('header'))
        # qemu-img makes the data file that it is given: the secret is put there afterwards.
        if option == 'data file':
            words = ['-o', 'data_file=%s,data_file_raw=on' % self.secret]
        else:
            words = ['-u', '-b', self.secret, '-F', 'raw']
        subprocess.check_call(['qemu-img', 'create', '-q', '-f', 'qcow2'] + words + [self.header, '1G'])
        with open(self.secret, 'wb') as handle:
            handle.write(SECRET)

    def attack(self):
        """Write the header over the first bytes of the disk, as the guest does."""
        path, fmt = self._active('disk')
        qemu_io(path, fmt, 'write -s %s 0 %d' % (self.header, os.path.getsize(self.header) // 512 * 512))

    def begins_with_the_header(self):
        """Whether the guest still reads there what it has written."""
        path, fmt = self._active('disk')
        raw = path + '.read'
        subprocess.check_call(['qemu-img', 'convert', '-f', fmt, '-O', 'raw', path, raw])
        with open(raw, 'rb') as handle, open(self.header, 'rb') as header:
            size = os.path.getsize(self.header) // 512 * 512
            same = handle.read(size) == header.read(size)
        whole = os.path.getsize(raw)
        os.unlink(raw)
        return same and whole == self.size

    def chain(self):
        """Every file that a guest which starts now would read, each by the format that names it."""
        path, fmt = self._active('disk')
        out = subprocess.check_output(['qemu-img', 'info', '--backing-chain', '--output=json', '-f', fmt, path])
        return [os.path.join(self.directory, one['filename']) for one in json.loads(out.decode())]

    def unharmed(self):
        with open(self.secret, 'rb') as handle:
            return hashlib.sha256(handle.read()).digest() == hashlib.sha256(SECRET).digest()


@pytest.mark.parametrize('option', ['backing file', 'data file'])
@pytest.mark.parametrize('fmt', ['raw', 'qcow2'])
@pytest.mark.parametrize('store', [False, True], ids=['plain', 'store'])
def test_a_header_in_the_guests_disk_is_data(tmpdir, fmt, option, store):
    server = Hostile(tmpdir, fmt, option)
    server.attack()

    def harmless(what):
        assert server.begins_with_the_header(), what
        assert server.unharmed(), what
        for path in server.chain():
            assert os.path.dirname(path) == server.directory or path == server.base, (what, path)

    server.enable(store)
    harmless('enable')
    for number in (1, 2, 3):
        server.write(number, number + 1)
        server.attack()
        server.snapshot()
        harmless('snapshot %d' % number)
    server.recover()
    harmless('recover to the last')
    server.recover(use_root=True)
    harmless('recover to the root')
    if store:
        server.recover(index=1)
        harmless('recover to an index')
    server.attack()
    server.act('preview', None, True)
    harmless('preview')
    server.attack()
    server.act('keep_preview')
    harmless('keep a preview')
    server.attack()
    server.snapshot()
    for index in server.indices()[:2]:
        server.act('delete', index)
        harmless('delete %d' % index)
    server.attack()
    server.act('commit_all')
    harmless('commit of all')
    engine = server.engine()
    engine.prepare_start()
    harmless('start after a commit of all')
    server.act('store', not store)
    harmless('store on or off')
    server.attack()
    server.snapshot()
    server.act('disable')
    harmless('disable')
    assert server.files() == []
    assert os.path.getsize(os.path.join(server.directory, 'disk')) <= server.size + 4 * MIB
