"""The operations of the matrix, one row each. A new operation of the engine needs a row here, and nothing else."""

import os

DISK_FORMAT = 'qcow2'
DISKS = ('disk', 'disk.swap')


def enable(engine, store=False):
    """Enable, on the disks that this server has."""
    disks = [{'name': name, 'target': target, 'format': DISK_FORMAT} for name, target in zip(DISKS, ('vda', 'vdb'))
             if engine.files.exists(name)]
    engine.enable(disks, store=store)


def _with(method, *args, **kwargs):
    return lambda engine: getattr(engine, method)(*args, **kwargs)


def _enable_with_store(engine):
    enable(engine, True)


# ---- what the server was before: a list of steps; 'write' lets the guest write on, 'off' and 'on' are its power, a callable is
# given the engine. 'two disks' at the beginning: it has another one

_PLAIN = [enable, 'write', _with('snapshot', 'one'), 'write', _with('snapshot', 'two'), 'write']
_STORE = [_enable_with_store, 'write', _with('snapshot', 'one'), 'write',
          _with('snapshot', 'two'), 'write', _with('snapshot', 'three'), 'write']

SETUPS = {
    'none': ['write'],
    'plain': _PLAIN,
    'store': _STORE,
    'plain, committed': _PLAIN + [_with('commit_all'), 'write'],
    'store, committed': _STORE + [_with('commit_all'), 'write'],
    # The live chain goes through 2, 1 and 0; 3, and what the server had (4), are a branch beside it.
    'store, branched': _STORE + ['off', _with('recover', index=2), 'on', 'write'],
    'plain, preview': _PLAIN + ['off', _with('preview', use_root=True), 'on', 'write'],
    'store, preview': _STORE + ['off', _with('preview', index=1), 'on', 'write'],
    'two disks': ['two disks'] + _PLAIN,
    'two disks, none': ['two disks', 'write'],
    'two disks, store': ['two disks'] + _STORE,
}


#: a target that is no restore point: what the server had before its preview
BEFORE = 'before'


class Operation:
    """One row.

    :param name: shown in the matrix
    :param setup: the server before it, a key of `SETUPS`
    :param act: callable(engine); what it leaves for `finish` is done as well
    :param running: whether the guest runs meanwhile
    :param target: callable(points before) -> the index whose bytes the disk holds afterwards; None: the guest's own, as they are
    """

    def __init__(self, name, setup, act, running=True, target=None):
        self.name, self.setup, self.act, self.running, self.target = name, setup, act, running, target


def _prepare_start(engine):
    engine.prepare_start()


def _image(engine):
    # Whoever asks for it takes it away.
    os.unlink(engine.export('qcow2'))


OPERATIONS = [
    Operation('enable', 'none', enable),
    Operation('enable with store', 'none', _enable_with_store),
    Operation('snapshot', 'plain', _with('snapshot', 'x')),
    Operation('snapshot with store', 'store', _with('snapshot', 'x')),
    Operation('snapshot, quiesced, no agent', 'plain', _with('snapshot', 'x', quiesce=True)),
    Operation('commit all', 'plain', _with('commit_all')),
    Operation('commit all with store', 'store', _with('commit_all')),
    Operation('store on', 'plain', _with('store', True)),
    Operation('store off', 'store', _with('store', False)),
    Operation('disable', 'plain', _with('disable')),
    Operation('disable with store', 'store', _with('disable')),
    Operation('recover last', 'plain', _with('recover'), False, lambda points: max(points)),
    Operation('recover root', 'plain', _with('recover', use_root=True), False, lambda points: min(points)),
    Operation('recover last with store', 'store', _with('recover'), False, lambda points: max(points)),
    Operation('recover index', 'store', _with('recover', index=1), False, lambda points: 1),
    Operation('start after commit all', 'plain, committed', _prepare_start, False),
    Operation('start after commit all with store', 'store, committed', _prepare_start, False),
    Operation('enable, off', 'none', enable, False),
    Operation('snapshot with store, off', 'store', _with('snapshot', 'x'), False),
    Operation('commit all with store, off', 'store', _with('commit_all'), False),
    Operation('store on, off', 'plain', _with('store', True), False),
    Operation('disable with store, off', 'store', _with('disable'), False),
    Operation('delete the last', 'plain', _with('delete', 2)),
    Operation('delete the root', 'plain', _with('delete', 1)),
    Operation('delete a kept one', 'store', _with('delete', 1)),
    Operation('delete in the chain', 'store, branched', _with('delete', 1)),
    Operation('delete a leaf', 'store, branched', _with('delete', 4)),
    Operation('delete in the chain, off', 'store, branched', _with('delete', 1), False),
    Operation('keep one', 'store', _with('retain', 1)),
    Operation('preview the root', 'plain', _with('preview', use_root=True), False, lambda points: min(points)),
    Operation('preview with store', 'store', _with('preview', index=1), False, lambda points: 1),
    Operation('keep a preview', 'store, preview', _with('keep_preview')),
    Operation('undo a preview', 'plain, preview', _with('undo_preview'), False, BEFORE),
    Operation('enable, two disks', 'two disks, none', enable),
    Operation('snapshot, two disks', 'two disks', _with('snapshot', 'x')),
    Operation('commit all, two disks', 'two disks', _with('commit_all')),
    Operation('store on, two disks', 'two disks', _with('store', True)),
    Operation('recover index, two disks', 'two disks, store', _with('recover', index=1), False, lambda points: 1),
    Operation('image', 'plain', _image),
    Operation('image with store', 'store', _image),
    Operation('image of what is committed', 'store, committed', _image),
    Operation('layers again, running', 'plain, committed', _with('renew')),
    Operation('ready for a live migration, two disks', 'two disks, store', _with('freeze_for_travel')),
    Operation('delete the last, two disks', 'two disks', _with('delete', 2)),
]

BY_NAME = dict((operation.name, operation) for operation in OPERATIONS)
