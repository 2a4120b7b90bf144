"""openstack server light snapshot enable"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class Enable(base.ActionCommand):
    action = actions.ENABLE
