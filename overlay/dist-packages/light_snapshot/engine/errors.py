"""What the engine raises. Every message says what failed, what state things are in, and the next step."""

import contextlib


class EngineError(Exception):
    """An operation failed after it had begun; its job is written down and is finished or undone later."""


class Refused(EngineError):
    """The operation was refused before anything was changed."""


class Held(Refused):
    """Somebody else goes on with the server's disks as they are; what was under way stays written down."""


class NotFound(Refused):
    """The restore point named does not exist."""


class Hung(EngineError):
    """A call to libvirt has not answered by its deadline, and hangs still.

    :param call: name of the call
    :param seconds: how long it has hung
    :param domain: the domain's name
    """

    def __init__(self, call, seconds, domain):
        self.call = call
        self.seconds = seconds
        self.domain = domain
        super(Hung, self).__init__(
            'libvirt has not answered %s of domain %s for %d s, and the call hangs still. What it was to do may happen '
            'yet. A job that was under way is written down; none of its files was removed. Nothing more is asked of '
            'this domain until the call has returned. Look at its QEMU process and at libvirtd on the compute host, '
            'then try again: what was under way is finished or undone first.' % (call, domain, seconds))


@contextlib.contextmanager
def explained():
    """What libvirt and the host's file system raise becomes an EngineError, which says what state things are in."""
    try:
        yield
    except EnvironmentError as exc:
        raise EngineError('The file system of the compute host gives an error (%s). What was under way is finished or undone '
                          'before the next operation. See to the disk, then try again.' % exc)
    except Exception as exc:
        # By its name: controllers import this package and have no libvirt.
        if type(exc).__name__ != 'libvirtError':
            raise
        raise EngineError('libvirt gives an error (%s). What was under way is finished or undone before the next '
                          'operation. Look at the server and at libvirtd on the compute host, then try again.' % exc)


class CommandFailed(EngineError):
    """A qemu-img command ended with an error.

    :param argv: the command, a list of words
    :param code: its exit code
    :param output: what it printed on both channels
    """

    def __init__(self, argv, code, output):
        self.argv = list(argv)
        self.code = code
        self.output = output
        super(CommandFailed, self).__init__(
            '%s ended with code %s: %s' % (' '.join(self.argv), code, output.strip()))
