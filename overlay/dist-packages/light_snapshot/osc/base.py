"""What the commands have in common."""

from cliff import command

from light_snapshot.client import options
from light_snapshot.osc import examples
from light_snapshot.osc import http


class Command(command.Command):
    """A command; its help ends with examples."""

    # What the client's shell asks of every command.
    auth_required = True

    @property
    def compute(self):
        """The compute API of the user's cloud."""
        return http.Compute(self.app.client_manager)

    def get_parser(self, prog_name):
        parser = super(Command, self).get_parser(prog_name)
        examples.add(parser, prog_name)
        return parser

    def write(self, text):
        """Puts a text before the user."""
        self.app.stdout.write(text)
        self.app.stdout.flush()


class ServerCommand(Command):
    """A command about one server."""

    def get_parser(self, prog_name):
        parser = super(ServerCommand, self).get_parser(prog_name)
        self.add_options(parser)
        add(parser, options.SERVER)
        return parser

    def add_options(self, parser):
        """Adds the arguments that stand before the server."""


class ActionCommand(ServerCommand):
    """A server action, the work of which goes on in the background."""

    # One of client.actions.
    action = None

    def get_description(self):
        return self.action.summary

    def add_options(self, parser):
        add(parser, *self.action.options)

    def take_action(self, parsed_args):
        compute = self.compute
        self.act(compute, compute.server(parsed_args.server)['id'], parsed_args)

    def act(self, compute, server_id, parsed_args):
        """Does it; returns the answer's body."""
        return self.action.act(compute, server_id, parsed_args)


def add(parser, *these):
    """Adds some of client.options."""
    for flags, keywords in these:
        parser.add_argument(*flags, **keywords)


def add_target(parser, do):
    """Adds the choice of a restore point; `do` is what is done with it, in words."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument('--root', '--use-root', dest='use_root', action='store_true', help=do + ' the root disk')
    target.add_argument('--index', metavar='<index>', type=int, help=do + ' the restore point of this index')
