"""Who took each restore point: noted in the server's record before the operation, under the index that its restore point will have.

The record goes where the server goes, and what is noted becomes durable in the same rename as the restore point itself.
"""

from light_snapshot.engine import lock

#: The key in the record, which the engine carries along unread: {index as text: who}.
KEY = 'takers'
#: Who took the daily ones, in the place of a user's id.
DAILY = 'daily'


@lock.exclusive
def by(engine, who, operation, *args, **kwargs):
    """Carry out an operation of the engine that makes a restore point; who asked for it is noted.

    :param who: a user's id; None: nobody knows
    :param operation: the engine's method
    :returns: what the operation returns
    :raises EngineError: what the operation raises
    """
    if engine.record is not None and engine.record.job:
        # What was cut off brings its own state of the record, and perhaps another active layer.
        engine.settle()
    record = engine.record
    if record is None:
        return _enabling(engine, who, operation, *args, **kwargs)
    # A restore point has the index of the layer that it freezes: the active one, or the one that was before a preview.
    live = record.preview['before']['live'] if record.preview else record.live
    if live:
        _put(record, live[-1]['index'], who)
    return operation(*args, **kwargs)


def _enabling(engine, who, operation, *args, **kwargs):
    """The first restore point is there once there is a record."""
    result = operation(*args, **kwargs)
    _put(engine.record, 0, who)
    engine.record.save()
    return result


def _put(record, index, who):
    known = record.data.get(KEY, {})
    if not record.preview:
        known = dict((key, value) for key, value in known.items() if key in record.points)
    record.data[KEY] = dict(known, **{str(index): who})


def told(points, record):
    """Restore points as the list tells of them, each with who took it: `taken_by`, None where nobody knows."""
    known = record.data.get(KEY, {})
    return [dict(point, taken_by=known.get(str(point['index']))) for point in points]
