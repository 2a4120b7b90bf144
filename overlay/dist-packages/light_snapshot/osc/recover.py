"""openstack server light snapshot recover"""

from light_snapshot.client import actions
from light_snapshot.client import recover
from light_snapshot.osc import base


class Recover(base.ActionCommand):
    action = actions.RECOVER

    def add_options(self, parser):
        target = parser.add_mutually_exclusive_group()
        target.add_argument('--root', dest='use_root', action='store_true', help='Go back to the root disk')
        target.add_argument('--index', metavar='<index>', type=int,
                            help='Go back to the restore point of this index')
        super(Recover, self).add_options(parser)

    def act(self, compute, server_id, parsed_args):
        recover.confirm(compute, server_id, parsed_args, self._write)
        return super(Recover, self).act(compute, server_id, parsed_args)

    def _write(self, text):
        self.app.stdout.write(text)
        self.app.stdout.flush()
