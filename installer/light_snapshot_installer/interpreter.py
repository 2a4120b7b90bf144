"""The Python that runs nova on this node, where the operator had to name it: nova in a virtual environment."""
import io
import os
import sys

from light_snapshot_installer import SHARE, errors, node as nodes, paths, run


def chosen(root):
    """What the last `install --python` said, else PYTHON= in the defaults file; a path of this machine, or None.

    installer/python.sh reads the same.
    """
    path = root.followed(paths.PYTHON_FILE)
    if os.path.isfile(path):
        with io.open(path, encoding='utf-8') as stream:
            return root.at(stream.read().strip())
    named = nodes.defaults(root).get('DEFAULT', 'PYTHON')
    return root.at(named) if named else None


def usable(python):
    """True if there is such a program, and it is a Python: another would do nothing, and that well."""
    if not (os.path.isfile(python) and os.access(python, os.X_OK)):
        return False
    return run.run([python, '-E', '-s', '-c', 'print(1)'], check=False) == (0, '1\n')


def run_under(python, argv):
    """Start again under that Python: it alone knows where its nova is, and whether our files compile."""
    sys.stdout.flush()
    os.execv(python, [python, '-B', '-E', '-s', os.path.join(SHARE, 'installer'), '--under-python', python] + argv)


def check(root, node):
    """Raise errors.InstallerError if the chosen Python is not there, or imports nothing that we extend."""
    named = root.python or chosen(root)
    if not named or root.inside(named) is None:
        return
    step = 'name the interpreter that runs nova or Horizon: light-snapshot --python PATH install'
    if not usable(named):
        raise errors.InstallerError('the Python that was chosen for this node is not there, or does not run: %s' % named, next_step=step)
    found = nodes.searched(root)
    if node.code not in found and node.dashboard_code not in found:
        raise errors.InstallerError('%s imports neither nova nor Horizon from this node' % named, next_step=step)


def remember(root):
    """Keep the choice for later runs, and for what else runs under nova's Python."""
    named = root.python and root.inside(root.python)
    if named and chosen(root) != root.python:
        root.disk.write(root.at(paths.PYTHON_FILE), (named + '\n').encode('utf-8'), 0o644)
