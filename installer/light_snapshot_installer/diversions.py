"""dpkg's diversions: nova's own file moves to NAME.light-snapshot-orig, and stays the package manager's."""
import os
import re
import weakref

from light_snapshot_installer import errors, paths, payload, run


_WORDS = {'--add': 'divert', '--remove': 'undivert'}
_BOOK = '/var/lib/dpkg/diversions'
#: root -> (which file of diversions was read, what of ours is in it): dpkg-divert is asked again where that file is another one.
_READ = weakref.WeakKeyDictionary()
#: Whether dpkg-divert has to be told not to rename; empty before it was asked.
_PLAIN = []


def _command(root, *arguments):
    # --root exists since dpkg 1.19 only, so it is given only where it is needed.
    return ['dpkg-divert'] + ([] if root.real else ['--root', root.prefix]) + list(arguments)


def _register(root, word, path):
    """Change dpkg's record only: its own --rename leaves a moment without a file at the path; we do without one.

    `word`: --add or --remove. What was done to the files before is on the disk before.
    """
    root.disk.settle()
    root.disk.note(_WORDS[word], root.at(path), root.at(path + paths.SUFFIX))
    if not root.disk.acting:
        return
    if not _PLAIN:
        # Before dpkg 1.19.1 not to rename was the only default, and there was no option to say so.
        _PLAIN.append('--no-rename' in run.run(['dpkg-divert', '--help'])[1])
    read, found = _READ.pop(root, (None, None))
    before = _which(root)
    options = (['--no-rename'] if _PLAIN[0] else []) + ['--divert', path + paths.SUFFIX]
    run.run(_command(root, '--package', paths.PACKAGE, *(options + [word, path])))
    if read and read == before:
        if word == '--add':
            found[path] = path + paths.SUFFIX
        else:
            found.pop(path, None)
        _READ[root] = (_which(root), found)


def _which(root):
    """What tells dpkg's file of diversions from one that took its place; dpkg never changes one. None without one."""
    try:
        facts = os.stat(root.at(_BOOK))
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime, facts.st_ctime


def ours(root):
    """{path: where nova's own file is} of every diversion by this package."""
    which = _which(root)
    read, found = _READ.get(root, (None, None))
    if which is None or read != which:
        # Asked for after that: at the worst what is kept is newer than what it is kept for, and is not used again.
        code, output = run.run(_command(root, '--list'))
        pattern = re.compile(r'^(?:local )?diversion of (.+) to (.+) by %s$' % paths.PACKAGE, re.M)
        found = dict(pattern.findall(output))
        _READ[root] = (which if code == 0 else None, found)
    found = dict(found)
    for word, path, original in () if root.disk.acting else root.disk.changes:
        if word == _WORDS['--add']:
            found[root.inside(path)] = root.inside(original)
        elif word == _WORDS['--remove']:
            found.pop(root.inside(path), None)
    return found


def divert(root, path, digests=()):
    """Make nova's own file of `path` available as path + SUFFIX and register that; the file stays at `path` as well.

    The caller then replaces `path` in one rename, so that no process ever finds nothing there. Does nothing if it is
    done already; where dpkg has lost what was, its record alone is mended. `digests`: the SHA-256 of our files there. Raises
    errors.InstallerError if another file is in the way, or nova's own is gone.
    """
    original = path + paths.SUFFIX
    if path in ours(root):
        return
    here, there = root.at(path), root.at(original)
    own = any(_is_ours(root, here, digest) for digest in [''] + list(digests))
    if _is_shim(root, there) or _is_shim(root, here) and not root.disk.exists(there):
        # A link would make our file what runs behind itself.
        raise gone(root, path, errors.InstallerError, 'Other files may have been put in place; running services were not touched.')
    if root.disk.exists(there) and not root.disk.same_file(here, there) and not own:
        raise errors.InstallerError('%s is in the way: a file of that name exists and is not diverted' % original,
                                    next_step='compare it with %s, remove the one that is not wanted, run again' % path)
    if not root.disk.exists(there):
        root.disk.link(here, there)
    _register(root, '--add', path)


def lost(root, path):
    """True if a shim of ours is at `path` with something else behind it; dpkg need not know of it."""
    there = root.at(path + paths.SUFFIX)
    return _is_shim(root, root.at(path)) and root.disk.exists(there) and not _is_shim(root, there)


def refuse(root, paths_of_files):
    """Raise errors.Refused if what is behind a file of ours is one of ours as well, while nova is here: nova's own is lost."""
    for path in sorted(paths_of_files):
        if _is_shim(root, root.at(path + paths.SUFFIX)) and root.exists(os.path.join(os.path.dirname(path), '__init__.py')):
            raise gone(root, path, errors.Refused, 'Nothing was changed.')


def gone(root, path, kind, state):
    """The error, of class `kind`, that says that nova's own file of `path` is on this node no more."""
    code, said = run.run(['dpkg-query', '--admindir', root.followed('/var/lib/dpkg'), '--search', path], check=False)
    found = re.findall(r'^([a-z0-9][a-z0-9+.-]+)(?::\w+)?: %s$' % re.escape(path), said, re.M) if code == 0 else []
    return kind("nova's own file of %s is gone: %s" % (path, '%s%s is one of ours' % (path, paths.SUFFIX) if _is_shim(
        root, root.at(path + paths.SUFFIX)) else 'what is there is ours, and nothing is behind it'), state,
                'bring it back: apt install --reinstall %s; then run `light-snapshot install`' % (
                    found[0] if found else 'and the package of nova that has it (dpkg -S %s)' % path))


def restore(root, path, digest=''):
    """Put nova's own file back at `path` in one rename and take the diversion out; finishes what a crash left.

    `digest`: the SHA-256 of our file, if that is known.
    """
    here, there = root.at(path), root.at(path + paths.SUFFIX)
    diverted = path in ours(root)
    if root.disk.exists(there) and not _is_shim(root, there):
        if not root.disk.same_file(here, there):
            root.disk.put_back(there, here)
    elif diverted and _is_ours(root, here, digest):
        # nova itself was removed meanwhile.
        root.disk.remove(here)
    if diverted:
        _register(root, '--remove', path)
    root.disk.remove(there)


def _is_ours(root, here, digest):
    if not root.disk.is_file(here):
        return False
    return root.disk.sha256(here) == digest or _is_shim(root, here)


def _is_shim(root, here):
    return root.disk.is_file(here) and root.disk.read(here).startswith(payload.SHIM_LINE)
