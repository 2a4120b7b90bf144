"""What can go wrong, and the exit codes that say so."""

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_RESTART_DENIED = 4
EXIT_LOCKED = 5


class InstallerError(Exception):
    """A failure that the operator has to know about.

    `what` names what failed, `state` says what the node looks like now, `next_step` says what to do.
    """

    exit_code = EXIT_FAILED

    def __init__(self, what, state='Nothing was changed.', next_step=''):
        super(InstallerError, self).__init__(what)
        self.what = what
        self.state = state
        self.next_step = next_step

    def as_dict(self):
        """The three parts, for --json."""
        return {'what': self.what, 'state': self.state, 'next_step': self.next_step}


class Refused(InstallerError):
    """The request is understood and not safe to do."""

    exit_code = EXIT_REFUSED


class Locked(InstallerError):
    """Another light-snapshot works on this node."""

    exit_code = EXIT_LOCKED


class CommandFailed(InstallerError):
    """A program that we ran failed; `code` is its exit code, `output` what it printed."""

    def __init__(self, argv, code, output):
        self.code = code
        self.output = output
        super(CommandFailed, self).__init__(
            '%s failed (exit code %s): %s' % (' '.join(argv), code, output.strip() or 'it printed nothing'))
