"""openstack server light snapshot delete"""

from light_snapshot.client import confirm
from light_snapshot.client import options
from light_snapshot.client import points
from light_snapshot.osc import base


class Delete(base.ServerCommand):

    def get_description(self):
        return points.DELETE

    def add_options(self, parser):
        base.add(parser, options.YES, options.WAIT, options.WAIT_TIMEOUT)

    def get_parser(self, prog_name):
        parser = super(Delete, self).get_parser(prog_name)
        base.add(parser, options.INDEX)
        return parser

    def take_action(self, parsed_args):
        compute = self.compute
        server_id = compute.server(parsed_args.server)['id']
        confirm.delete(compute, server_id, parsed_args, self.write)
        points.delete(compute, server_id, parsed_args)
