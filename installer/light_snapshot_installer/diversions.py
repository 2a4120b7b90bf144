"""dpkg's diversions: nova's own file moves to NAME.light-snapshot-orig, and stays the package manager's."""
import os
import re

from light_snapshot_installer import errors, files, paths, run


def _command(root, *arguments):
    # --root exists since dpkg 1.19 only, so it is given only where it is needed.
    return ['dpkg-divert'] + ([] if root.real else ['--root', root.prefix]) + list(arguments)


def _register(root, *arguments):
    """Change dpkg's record only: its own --rename leaves a moment without a file at the path; we do without one."""
    # Before dpkg 1.19.1 not to rename was the only default, and there was no option to say so.
    plain = ['--no-rename'] if '--no-rename' in run.run(['dpkg-divert', '--help'])[1] else []
    run.run(_command(root, '--package', paths.PACKAGE, *(plain + list(arguments))))


def ours(root):
    """{path: where nova's own file is} of every diversion by this package."""
    _code, output = run.run(_command(root, '--list'))
    pattern = re.compile(r'^(?:local )?diversion of (.+) to (.+) by %s$' % paths.PACKAGE, re.M)
    return dict(pattern.findall(output))


def divert(root, path):
    """Make nova's own file of `path` available as path + SUFFIX and register that; the file stays at `path` as well.

    The caller then replaces `path` in one rename, so that no process ever finds nothing there. Does nothing if it is
    done already. Raises errors.InstallerError if another file is in the way.
    """
    original = path + paths.SUFFIX
    if path in ours(root):
        return
    here, there = root.at(path), root.at(original)
    if os.path.lexists(there) and not files.same_file(here, there):
        raise errors.InstallerError('%s is in the way: a file of that name exists and is not diverted' % original,
                                    next_step='compare it with %s, remove the one that is not wanted, run again' % path)
    if not os.path.lexists(there):
        os.link(here, there)
    _register(root, '--divert', original, '--add', path)


def restore(root, path):
    """Put nova's own file back at `path` in one rename and take the diversion out; finishes what a crash left."""
    original = path + paths.SUFFIX
    here, there = root.at(path), root.at(original)
    diverted = path in ours(root)
    if os.path.lexists(there):
        if not files.same_file(here, there):
            staged = paths.staged(here)
            files.remove(staged)
            os.link(there, staged)
            os.rename(staged, here)
    elif diverted:
        # nova itself was removed meanwhile: what is left at this path is ours.
        files.remove(here)
    if diverted:
        _register(root, '--divert', original, '--remove', path)
    files.remove(there)
    if os.path.isdir(os.path.dirname(here)):
        files.sync_directory(os.path.dirname(here))
