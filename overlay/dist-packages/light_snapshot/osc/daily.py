"""openstack server light snapshot daily on | off"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class On(base.ActionCommand):
    action = actions.DAILY_ON


class Off(base.ActionCommand):
    action = actions.DAILY_OFF
