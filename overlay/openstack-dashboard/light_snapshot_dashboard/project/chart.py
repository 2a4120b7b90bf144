"""The picture of how kept bytes have come together: SVG in the page itself."""

import datetime
import time

from django.utils import dateformat

from light_snapshot_dashboard import growth
from light_snapshot_dashboard import points
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import when

_EPOCH = datetime.datetime(1970, 1, 1)


def of(request, restore_points, now=None):
    """What the template draws, or None where there is nothing to draw.

    :param restore_points: those whose sizes are added up, if they are kept
    """
    sizes = [(points.seconds(each.created_at), each.size or 0)
             for each in restore_points if each.kept]
    drawn = growth.Growth([each for each in sizes if each[0] is not None],
                          time.time() if now is None else now)
    if not drawn.drawn:
        return None
    day = [dateformat.format(_moment(request, each), 'Y-m-d')
           for each in (drawn.begin, drawn.end)]
    half = (growth.TOP + growth.BOTTOM) // 2
    return {
        'width': growth.WIDTH, 'height': growth.HEIGHT,
        'left': growth.LEFT, 'right': growth.RIGHT,
        'bottom': growth.BOTTOM, 'under': growth.BOTTOM + 18,
        'line': drawn.line(), 'area': drawn.area(),
        'levels': [(growth.TOP, labels.amount(drawn.total)),
                   (half, labels.amount(drawn.total // 2)),
                   (growth.BOTTOM, labels.amount(0))],
        'beside': growth.LEFT - 6,
        'begin': day[0], 'end': day[1],
        'count': drawn.count, 'total': labels.amount(drawn.total),
        'rows': [(dateformat.format(_moment(request, moment), 'Y-m-d H:i:s'),
                  count, labels.amount(size))
                 for moment, count, size in drawn.rows()],
    }


def _moment(request, seconds):
    return when.local(request, _EPOCH + datetime.timedelta(seconds=seconds))
