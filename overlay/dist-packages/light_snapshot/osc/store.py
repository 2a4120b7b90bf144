"""openstack server light snapshot store on | off"""

from light_snapshot.osc import base


class _Store(base.ActionCommand):
    action = 'storeSnapshot'
    on = None

    def arguments(self, parsed_args):
        return {'enable': self.on}

    def take_action(self, parsed_args):
        super(_Store, self).take_action(parsed_args)


class On(_Store):
    """Keep every layer from now on, so that every snapshot stays a restore point"""

    on = True


class Off(_Store):
    """Keep only the last snapshot and the root disk from now on"""

    on = False
