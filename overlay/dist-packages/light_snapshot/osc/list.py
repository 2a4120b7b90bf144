"""openstack server light snapshot list"""

from cliff import lister

from light_snapshot.client import points
from light_snapshot.osc import base


class List(base.ServerCommand, lister.Lister):

    def get_description(self):
        return points.LIST

    def take_action(self, parsed_args):
        compute = self.compute
        found = compute.points(compute.server(parsed_args.server)['id'])
        return ([title for _key, title in points.COLUMNS],
                [[point.get(key) for key, _title in points.COLUMNS] for point in found])
