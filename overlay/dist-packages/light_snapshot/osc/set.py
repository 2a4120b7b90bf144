"""openstack server light snapshot set"""

from light_snapshot.osc import base
from light_snapshot.osc import errors


class Set(base.ServerCommand):
    """Change the name or the description of a restore point"""

    def add_options(self, parser):
        parser.add_argument('--name', metavar='<name>', help='New name')
        parser.add_argument('--description', metavar='<description>', help='New description')

    def get_parser(self, prog_name):
        parser = super(Set, self).get_parser(prog_name)
        parser.add_argument('index', metavar='<index>', type=int, help='Index of the restore point')
        return parser

    def take_action(self, parsed_args):
        changes = dict((key, getattr(parsed_args, key)) for key in ('name', 'description')
                       if getattr(parsed_args, key) is not None)
        if not changes:
            raise errors.CommandFailed('Nothing to change: give --name, --description or both.')
        compute = self.compute
        server_id = compute.server(parsed_args.server)['id']
        compute.put('/servers/%s/light-snapshots/%d' % (server_id, parsed_args.index),
                    {'light_snapshot': changes})
