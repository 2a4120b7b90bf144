"""Rows of a long table, filled into one that Horizon has drawn.

Horizon draws every cell of every row with templates of its own: most of what
a long table costs. Rows of a table of ours differ in what their cells hold,
and in nothing else. So Horizon draws one that stands for all, with a mark in
place of each thing that differs, and each row is that one with these put in.
"""

import re

from django.utils import html
from django.utils import safestring

from horizon import tables

from light_snapshot_dashboard import compat

_MARK = u'light0snapshot0%s0mark'
_MARKS = re.compile(_MARK % u'([a-z_]+?)')


class _StandIn(object):
    """What a row is of that stands for all."""

    id = _MARK % u'id'
    display = _MARK % u'display'


STAND_IN = _StandIn()


class Cell(tables.base.Cell):
    """A cell that can be one of the row that stands for all."""

    def get_data(self, datum, column, row):
        if datum is not STAND_IN or column.auto == 'actions':
            return super(Cell, self).get_data(datum, column, row)
        data = _MARK % (column.name or column.auto)
        row.table._data_cache[column][datum.id] = data
        return data


class _Row(object):
    """A row, as far as the template of a table asks."""

    def __init__(self, table, datum):
        self._table, self._datum = table, datum

    def render(self):
        return self._table.filled(self._datum)


class QuickTable(tables.DataTable):
    """A table whose rows are drawn once.

    Its `cell_class` is a Cell. No column has a link or another look from row
    to row, and `get_object_display` and `render_row_actions` know STAND_IN:
    actions differ from row to row in STAND_IN.id alone.
    """

    # The row that stands for all: text, name of a mark, text, ...
    _drawn = None

    def get_rows(self):
        return [_Row(self, datum) for datum in self.filtered_data]

    def filled(self, datum):
        """The row of this datum, as HTML."""
        if self._drawn is None:
            # Not before: by now it is known whether rows can be chosen.
            self._drawn = _MARKS.split(
                self._meta.row_class(self, STAND_IN).render())
        # Horizon escapes this one itself, before it becomes an attribute.
        values = {'id': self.get_object_id(datum),
                  'display': html.escape(self.get_object_display(datum))}
        for column in self.get_columns():
            if column.auto != 'actions':
                values[column.name or column.auto] = self._value(datum, column)
        parts = list(self._drawn)
        for place in range(1, len(parts), 2):
            parts[place] = compat.text_type(
                html.conditional_escape(values[parts[place]]))
        return safestring.mark_safe(u''.join(parts))

    def _value(self, datum, column):
        if column.auto == 'multi_select':
            return self.render_choice(datum)
        data = column.get_data(datum)
        return column.empty_value if data is None else data
