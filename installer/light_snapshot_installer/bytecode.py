"""Compiled Python beside the sources that we replace: kept aside, made anew, put back."""
import marshal
import os
import re
import struct
import sys

from light_snapshot_installer import files, paths

try:
    from importlib.util import MAGIC_NUMBER, cache_from_source
except ImportError:  # Python 2
    import imp
    MAGIC_NUMBER, cache_from_source = imp.get_magic(), None

# The first magic number of a compiled file with flags (PEP 552).
_FLAGS_SINCE = 3392
_CACHED = r'^%s\.[\w-]+(\.opt-\w+)?\.py[co]$'


def caches(disk, path):
    """The compiled files of the source `path` (a real path): Python 3's in __pycache__, Python 2's beside it."""
    found = [path + letter for letter in 'co' if disk.exists(path + letter)]
    directory, name = os.path.split(path)
    stem = _stem(name)
    pattern = re.compile(_CACHED % re.escape(stem))
    cache = os.path.join(directory, '__pycache__')
    # `driver.py.cpython-311.pyc` belongs to the diverted driver.py.light-snapshot-orig, not to driver.py.
    found.extend(os.path.join(cache, entry) for entry in disk.names(cache)
                 if pattern.match(entry) and not entry.startswith(stem + '.py.'))
    return found


def _stem(name):
    return name[:-len('.py')] if name.endswith('.py') else name.rpartition('.')[0]


def sweep(root, path):
    """Remove what a run of ours that was cut off left of a compiled file."""
    here = root.at(path)
    directory, name = os.path.split(here)
    cache = os.path.join(directory, '__pycache__')
    end = files.staged('')[len('..'):]
    left = [files.staged(here + letter) for letter in 'co']
    left.extend(os.path.join(cache, entry) for entry in root.disk.names(cache)
                if entry.startswith('.%s.' % _stem(name)) and entry.endswith(end))
    for waiting in left:
        root.disk.remove(waiting)


def forget(root, path):
    """Remove what Python compiled of `path` and of the original diverted from it."""
    sweep(root, path)
    for source in (path, path + paths.SUFFIX):
        for cached in caches(root.disk, root.at(source)):
            root.disk.remove(cached)


def describe(root, path):
    """The record of a source that is about to be replaced: its time and size, and where its compiled files will be."""
    facts = root.disk.facts(root.at(path))
    prefix = len(root.at(''))
    saved = [cached[0 if root.real else prefix:] + paths.SUFFIX for cached in caches(root.disk, root.at(path))]
    return {'mtime': facts.st_mtime, 'size': facts.st_size, 'saved': saved}


def describe_aside(root, path):
    """The same record for a source that is diverted already, from what lies aside."""
    original = root.at(path + paths.SUFFIX)
    if not os.path.exists(original):
        return {'mtime': 0, 'size': -1, 'saved': []}
    facts = os.stat(original)
    directory, name = os.path.split(path)
    places = [(directory, name), (os.path.join(directory, '__pycache__'), name[:-len('py')])]
    saved = [os.path.join(place, entry) for place, start in places for entry in root.disk.names(root.at(place))
             if entry.startswith(start) and entry.endswith(('.pyc' + paths.SUFFIX, '.pyo' + paths.SUFFIX))]
    return {'mtime': facts.st_mtime, 'size': facts.st_size, 'saved': saved}


def put_aside(root, record):
    """Move the compiled files of nova's source to the names in the record; what is aside already stays."""
    for saved in record['saved']:
        here = root.at(saved[:-len(paths.SUFFIX)])
        if root.disk.exists(here) and not root.disk.exists(root.at(saved)):
            root.disk.rename(here, root.at(saved))


def put_back(root, path, record):
    """Undo `put_aside` for nova's restored source; where that has changed meanwhile, compile it anew."""
    disk = root.disk
    sweep(root, path)
    saved = [root.at(name) for name in record['saved']]
    try:
        facts = disk.facts(root.at(path))
        same = facts.st_size == record['size'] and abs(facts.st_mtime - record['mtime']) < 0.001
    except OSError:
        facts, same = None, False
    for cached in caches(disk, root.at(path)) + caches(disk, root.at(path + paths.SUFFIX)):
        # What is not aside though it was to be is nova's own: we were cut off before, or are done already.
        if not (same and cached + paths.SUFFIX in saved and not disk.exists(cached + paths.SUFFIX)):
            disk.remove(cached)
    for name in saved:
        if same and disk.exists(name):
            disk.rename(name, name[:-len(paths.SUFFIX)])
        else:
            disk.remove(name)
    if saved and facts and not same:
        compile_source(root, path)


def fits(path):
    """True if this Python is of the major version that runs code at `path`, or the path names none."""
    named = re.findall(r'/python(\d)', path)
    return not named or int(named[-1]) == sys.version_info[0]


def compile_source(root, path):
    """Compile one source for the Python that runs us, if that is the one that will run it."""
    source = root.at(path)
    if not fits(path) or not root.disk.is_file(source):
        return
    try:
        code = compile(root.disk.read(source), path, 'exec', 0, True)
    except (SyntaxError, ValueError, TypeError):
        # Python compiles it when it is imported, and then says what is wrong where an operator looks for it.
        return
    target = cache_from_source(source) if cache_from_source else source + 'c'
    if not root.disk.is_directory(os.path.dirname(target)):
        root.disk.make_directory(os.path.dirname(target))
    # Not by py_compile: Python takes a file whose header fits for whole, so that it has to be on the disk before its name.
    root.disk.write(target, _header(root.disk.facts(source)) + marshal.dumps(code), 0o644)


def _header(facts):
    """What a compiled file begins with: of which source it is."""
    flags = struct.pack('<I', 0) if sys.version_info >= (3, 7) else b''
    size = struct.pack('<I', facts.st_size & 0xFFFFFFFF) if sys.version_info >= (3, 3) else b''
    return MAGIC_NUMBER + flags + struct.pack('<I', int(facts.st_mtime) & 0xFFFFFFFF) + size


def faults(root, path):
    """[(compiled file, what is wrong)] of a source: compiled files that Python would run though they are stale."""
    wrong = []
    source = root.at(path)
    for cached in caches(root.disk, source):
        if not os.path.exists(source):
            wrong.append((cached, 'its source is gone'))
        elif os.path.basename(os.path.dirname(cached)) == '__pycache__':
            with open(cached, 'rb') as stream:
                header = bytearray(stream.read(8))
            # Before Python 3.7 the source's time stands where the flags are now.
            flagged = len(header) == 8 and header[0] + 256 * header[1] >= _FLAGS_SINCE
            if flagged and header[4] & 1 and not header[4] & 2:
                wrong.append((cached, 'it is never compared with its source'))
    return wrong
