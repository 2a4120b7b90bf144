"""openstack server light snapshot disable"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class Disable(base.ActionCommand):
    action = actions.DISABLE
