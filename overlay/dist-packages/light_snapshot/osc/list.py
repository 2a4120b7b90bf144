"""openstack server light snapshot list"""

from cliff import lister

from light_snapshot.osc import base

COLUMNS = (('index', 'Index'), ('parent', 'Parent'), ('name', 'Name'), ('created_at', 'Created At'),
           ('state', 'State'), ('size', 'Size'), ('current', 'Current'), ('consistency', 'Consistency'))


class List(base.ServerCommand, lister.Lister):
    """List the restore points of a server, oldest first"""

    def take_action(self, parsed_args):
        compute = self.compute
        points = compute.points(compute.server(parsed_args.server)['id'])['light_snapshots']
        return ([title for _key, title in COLUMNS],
                [[point.get(key) for key, _title in COLUMNS] for point in points])
