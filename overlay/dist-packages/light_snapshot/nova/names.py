"""Names that nova-api and nova-compute share."""

PREFIX = 'light_snapshot_'

# operation -> the task state that the server has while it is under way
TASK_STATES = {
    'enable': PREFIX + 'enabling',
    'disable': PREFIX + 'disabling',
    'snapshot': PREFIX + 'creating',
    'commit': PREFIX + 'committing',
    'recover': PREFIX + 'recovering',
    'store': PREFIX + 'storing',
}

# operation -> its name among the server's instance actions
ACTIONS = {
    'enable': 'light_snapshot_enable',
    'disable': 'light_snapshot_disable',
    'snapshot': 'light_snapshot_create',
    'commit': 'light_snapshot_commit',
    'recover': 'light_snapshot_recover',
    'store': 'light_snapshot_store',
    'daily': 'light_snapshot_daily',
}


def is_ours(task_state):
    return task_state in TASK_STATES.values()
