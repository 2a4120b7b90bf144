"""The commands: novaclient makes one of every function here whose name begins with `do_`."""

from __future__ import absolute_import

import argparse
import sys

from novaclient import exceptions
from novaclient import utils
from oslo_utils import encodeutils

from light_snapshot.client import actions
from light_snapshot.client import confirm
from light_snapshot.client import errors
from light_snapshot.client import everywhere
from light_snapshot.client import findings
from light_snapshot.client import options
from light_snapshot.client import points
from light_snapshot.novaclient import http


class _Target(argparse.Action):
    """Takes one of --use-root and --index: what Liberty's novaclient reads of a command has no exclusive groups."""

    def __call__(self, parser, namespace, value, option_string=None):
        if namespace.use_root or namespace.index is not None:
            raise argparse.ArgumentError(self, 'give one of --use-root and --index, once')
        setattr(namespace, self.dest, self.const or value)


class _Row(object):
    """A line as `utils.print_list` takes it."""

    def __init__(self, values):
        self.__dict__.update(values)


def _target(do):
    """The choice of a restore point; `do` is what is done with it, in words."""
    return [(('--use-root',), {'action': _Target, 'nargs': 0, 'const': True, 'default': False,
                               'help': do + ' the root disk'}),
            (('--index',), {'action': _Target, 'type': int, 'metavar': '<index>',
                            'help': do + ' the restore point of this index'})]


def _made(run, summary, arguments):
    """A command that does run(client, args); `summary` is its help, `arguments` some of options."""
    def command(client, args):
        try:
            run(client, args)
        except errors.CommandFailed as failed:
            raise exceptions.CommandError(failed.args[0])

    command.__doc__ = summary.replace('\n\n', '. ')
    command.arguments = list(arguments)
    return command


def _command(run, summary, *arguments):
    """A command about one server, that does run(compute, server's id, args)."""
    def of_server(client, args):
        run(http.Compute(client), utils.find_resource(client.servers, args.server).id, args)
    return _made(of_server, summary, [options.SERVER] + list(arguments))


def _action(action):
    return _command(action.act, action.summary, *action.options)


def _write(text):
    # Python 2: unicode, which a terminal of unknown encoding does not take.
    sys.stdout.write(text if isinstance(text, str) else encodeutils.safe_encode(text))
    sys.stdout.flush()


def _create(compute, server_id, args):
    index = actions.taken(actions.CREATE.act(compute, server_id, args)).get('index')
    if index is not None:
        print(index)


def _confirmed(confirm_it, action):
    """An action before which the user is asked."""
    def run(compute, server_id, args):
        confirm_it(compute, server_id, args, _write)
        action.act(compute, server_id, args)
    return run


def _print(rows, columns):
    utils.print_list([_Row(row) for row in rows], [title for _key, title in columns])


def _list(compute, server_id, args):
    listing = compute.listing(server_id)
    _print(listing['light_snapshots'], points.COLUMNS)
    # Beside the table, not in what a script reads.
    for line in points.notes(listing):
        sys.stderr.write(line + '\n')


def _check(compute, server_id, args):
    found = findings.of(actions.CHECK.act(compute, server_id, args))
    _print(found, findings.COLUMNS)
    findings.judge(found, args)


def _all(client, args):
    found = everywhere.take(http.Compute(client), args)
    _print(found['servers'], everywhere.COLUMNS)
    everywhere.judge(found)


def _delete(compute, server_id, args):
    confirm.delete(compute, server_id, args, _write)
    points.delete(compute, server_id, args)


def _show(compute, server_id, args):
    utils.print_dict(compute.point(server_id, args.index))


def _set(compute, server_id, args):
    compute.change_point(server_id, args.index, points.changes(args))


do_light_snapshot = _command(_create, actions.CREATE.summary, *actions.CREATE.options)
do_light_snapshot_all = _made(_all, everywhere.SUMMARY, everywhere.OPTIONS)
do_light_snapshot_list = _command(_list, points.LIST)
do_light_snapshot_show = _command(_show, points.SHOW, options.INDEX)
do_light_snapshot_set = _command(_set, points.SET, options.INDEX, options.NEW_NAME, options.NEW_DESCRIPTION)
do_light_snapshot_delete = _command(
    _delete, points.DELETE, options.INDEX, options.YES, options.WAIT, options.WAIT_TIMEOUT)
do_light_snapshot_preview = _command(
    actions.PREVIEW.act, actions.PREVIEW.summary, *_target('Look at') + list(actions.PREVIEW.options))
do_light_snapshot_keep = _command(_confirmed(confirm.keep, actions.KEEP), actions.KEEP.summary, *actions.KEEP.options)
do_light_snapshot_undo = _command(_confirmed(confirm.undo, actions.UNDO), actions.UNDO.summary, *actions.UNDO.options)
do_light_snapshot_retain = _action(actions.RETAIN)
do_light_snapshot_check = _command(_check, actions.CHECK.summary, *actions.CHECK.options)
do_recover = _command(_confirmed(confirm.recover, actions.RECOVER), actions.RECOVER.summary,
                      *_target('Go back to') + list(actions.RECOVER.options))
do_commit_light_snapshot = _action(actions.COMMIT)
do_enable_light_snapshot = _action(actions.ENABLE)
do_disable_light_snapshot = _action(actions.DISABLE)
do_enable_store_snapshot = _action(actions.STORE_ON)
do_disable_store_snapshot = _action(actions.STORE_OFF)
do_enable_daily_snapshot = _action(actions.DAILY_ON)
do_disable_daily_snapshot = _action(actions.DAILY_OFF)
