"""The options of the commands, as argparse takes them: (flags, keywords)."""

import argparse


class Once(argparse.Action):
    """One of several options that say different things of one matter: given twice is wrong usage. (What Liberty's
    novaclient reads of a command has no exclusive groups.)"""

    def __call__(self, parser, namespace, value, option_string=None):
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, 'something else was said of the same before')
        setattr(namespace, self.dest, self.const if self.nargs == 0 else value)


def _option(*flags, **keywords):
    return flags, keywords


SERVER = _option('server', metavar='<server>', help='Server (name or ID)')
INDEX = _option('index', metavar='<index>', type=int, help='Index of the restore point')

NAME = _option('--name', metavar='<name>', default='', help='Name of the restore point')
DESCRIPTION = _option('--description', metavar='<description>', default='', help='Description of the restore point')
QUIESCE = _option('--quiesce', action='store_true',
                  help='Have the guest write out its file systems first (needs the QEMU guest agent)')

STORE = _option('--store', action='store_true',
                help='Keep every layer, so that every snapshot stays a restore point')
DAILY = _option('--daily', action='store_true', help='Take a light snapshot every day')
ALL_DAILY = _option('--daily', action='store_true', help='Only of the servers of which one is taken every day')

NEW_NAME = _option('--name', metavar='<name>', help='New name')
NEW_DESCRIPTION = _option('--description', metavar='<description>', help='New description')


def _said(dest, flag, const, text):
    return _option(flag, dest=dest, action=Once, nargs=0, const=const, help=text)


SAFETY = _said('safety', '--safety', True, 'Keep what the server has now as a restore point first (default where every '
                                           'snapshot is kept)')
NO_SAFETY = _said('safety', '--no-safety', False, 'Do not')

# What stands for `no limit`, since None is `not said`.
NO_LIMIT = 'no limit'
COUNT = _option('--count', dest='count', metavar='<number>', type=int, action=Once,
                help='Keep so many restore points at most')
NO_COUNT = _said('count', '--no-count', NO_LIMIT, 'Keep any number')
DAYS = _option('--days', dest='days', metavar='<number>', type=int, action=Once, help='Keep them for so many days')
NO_DAYS = _said('days', '--no-days', NO_LIMIT, 'Keep them for any time')

REPAIR = _option('--repair', action='store_true', help='Repair what can be repaired (an administrator\'s right)')

YES = _option('--yes', action='store_true', help='Do not ask')

WAIT = _option('--wait', action='store_true', help='Wait until the work is done, and fail if it failed')
WAIT_TIMEOUT = _option('--wait-timeout', metavar='<seconds>', type=float, default=1800.0,
                       help='Give up waiting after so many seconds (default: 1800)')
