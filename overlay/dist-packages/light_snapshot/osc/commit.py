"""openstack server light snapshot commit"""

from light_snapshot.osc import base


class Commit(base.ActionCommand):
    """Commit all live layers to the root disk"""

    action = 'commitSnapshot'

    def take_action(self, parsed_args):
        super(Commit, self).take_action(parsed_args)
