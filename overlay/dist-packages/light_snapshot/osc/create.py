"""openstack server light snapshot create"""

from light_snapshot.osc import base


class Create(base.ActionCommand):
    """Take a light snapshot and print its index"""

    action = 'createSnapshot'

    def add_options(self, parser):
        parser.add_argument('--name', metavar='<name>', default='', help='Name of the restore point')
        parser.add_argument('--description', metavar='<description>', default='',
                            help='Description of the restore point')
        parser.add_argument('--quiesce', action='store_true',
                            help='Have the guest write out its file systems first (needs the QEMU guest agent)')
        super(Create, self).add_options(parser)

    def arguments(self, parsed_args):
        return {'name': parsed_args.name, 'description': parsed_args.description,
                'quiesce': parsed_args.quiesce}

    def take_action(self, parsed_args):
        body = super(Create, self).take_action(parsed_args) or {}
        index = (body.get('light_snapshot') or {}).get('index')
        if index is not None:
            self.app.stdout.write('%s\n' % index)
