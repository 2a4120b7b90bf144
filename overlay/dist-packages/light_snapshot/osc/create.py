"""openstack server light snapshot create"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class Create(base.ActionCommand):
    action = actions.CREATE

    def act(self, compute, server_id, parsed_args):
        index = actions.index_of(super(Create, self).act(compute, server_id, parsed_args))
        if index is not None:
            self.app.stdout.write('%s\n' % index)
