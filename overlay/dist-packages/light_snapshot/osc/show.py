"""openstack server light snapshot show"""

from cliff import show

from light_snapshot.client import options
from light_snapshot.client import points
from light_snapshot.osc import base


class Show(base.ServerCommand, show.ShowOne):

    def get_description(self):
        return points.SHOW

    def get_parser(self, prog_name):
        parser = super(Show, self).get_parser(prog_name)
        base.add(parser, options.INDEX)
        return parser

    def take_action(self, parsed_args):
        compute = self.compute
        point = compute.point(compute.server(parsed_args.server)['id'], parsed_args.index)
        names = sorted(point)
        return names, [point[name] for name in names]
