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


def divert(root, path):
    """Make nova's own file of `path` available as path + SUFFIX and register that; the file stays at `path` as well.

    The caller then replaces `path` in one rename, so that no process ever finds nothing there. Does nothing if it is
    done already. Raises errors.InstallerError if another file is in the way.
    """
    original = path + paths.SUFFIX
    if path in ours(root):
        return
    here, there = root.at(path), root.at(original)
    if root.disk.exists(there) and not root.disk.same_file(here, there):
        raise errors.InstallerError('%s is in the way: a file of that name exists and is not diverted' % original,
                                    next_step='compare it with %s, remove the one that is not wanted, run again' % path)
    if not root.disk.exists(there):
        root.disk.link(here, there)
    _register(root, '--add', path)


def restore(root, path, digest=''):
    """Put nova's own file back at `path` in one rename and take the diversion out; finishes what a crash left.

    `digest`: the SHA-256 of our file, if that is known.
    """
    here, there = root.at(path), root.at(path + paths.SUFFIX)
    diverted = path in ours(root)
    if root.disk.exists(there):
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
    return root.disk.sha256(here) == digest or root.disk.read(here).startswith(payload.SHIM_LINE)
