"""openstack server light snapshot disable"""

from light_snapshot.osc import base


class Disable(base.ActionCommand):
    """Commit everything to the root disk, forget the restore points, be a plain server again"""

    action = 'disableSnapshot'

    def take_action(self, parsed_args):
        super(Disable, self).take_action(parsed_args)
