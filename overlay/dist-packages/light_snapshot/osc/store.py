"""openstack server light snapshot store on | off"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class On(base.ActionCommand):
    action = actions.STORE_ON


class Off(base.ActionCommand):
    action = actions.STORE_OFF
