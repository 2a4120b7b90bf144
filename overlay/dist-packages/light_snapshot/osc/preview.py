"""openstack server light snapshot preview | keep | undo"""

from light_snapshot.client import actions
from light_snapshot.client import confirm
from light_snapshot.osc import base


class Preview(base.ActionCommand):
    action = actions.PREVIEW

    def add_options(self, parser):
        base.add_target(parser, 'Look at')
        super(Preview, self).add_options(parser)


class _End(base.ActionCommand):
    confirm = None

    def act(self, compute, server_id, parsed_args):
        self.confirm(compute, server_id, parsed_args, self.write)
        return super(_End, self).act(compute, server_id, parsed_args)


class Keep(_End):
    action = actions.KEEP
    confirm = staticmethod(confirm.keep)


class Undo(_End):
    action = actions.UNDO
    confirm = staticmethod(confirm.undo)
