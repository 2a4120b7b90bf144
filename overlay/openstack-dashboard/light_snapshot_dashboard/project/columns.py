"""Columns of tables whose words are those of each reader's language."""

from horizon import tables

from light_snapshot_dashboard import compat


class Column(tables.Column):
    """A column whose header is in the language of each reader.

    Horizon's own has it in the language of the moment at which the table was
    defined.
    """

    def __init__(self, transform, verbose_name=None, **kwargs):
        super(Column, self).__init__(transform, verbose_name, **kwargs)
        self.header = verbose_name

    def __str__(self):
        return str(self.header)

    def __unicode__(self):
        return compat.text_type(self.header)
