"""What ends a command with exit code 1."""


class CommandFailed(Exception):
    """The message is for the user."""
