"""What the engine raises. Every message says what failed, what state things are in, and the next step."""


class EngineError(Exception):
    """An operation failed after it had begun; its job is written down and is finished or undone later."""


class Refused(EngineError):
    """The operation was refused before anything was changed."""


class NotFound(Refused):
    """The restore point named does not exist."""


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
