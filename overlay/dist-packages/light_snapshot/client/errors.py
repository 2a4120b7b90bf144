"""What ends a command with exit code 1."""


class CommandFailed(Exception):
    """The message is for the user."""


class Refused(CommandFailed):
    """The API answered with an error; `code` is its HTTP status."""

    def __init__(self, code, message):
        super(Refused, self).__init__('%s (HTTP %s)' % (message, code))
        self.code = code
