"""openstack server light snapshot recover"""

from light_snapshot.client import actions
from light_snapshot.client import confirm
from light_snapshot.osc import base


class Recover(base.ActionCommand):
    action = actions.RECOVER

    def add_options(self, parser):
        base.add_target(parser, 'Go back to')
        super(Recover, self).add_options(parser)

    def act(self, compute, server_id, parsed_args):
        confirm.recover(compute, server_id, parsed_args, self.write)
        return super(Recover, self).act(compute, server_id, parsed_args)
