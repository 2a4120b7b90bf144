"""openstack server light snapshot retain"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class Retain(base.ActionCommand):
    action = actions.RETAIN
