"""The options of the commands, as argparse takes them: (flags, keywords)."""


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

NEW_NAME = _option('--name', metavar='<name>', help='New name')
NEW_DESCRIPTION = _option('--description', metavar='<description>', help='New description')

YES = _option('--yes', action='store_true', help='Do not ask')

WAIT = _option('--wait', action='store_true', help='Wait until the work is done, and fail if it failed')
WAIT_TIMEOUT = _option('--wait-timeout', metavar='<seconds>', type=float, default=1800.0,
                       help='Give up waiting after so many seconds (default: 1800)')
