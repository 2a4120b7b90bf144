"""openstack server light snapshot recover"""

import sys

from light_snapshot.osc import base
from light_snapshot.osc import errors

try:
    _read_line = raw_input
except NameError:
    _read_line = input


class Recover(base.ActionCommand):
    """Go back to a restore point: to the last snapshot unless told otherwise

    Everything written to the disks since then is lost.
    """

    action = 'recoverInstance'

    def add_options(self, parser):
        target = parser.add_mutually_exclusive_group()
        target.add_argument('--root', action='store_true', help='Go back to the root disk')
        target.add_argument('--index', metavar='<index>', type=int,
                            help='Go back to the restore point of this index')
        parser.add_argument('--yes', action='store_true', help='Do not ask')
        super(Recover, self).add_options(parser)

    def arguments(self, parsed_args):
        if parsed_args.root:
            return {'use_root': True}
        if parsed_args.index is not None:
            return {'snap_index': parsed_args.index}
        return {}

    def act(self, compute, server_id, parsed_args):
        if not parsed_args.yes:
            self._ask(compute, server_id, parsed_args)
        return super(Recover, self).act(compute, server_id, parsed_args)

    def take_action(self, parsed_args):
        super(Recover, self).take_action(parsed_args)

    def _ask(self, compute, server_id, parsed_args):
        point = _target(compute.points(server_id)['light_snapshots'], parsed_args)
        # A target that is not listed: the API says what is wrong with it.
        if point is None:
            return
        if not sys.stdin.isatty():
            raise errors.CommandFailed(
                'A recovery discards what was written since the restore point. Give --yes to do it without asking.')
        self.app.stdout.write(
            'Server %s goes back to restore point %s %sof %s.\n'
            'Everything written to its disks since then is lost, and it restarts if it is running.\n'
            'Go on? [y/N] ' % (parsed_args.server, point['index'],
                               '(%s) ' % point['name'] if point.get('name') else '', point['created_at']))
        self.app.stdout.flush()
        if _read_line().strip().lower() not in ('y', 'yes'):
            raise errors.CommandFailed('Nothing was done.')


def _target(points, parsed_args):
    if parsed_args.index is not None:
        fits = [point for point in points if point['index'] == parsed_args.index]
    elif parsed_args.root:
        fits = [point for point in points if point['state'] == 'root']
    else:
        fits = ([point for point in points if point['state'] == 'root'] +
                [point for point in points if point['state'] == 'last'])
    return fits[-1] if fits else None
