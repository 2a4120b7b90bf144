"""Our section of nova.conf: [light_snapshot]."""

from __future__ import absolute_import

from oslo_config import cfg

from light_snapshot.engine import engine

OPTIONS = [
    cfg.IntOpt('commit_timeout', default=engine.DEFAULTS['commit_timeout'], min=1,
               help='Seconds that a commit of all layers of a running server may take to catch up with its writes. '
                    'After that the commit is taken back and the server runs on its layers as before.'),
    cfg.IntOpt('freeze_timeout', default=engine.DEFAULTS['freeze_timeout'], min=1,
               help='Seconds that the guest agent has to freeze the file systems for a quiesced snapshot.'),
    cfg.IntOpt('chain_limit', default=engine.DEFAULTS['chain_limit'], min=1,
               help='Kept layers that may lie below the root layer after a recover to an index. Beyond it their data '
                    'is copied into the new root layer.'),
    cfg.IntOpt('deleted_seconds', default=engine.DEFAULTS['deleted_seconds'], min=0,
               help='How long discarded layers stay in the folder snapshots/deleted of the instance.'),
]


def values(conf):
    """The options as the engine takes them."""
    conf.register_opts(OPTIONS, group='light_snapshot')
    return dict((option.name, conf.light_snapshot[option.name]) for option in OPTIONS)
