"""Our section of nova.conf: [light_snapshot]. QUOTA is read by nova-api, all else by nova-compute."""

from __future__ import absolute_import

from oslo_config import cfg

from light_snapshot.engine import engine

OPTIONS = [
    cfg.IntOpt('commit_timeout', default=engine.DEFAULTS['commit_timeout'], min=1,
               help='Seconds that a commit of a running server may take. After that a commit of all layers is taken '
                    'back and the server runs on its layers as before; one of a single layer is stopped, and begun '
                    'again before the next operation.'),
    cfg.IntOpt('commit_slow_after', default=engine.DEFAULTS['commit_slow_after'], min=1,
               help='Seconds that a commit of all layers has to show that it will catch up with the writes of a '
                    'running server in time. If it does not, they are limited, step by step lower, until it has caught '
                    'up. From commit_timeout on: never.'),
    cfg.IntOpt('commit_slowest', default=engine.DEFAULTS['commit_slowest'], min=1,
               help='MiB a second that the server may write at the lowest of these steps.'),
    cfg.IntOpt('commit_pause_limit', default=engine.DEFAULTS['commit_pause_limit'], min=0,
               help='Seconds that the server may be paused, once, where the lowest step is not enough. 0: never.'),
    cfg.IntOpt('freeze_timeout', default=engine.DEFAULTS['freeze_timeout'], min=1,
               help='Seconds that the guest agent has to freeze the file systems for a quiesced snapshot.'),
    cfg.IntOpt('call_timeout', default=engine.DEFAULTS['call_timeout'], min=1,
               help='Seconds that any other call to libvirt has for its answer. One that has not answered by then is '
                    'reported while it hangs, and its operation ends with an error; what was under way is finished or '
                    'undone before the next operation.'),
    cfg.IntOpt('lock_timeout', default=engine.DEFAULTS['lock_timeout'], min=0,
               help='Seconds that an operation waits for another process that works on the layers of the same server, '
                    'before it is refused.'),
    cfg.IntOpt('chain_limit', default=engine.DEFAULTS['chain_limit'], min=1,
               help='Kept layers that may lie below the root layer after a recover to an index. Beyond it their data '
                    'is copied into the new root layer.'),
    cfg.IntOpt('deleted_seconds', default=engine.DEFAULTS['deleted_seconds'], min=0,
               help='How long discarded layers stay in the folder snapshots/deleted of the instance.'),
    cfg.IntOpt('daily_keep', default=engine.DEFAULTS['daily_keep'], min=0,
               help='How many daily restore points stay in the history of a server. 0: all.'),
    cfg.IntOpt('daily_keep_weekly', default=engine.DEFAULTS['daily_keep_weekly'], min=0,
               help='Of how many weeks one more daily restore point, the last of the week, stays.'),
]

DAILY = [
    cfg.StrOpt('daily_start', default='02:00',
               help='When the window of the daily light snapshots opens, HH:MM on the clocks of daily_timezone.'),
    cfg.IntOpt('daily_window', default=240, min=1, max=1440,
               help='Minutes that the window is long. The servers of the host are spread over it.'),
    cfg.StrOpt('daily_timezone', default='UTC',
               help='UTC, local (the zone of the host, its summer time included), or a distance from UTC such as +08:00.'),
    cfg.IntOpt('daily_concurrency', default=2, min=0,
               help='How many daily light snapshots this host takes at a time. 0: none at all.'),
    cfg.IntOpt('daily_interval', default=60, min=1,
               help='Seconds between two looks at what is due; each is one query.'),
]

QUOTA = [
    cfg.IntOpt('max_points_per_server', default=100, min=-1,
               help='How many restore points a server may have that keeps its light snapshots, before nova-api refuses another. '
                    '-1: any number. Daily ones count, and are not refused: daily_keep limits them.'),
    cfg.IntOpt('max_kept_gigabytes_per_project', default=-1, min=-1,
               help='GiB that the kept light snapshots of all servers of a project may take on the disks of their hosts, before '
                    'nova-api refuses another, and daily ones are left out (there the conductor\'s nova.conf counts). -1: any '
                    'number.'),
]

TOGETHER = [
    cfg.IntOpt('all_concurrency', default=2, min=1,
               help='How many light snapshots of one for all servers (snapshotAll) this host takes at a time, beside the daily '
                    'ones.'),
]


def values(conf):
    """The options as the engine takes them."""
    conf.register_opts(OPTIONS, group='light_snapshot')
    return _read(conf, OPTIONS)


def daily(conf):
    """What the host's daily snapshots go by."""
    return _read(conf, DAILY)


def quota(conf):
    """What nova-api refuses beyond."""
    return _read(conf, QUOTA)


def together(conf):
    """What a snapshot of all of the host's servers goes by."""
    return _read(conf, TOGETHER)


def _read(conf, options):
    conf.register_opts(options, group='light_snapshot')
    return dict((option.name, conf.light_snapshot[option.name]) for option in options)
