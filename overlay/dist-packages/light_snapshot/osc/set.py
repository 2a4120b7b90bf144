"""openstack server light snapshot set"""

from light_snapshot.client import options
from light_snapshot.client import points
from light_snapshot.osc import base


class Set(base.ServerCommand):

    def get_description(self):
        return points.SET

    def add_options(self, parser):
        base.add(parser, options.NEW_NAME, options.NEW_DESCRIPTION)

    def get_parser(self, prog_name):
        parser = super(Set, self).get_parser(prog_name)
        base.add(parser, options.INDEX)
        return parser

    def take_action(self, parsed_args):
        changes = points.changes(parsed_args)
        compute = self.compute
        compute.change_point(compute.server(parsed_args.server)['id'], parsed_args.index, changes)
