"""Names that nova-api and nova-compute share."""

PREFIX = 'light_snapshot_'

# In an instance's system metadata, while light snapshots are enabled.
MARK, MARKED = 'light_snapshot_enable', 'True'

# operation -> the task state that the server has while it is under way
TASK_STATES = {
    'enable': PREFIX + 'enabling',
    'disable': PREFIX + 'disabling',
    'snapshot': PREFIX + 'creating',
    'commit': PREFIX + 'committing',
    'recover': PREFIX + 'recovering',
    'store': PREFIX + 'storing',
    'delete': PREFIX + 'deleting',
    'preview': PREFIX + 'previewing',
    'keep_preview': PREFIX + 'keeping',
    'undo_preview': PREFIX + 'undoing',
    'retain': PREFIX + 'retaining',
    'repair': PREFIX + 'repairing',
}

# Operations that a server may be asked for whatever the database says of it.
OF_PLAIN = ('enable', 'repair')

# operation -> its name among the server's instance actions. Those without a task state are nova-api's own.
ACTIONS = {
    'enable': 'light_snapshot_enable',
    'disable': 'light_snapshot_disable',
    'snapshot': 'light_snapshot_create',
    'commit': 'light_snapshot_commit',
    'recover': 'light_snapshot_recover',
    'store': 'light_snapshot_store',
    'daily': 'light_snapshot_daily',
    'update': 'light_snapshot_update',
    'delete': 'light_snapshot_delete',
    'preview': 'light_snapshot_preview',
    'keep_preview': 'light_snapshot_keep_preview',
    'undo_preview': 'light_snapshot_undo_preview',
    'retain': 'light_snapshot_retain',
    'repair': 'light_snapshot_repair',
}

# Operations that came with version 1.1 of our RPC.
NEW = ('delete', 'preview', 'keep_preview', 'undo_preview', 'retain', 'repair')

# Operations that take a running guest's power and give it back.
POWER = ('recover', 'preview', 'undo_preview')


def is_ours(task_state):
    return task_state in TASK_STATES.values()


def operation_of(task_state):
    """The operation of a task state of ours; None for any other."""
    return dict((ours, operation) for operation, ours in TASK_STATES.items()).get(task_state)


def takes_power(task_state):
    """Whether the operation of this task state switches a running guest off on its way."""
    return task_state in [TASK_STATES[operation] for operation in POWER]
