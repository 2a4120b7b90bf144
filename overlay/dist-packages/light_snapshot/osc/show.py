"""openstack server light snapshot show"""

from cliff import show

from light_snapshot.osc import base


class Show(base.ServerCommand, show.ShowOne):
    """Show one restore point"""

    def get_parser(self, prog_name):
        parser = super(Show, self).get_parser(prog_name)
        parser.add_argument('index', metavar='<index>', type=int, help='Index of the restore point')
        return parser

    def take_action(self, parsed_args):
        compute = self.compute
        server_id = compute.server(parsed_args.server)['id']
        point = compute.get('/servers/%s/light-snapshots/%d' % (server_id, parsed_args.index))['light_snapshot']
        names = sorted(point)
        return names, [point[name] for name in names]
