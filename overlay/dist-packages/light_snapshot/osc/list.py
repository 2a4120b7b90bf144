"""openstack server light snapshot list"""

from cliff import lister

from light_snapshot.client import points
from light_snapshot.osc import base


class List(base.ServerCommand, lister.Lister):

    def get_description(self):
        return points.LIST

    def take_action(self, parsed_args):
        compute = self.compute
        listing = compute.listing(compute.server(parsed_args.server)['id'])
        # Beside the table, not in what a script reads.
        for line in points.notes(listing):
            self.app.stderr.write(line + '\n')
        return ([title for _key, title in points.COLUMNS],
                [[point.get(key) for key, _title in points.COLUMNS] for point in listing['light_snapshots']])
