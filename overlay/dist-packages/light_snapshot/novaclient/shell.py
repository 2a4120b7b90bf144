"""The commands: novaclient makes one of every function here whose name begins with `do_`."""

from __future__ import absolute_import

import argparse
import sys

from novaclient import exceptions
from novaclient import utils
from oslo_utils import encodeutils

from light_snapshot.client import actions
from light_snapshot.client import errors
from light_snapshot.client import options
from light_snapshot.client import points
from light_snapshot.client import recover
from light_snapshot.novaclient import http


class _Target(argparse.Action):
    """Takes one of --use-root and --index: what Liberty's novaclient reads of a command has no exclusive groups."""

    def __call__(self, parser, namespace, value, option_string=None):
        if namespace.use_root or namespace.index is not None:
            raise argparse.ArgumentError(self, 'give one of --use-root and --index, once')
        setattr(namespace, self.dest, self.const or value)


class _Row(object):
    """A restore point as `utils.print_list` takes it."""

    def __init__(self, point):
        self.__dict__.update(point)


_USE_ROOT = (('--use-root',), {
    'action': _Target, 'nargs': 0, 'const': True, 'default': False, 'help': 'Go back to the root disk'})
_TO_INDEX = (('--index',), {
    'action': _Target, 'type': int, 'metavar': '<index>', 'help': 'Go back to the restore point of this index'})


def _command(run, summary, *arguments):
    """A command that does run(compute, server's id, args); `summary` is its help, `arguments` some of options."""
    def command(client, args):
        try:
            run(http.Compute(client), utils.find_resource(client.servers, args.server).id, args)
        except errors.CommandFailed as failed:
            raise exceptions.CommandError(failed.args[0])

    command.__doc__ = summary.replace('\n\n', '. ')
    command.arguments = [options.SERVER] + list(arguments)
    return command


def _action(action):
    return _command(action.act, action.summary, *action.options)


def _write(text):
    # Python 2: unicode, which a terminal of unknown encoding does not take.
    sys.stdout.write(text if isinstance(text, str) else encodeutils.safe_encode(text))
    sys.stdout.flush()


def _create(compute, server_id, args):
    index = actions.index_of(actions.CREATE.act(compute, server_id, args))
    if index is not None:
        print(index)


def _recover(compute, server_id, args):
    recover.confirm(compute, server_id, args, _write)
    actions.RECOVER.act(compute, server_id, args)


def _list(compute, server_id, args):
    utils.print_list([_Row(point) for point in compute.points(server_id)], [title for _key, title in points.COLUMNS])


def _show(compute, server_id, args):
    utils.print_dict(compute.point(server_id, args.index))


def _set(compute, server_id, args):
    compute.change_point(server_id, args.index, points.changes(args))


do_light_snapshot = _command(_create, actions.CREATE.summary, *actions.CREATE.options)
do_light_snapshot_list = _command(_list, points.LIST)
do_light_snapshot_show = _command(_show, points.SHOW, options.INDEX)
do_light_snapshot_set = _command(_set, points.SET, options.INDEX, options.NEW_NAME, options.NEW_DESCRIPTION)
do_recover = _command(_recover, actions.RECOVER.summary, _USE_ROOT, _TO_INDEX, *actions.RECOVER.options)
do_commit_light_snapshot = _action(actions.COMMIT)
do_enable_light_snapshot = _action(actions.ENABLE)
do_disable_light_snapshot = _action(actions.DISABLE)
do_enable_store_snapshot = _action(actions.STORE_ON)
do_disable_store_snapshot = _action(actions.STORE_OFF)
do_enable_daily_snapshot = _action(actions.DAILY_ON)
do_disable_daily_snapshot = _action(actions.DAILY_OFF)
