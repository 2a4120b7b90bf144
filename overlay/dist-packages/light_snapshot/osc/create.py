"""openstack server light snapshot create"""

from cliff import show

from light_snapshot.client import actions
from light_snapshot.osc import base


class Create(base.ActionCommand, show.ShowOne):
    action = actions.CREATE

    # Unless told otherwise it prints the index and nothing else, which is what scripts take.
    formatter_default = 'value'

    def take_action(self, parsed_args):
        compute = self.compute
        point = actions.taken(self.act(compute, compute.server(parsed_args.server)['id'], parsed_args))
        if parsed_args.formatter == 'value' and not parsed_args.columns:
            parsed_args.columns = ['index'] if point else []
        names = sorted(point)
        return names, [point[name] for name in names]
