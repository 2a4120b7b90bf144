"""The command line of `light-snapshot`."""
import argparse
import os
import sys

from light_snapshot_installer import errors, interpreter, lock, output, paths, version
from light_snapshot_installer.verbs import doctor, install, rollback, status, verify

VERBS = (('install', install), ('verify', verify), ('rollback', rollback), ('status', status), ('doctor', doctor))
_LOOK_ONLY = ('verify', 'status', 'doctor')
_EXIT_CODES = """exit codes:
  0  all is well
  1  failed, or not well; the message says what, in which state things are, and what to do
  2  wrong usage, or not root
  3  refused, nothing was changed (rollback while servers have live layers)
  4  installed or rolled back, but policy-rc.d forbids to restart the services now, or the init system
     does not know one of them
  5  another light-snapshot is at work on this node

See light-snapshot(8)."""


def parser():
    """The parser of the command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument('--json', action='store_true', help='print one JSON document; progress goes to standard error')
    common.add_argument('--maintainer-script', action='store_true', help=argparse.SUPPRESS)
    top = argparse.ArgumentParser(
        prog='light-snapshot', epilog=_EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Light snapshots on this node of a running OpenStack: install, verify, roll back.')
    top.add_argument('--root', metavar='DIR', type=_tree,
                     help='work on the node whose file system is the tree DIR; no process is looked at, no service'
                          ' restarts')
    top.add_argument('--python', metavar='PATH', type=_program,
                     help='the Python that runs nova here, where that is not the one that its programs in /usr/bin name'
                          ' (a virtual environment); remembered by install')
    # What --python becomes once that Python runs us; what is copied, when it is not the package's.
    top.add_argument('--under-python', help=argparse.SUPPRESS)
    top.add_argument('--share', type=_directory, help=argparse.SUPPRESS)
    top.add_argument('--version', action='version', version='light-snapshot ' + version())
    verbs = top.add_subparsers(metavar='VERB', dest='verb')
    for name, module in VERBS:
        module.options(verbs.add_parser(name, parents=[common], help=module.SUMMARY, description=module.SUMMARY))
    return top


def _directory(path):
    if not os.path.isdir(path):
        raise argparse.ArgumentTypeError('%s is not a directory' % path)
    return os.path.abspath(path)


def _tree(path):
    if not os.path.isdir(os.path.join(path, 'var/lib/dpkg')):
        raise argparse.ArgumentTypeError('%s is not the tree of a node: it has no var/lib/dpkg' % path)
    if not os.path.realpath(os.path.join(path, 'var/lib/dpkg')).startswith(os.path.realpath(path).rstrip('/') + '/'):
        raise argparse.ArgumentTypeError('%s/var/lib/dpkg is a link to what is not in that tree' % path)
    return os.path.abspath(path)


def _program(path):
    if not interpreter.usable(path):
        raise argparse.ArgumentTypeError('%s is not a Python that runs' % path)
    return os.path.abspath(path)


def main(argv, root=None, out=None, share=None):
    """Run one verb on the node under `root` (a paths.Root, default --root, else this machine); returns the exit code.

    `share`: the directory with the overlay, default --share, else the package's.
    """
    if not argv:
        parser().print_help()
        return errors.EXIT_USAGE
    arguments = parser().parse_args(argv)
    if not arguments.verb:
        parser().error('which verb?')
    root = root or paths.Root(arguments.root or '/', live=arguments.root is None)
    root.python = arguments.under_python
    python = arguments.python or interpreter.chosen(root)
    if python and not root.python and interpreter.usable(python):
        interpreter.run_under(python, argv)
    share = share or arguments.share
    out = out or output.Output(arguments.verb, arguments.json)
    if os.geteuid() != 0:
        error = errors.InstallerError('must run as root', next_step='run it with sudo')
        out.error(error)
        return out.finish(errors.EXIT_USAGE, error)
    os.umask(0o022)
    run = dict(VERBS)[arguments.verb].run
    keywords = {'share': share} if share else {}
    try:
        if getattr(arguments, 'dry_run', False):
            root = root.rehearsed()
            out.rehearse(root)
        if not root.disk.acting or arguments.verb in _LOOK_ONLY:
            return run(root, arguments, out, **keywords)
        with lock.NodeLock(root):
            return run(root, arguments, out, **keywords)
    except errors.CommandFailed as error:
        # Whoever runs a program does not know what was done before it.
        failure = _cut_short(root, arguments.verb, error.what, 'see to the cause, then ')
    except errors.InstallerError as error:
        failure = error
    except (IOError, OSError) as error:
        failure = _cut_short(root, arguments.verb, str(error), 'see to the cause, then ')
    except KeyboardInterrupt:
        failure = _cut_short(root, arguments.verb, 'interrupted')
    out.error(failure)
    return out.finish(failure.exit_code, failure)


def _cut_short(root, verb, what, first=''):
    """The error of a command that ended in the middle."""
    if verb in _LOOK_ONLY or not root.disk.acting:
        return errors.InstallerError(what, next_step=first + 'run the same command again')
    return errors.InstallerError(what, 'The record %s says how far it went.' % paths.STATE_FILE,
                                 first + 'run the same command again: it goes on where it stopped')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
