"""openstack server light snapshot enable"""

from light_snapshot.osc import base


class Enable(base.ActionCommand):
    """Switch light snapshots on for a server, running or stopped"""

    action = 'enableSnapshot'

    def add_options(self, parser):
        parser.add_argument('--store', action='store_true',
                            help='Keep every layer, so that every snapshot stays a restore point')
        parser.add_argument('--daily', action='store_true', help='Take a light snapshot every day')
        super(Enable, self).add_options(parser)

    def arguments(self, parsed_args):
        return {'store': parsed_args.store, 'daily': parsed_args.daily}

    def take_action(self, parsed_args):
        super(Enable, self).take_action(parsed_args)
