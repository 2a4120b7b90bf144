"""What the commands have in common."""

from cliff import command

from light_snapshot.osc import http
from light_snapshot.osc import wait


class ServerCommand(command.Command):
    """A command about one server."""

    # What the client's shell asks of every command.
    auth_required = True

    @property
    def compute(self):
        """The compute API of the user's cloud."""
        return http.Compute(self.app.client_manager)

    def get_parser(self, prog_name):
        parser = super(ServerCommand, self).get_parser(prog_name)
        self.add_options(parser)
        parser.add_argument('server', metavar='<server>', help='Server (name or ID)')
        return parser

    def add_options(self, parser):
        """Adds the arguments that stand before the server."""


class ActionCommand(ServerCommand):
    """A server action, the work of which goes on in the background."""

    # The name of the action on the wire.
    action = None

    def add_options(self, parser):
        wait.add_arguments(parser)

    def arguments(self, parsed_args):
        """The arguments of the action."""
        return None

    def take_action(self, parsed_args):
        compute = self.compute
        server_id = compute.server(parsed_args.server)['id']
        return self.act(compute, server_id, parsed_args)

    def act(self, compute, server_id, parsed_args):
        """Asks for the action and, if told so, waits; returns the answer's body."""
        body, request_id = compute.act(server_id, self.action, self.arguments(parsed_args))
        if parsed_args.wait:
            wait.until_idle(compute, server_id, request_id, parsed_args.wait_timeout)
        return body
