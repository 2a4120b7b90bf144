"""openstack server light snapshot daily on | off"""

from light_snapshot.osc import base


class _Daily(base.ActionCommand):
    action = 'dailySnapshot'
    on = None

    def arguments(self, parsed_args):
        return {'enable': self.on}

    def take_action(self, parsed_args):
        super(_Daily, self).take_action(parsed_args)


class On(_Daily):
    """Take a light snapshot of the server every day"""

    on = True


class Off(_Daily):
    """Take no daily light snapshot of the server any more"""

    on = False
