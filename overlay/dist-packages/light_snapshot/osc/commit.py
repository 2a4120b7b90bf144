"""openstack server light snapshot commit"""

from light_snapshot.client import actions
from light_snapshot.osc import base


class Commit(base.ActionCommand):
    action = actions.COMMIT
