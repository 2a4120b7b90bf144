"""The few acts that need more rights than nova's user has: layers are 0600 and belong to QEMU or root.

Plain functions of plain values, so that privsep (or another way to root) can carry each of them. Each checks
its own arguments: whoever calls, nothing outside one instance's directory is written, every format is named,
and the base of a commit is named as well.
"""

import errno
import json
import os
import re
import stat
import subprocess
import tempfile
import time

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import writers

FORMATS = ('qcow2', 'raw')
# Of a copy that leaves the host as an image: what nova's option snapshot_image_format may name.
IMAGE_FORMATS = FORMATS + ('vmdk', 'vdi')
#: act -> how many arguments it takes; nothing else is carried out for another process
ACTS = {'commit': 3, 'copy': 3, 'create': 5, 'export': 4, 'flatten': 4, 'grow': 3, 'hand_over': 2, 'info': 3, 'link': 3,
        'mend': 2, 'overlap': 5, 'repoint': 4, 'verify': 2, 'written': 1}


def _path(directory, name):
    """The absolute path of one of the engine's files; ValueError for any other."""
    if not os.path.isabs(directory) or os.path.normpath(directory) != directory:
        raise ValueError('not an absolute, normal path: %r' % directory)
    if layout.disk_of(name) is None:
        raise ValueError('not a file of this engine: %r' % name)
    path = os.path.join(directory, name)
    if os.path.islink(path) or os.path.realpath(os.path.dirname(path)) != os.path.join(
            os.path.realpath(directory), os.path.dirname(name)).rstrip('/'):
        raise ValueError('a symbolic link stands in the way of %r' % path)
    return path


def _format(value):
    if value not in FORMATS:
        raise ValueError('not a format that carries layers: %r' % value)
    return value


def _backing(value):
    if layout.disk_of(value) is None or os.path.dirname(value):
        raise ValueError('not a backing file of this engine: %r' % value)
    return value


def _run(argv, good=(0,), cwd=None):
    # LC_ALL: messages end up in faults and logs, which are in English. close_fds is left to Python: version 2.7
    # would try to close every number up to the limit, a million on some nodes.
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=dict(os.environ, LC_ALL='C'), cwd=cwd)
    out, err = child.communicate()
    if child.returncode not in good:
        raise errors.CommandFailed(argv, child.returncode, (err or out).decode('utf-8', 'replace'))
    return out.decode('utf-8')


# A qemu-img, by where it lies and what it is -> its version.
_versions = {}


def _is_older(*version):
    """Whether qemu-img is of a QEMU before a version. What such a one does not know it answers with its help, and exit code 0."""
    key = _program('qemu-img')
    if key not in _versions:
        child = subprocess.Popen(['qemu-img', '--version'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 env=dict(os.environ, LC_ALL='C'))
        said = re.search(r'qemu-img version (\d+)\.(\d+)', child.communicate()[0].decode('utf-8', 'replace'))
        if not said:
            raise errors.EngineError('qemu-img does not say its version; nothing was changed. See to the qemu-utils of this host.')
        _versions[key] = tuple(map(int, said.groups()))
    return _versions[key] < version


def _program(name):
    """What a name stands for now: a package may be upgraded while we run."""
    for directory in os.environ.get('PATH', os.defpath).split(os.pathsep):
        try:
            found = os.stat(os.path.join(directory, name))
            return directory, found.st_dev, found.st_ino, found.st_mtime
        except OSError:
            pass
    return None


# QEMU locks images from this version on (qemu-img's -U opens them in spite of that), and qemu-img looks at a backing file whose format
# and size it is told (create's -u: do not).
_LOCKS = (2, 10)
# From this one on an image can be opened without the files that it stands on.
_ALONE = (2, 12)


def _shared():
    """Words for qemu-img to read what a running QEMU may hold."""
    return [] if _is_older(*_LOCKS) else ['-U']


# Seconds for which a qemu-img may neither compute nor read or write.
STUCK = 120


def _run_watched(argv):
    """As `_run`, for an old qemu-img that waits for ever for its own job once that has failed (seen with 2.3.0, on a full disk).

    :raises CommandFailed: also where it did nothing for a while; it was ended then
    """
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, env=dict(os.environ, LC_ALL='C'))
        child.stdin.close()
        seen, since = None, time.time()
        while child.poll() is None:
            now = _done_by(child.pid)
            if now != seen:
                seen, since = now, time.time()
            elif time.time() - since > STUCK:
                child.kill()
                child.wait()
                raise errors.CommandFailed(argv, child.returncode, 'it did nothing for %d s and was ended; its disk may be full or broken'
                                           % STUCK)
            time.sleep(0.05)
        said.seek(0)
        if child.returncode:
            raise errors.CommandFailed(argv, child.returncode, said.read().decode('utf-8', 'replace'))


def _done_by(pid):
    """What a process has done so far, as far as the kernel tells; one that waits for a disk does something."""
    try:
        with open('/proc/%d/stat' % pid) as stream:
            words = stream.read().rpartition(')')[2].split()
        with open('/proc/%d/io' % pid) as stream:
            return time.time() if words[0] == 'D' else (words[11:13], stream.read())
    except EnvironmentError:
        return time.time()      # it has just ended


def fsync(directory, name):
    """Bring a file's data and its directory entry to the disk."""
    path = _path(directory, name)
    for target in (path, os.path.dirname(path)):
        fd = os.open(target, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def info(directory, name, fmt):
    """What qemu-img says of one image, without its backing chain.

    :returns: {'format', 'virtual-size' (bytes), 'actual-size' (bytes on disk), 'backing-filename' (if any),
        'backing-filename-format' (if any)}
    :raises CommandFailed: when the file is not an image of that format
    """
    path = _path(directory, name)
    # A running QEMU may hold the image; only the header is read here.
    out = _run(['qemu-img', 'info'] + _shared() + ['--output=json', '-f', _format(fmt), path])
    data = json.loads(out)
    keys = ('format', 'virtual-size', 'actual-size', 'backing-filename', 'backing-filename-format')
    return dict((key, data[key]) for key in keys if key in data)


def overlap(directory, name, fmt, above, above_format):
    """Bytes of data in one image that another, which stands on it, hides: what comes back when they become one."""
    below, over = _extents(directory, name, fmt), _extents(directory, above, above_format)
    total, at = 0, 0
    for start, end in below:
        while at < len(over) and over[at][1] <= start:
            at += 1
        place = at
        while place < len(over) and over[place][0] < end:
            total += min(end, over[place][1]) - max(start, over[place][0])
            place += 1
    return total


def _extents(directory, name, fmt):
    """[(start, end)] of the data in one image, without its backing files, in order."""
    path = _path(directory, name)
    if _is_older(*_ALONE):
        # It says how deep each part lies.
        out = _run(['qemu-img', 'map'] + _shared() + ['--output=json', '-f', _format(fmt), path])
    else:
        image = {'driver': _format(fmt), 'file': {'driver': 'file', 'filename': path}}
        if fmt == 'qcow2':
            image['backing'] = None
        out = _run(['qemu-img', 'map', '-U', '--output=json', 'json:' + json.dumps(image, sort_keys=True)])
    return [(part['start'], part['start'] + part['length']) for part in json.loads(out) if part['data'] and not part['depth']]


def verify(directory, name):
    """What qemu-img check says of one qcow2 file that no guest writes to.

    :returns: {'corruptions', 'leaks', 'check-errors'}, counts
    """
    # 2: corruptions, 3: leaks alone; both are in the output.
    out = _run(['qemu-img', 'check'] + _shared() + ['--output=json', '-f', 'qcow2', _path(directory, name)], (0, 2, 3))
    found = json.loads(out)
    return dict((key, found.get(key, 0)) for key in ('corruptions', 'leaks', 'check-errors'))


def mend(directory, name):
    """Give back the clusters of a qcow2 file that nothing uses, as a commit leaves them that was cut off. No guest may have
    it open; its data is not touched."""
    _run(['qemu-img', 'check', '-q', '-r', 'leaks', '-f', 'qcow2', _path(directory, name)], (0, 3))
    fsync(directory, name)


def written(directory):
    """Names of the disks and layers in a directory that some process writes to, or may, whatever libvirt says (see `writers`)."""
    return writers.of(directory, dict((name, _path(directory, name)) for name in os.listdir(directory)
                                      if layout.disk_of(name) is not None))


def create(directory, name, backing, backing_format, size):
    """Make an empty qcow2 layer, 0600, synced.

    :param backing: the backing file, by its bare name
    :param size: virtual size in bytes
    """
    path = _path(directory, name)
    # The backing file may be open for writing in a running QEMU; its format and our size are known.
    unseen = [] if _is_older(*_LOCKS) else ['-u']
    # Made here first, so that it is never readable by others, not even for a moment.
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(fd, 0o600)
    finally:
        os.close(fd)
    _run(['qemu-img', 'create', '-q', '-f', 'qcow2'] + unseen + ['-b', _backing(backing), '-F', _format(backing_format), path,
                                                                 str(int(size))])
    _hand_over(directory, path)
    fsync(directory, name)


def _hand_over(directory, path):
    # nova's user owns the directory; libvirt takes the file over when a guest starts on it. By a descriptor, so that whoever owns the
    # directory cannot put a link to another file there in between.
    owner = os.stat(directory)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError('not a file: %r' % path)
        os.fchown(fd, owner.st_uid, owner.st_gid)
    finally:
        os.close(fd)


def hand_over(directory, name):
    """Let nova's user read a disk or a layer, to copy it to another host. Nobody may write to it."""
    _hand_over(directory, _path(directory, name))


def export(directory, name, source_format, image_format):
    """Copy what one image and all below it hold into one file of its own, `layout.EXPORT`, 0600. Nobody may write to any
    of them.

    :param image_format: one of `IMAGE_FORMATS`
    """
    source = _path(directory, name)
    if image_format not in IMAGE_FORMATS:
        raise ValueError('not a format of an image: %r' % image_format)
    target = os.path.join(directory, layout.EXPORT)
    try:
        os.unlink(target)
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
    # Made here first, so that it is never readable by others; EXCL: nor is it anything that somebody has put there.
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
    _run(['qemu-img', 'convert', '-q', '-f', _format(source_format), '-O', image_format, source, target])
    _hand_over(directory, target)


def commit(directory, name, base):
    """Merge a qcow2 layer, and all layers between, into `base`. No guest may have them open.

    The layer itself is left as it is (-d), so that a commit that was cut off can be run again.
    """
    top, below = _path(directory, name), _path(directory, base)
    run = _run_watched if _is_older(*_LOCKS) else _run
    run(['qemu-img', 'commit', '-q', '-f', 'qcow2', '-t', 'writeback', '-d', '-b', below, top])
    fsync(directory, base)


def repoint(directory, name, backing, backing_format):
    """Change the backing file that a layer names, without copying. No guest may have the layer open."""
    path = _path(directory, name)
    _run(['qemu-img', 'rebase', '-q', '-u', '-f', 'qcow2', '-b', _backing(backing),
          '-F', _format(backing_format), path])
    fsync(directory, name)


def flatten(directory, name, backing, backing_format):
    """Copy into a layer what lies between it and a deeper backing file, then name that one. Data stays equal."""
    path = _path(directory, name)
    # Older ones look for the backing file where they run, and not beside the image; where it is not found they may say so and exit with 0.
    argv = ['qemu-img', 'rebase', '-q', '-t', 'writeback', '-f', 'qcow2', '-b', _backing(backing), '-F', _format(backing_format), path]
    _run(argv, cwd=os.path.dirname(path))
    if info(directory, name, 'qcow2').get('backing-filename') != backing:
        raise errors.CommandFailed(argv, 0, 'the image names another backing file still')
    fsync(directory, name)


def grow(directory, name, size):
    """Make a qcow2 layer's virtual size at least `size` bytes. Never shrinks."""
    path = _path(directory, name)
    if info(directory, name, 'qcow2')['virtual-size'] < int(size):
        _run(['qemu-img', 'resize', '-q', '-f', 'qcow2', path, str(int(size))])
        fsync(directory, name)


def link(directory, name, other):
    """Give a file a second name. A link that is already there, to the same file, is the same as success."""
    source, target = _path(directory, name), _path(directory, other)
    try:
        os.link(source, target)
    except OSError as exc:
        if exc.errno != errno.EEXIST or not os.path.samefile(source, target):
            raise
    fsync(directory, other)


def copy(source_directory, directory, name):
    """Copy one of the engine's files from one directory of an instance to another, holes kept, 0600, synced."""
    source, target = _path(source_directory, name), _path(directory, name)
    _run(['cp', '--sparse=always', '--preserve=mode,ownership', '--', source, target])
    fsync(directory, name)


def attempt(name, args):
    """Carry out one act for another process, which would not get an exception of ours with its class.

    :returns: (True, result) or (False, message)
    :raises ValueError: not an act, or not its arguments
    """
    if len(args) != ACTS.get(name):
        raise ValueError('not an act of light-snapshot: %r with %d arguments' % (name, len(args)))
    try:
        return True, globals()[name](*args)
    except (errors.EngineError, EnvironmentError) as exc:
        return False, str(exc)
