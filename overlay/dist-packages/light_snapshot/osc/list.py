"""openstack server light snapshot list"""

from cliff import lister

from light_snapshot.client import points
from light_snapshot.osc import base


class List(base.ServerCommand, lister.Lister):

    def get_description(self):
        return points.LIST

    def get_parser(self, prog_name):
        parser = super(List, self).get_parser(prog_name)
        parser.add_argument('--long', action='store_true', help='Show who took each, and the descriptions, as well')
        return parser

    def take_action(self, parsed_args):
        compute = self.compute
        listing = compute.listing(compute.server(parsed_args.server)['id'])
        # Beside the table, not in what a script reads.
        for line in points.notes(listing):
            self.app.stderr.write(line + '\n')
        columns = points.LONG if parsed_args.long else points.COLUMNS
        return ([title for _key, title in columns],
                [[point.get(key) for key, _title in columns] for point in listing['light_snapshots']])
