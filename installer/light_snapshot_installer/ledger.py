"""Which columns this node added: written into the record before each statement, so that it survives a crash."""
from light_snapshot_installer import online


class Ledger(object):
    """The record's columns of one cell's database; what schema.py calls before and after its statements.

    `say(text)` tells the operator how it goes. `seconds`: {table: how long its change takes, about}.
    """

    def __init__(self, record, cell, url, say, estimates):
        self.record, self.cell, self.url, self.say = record, cell, url, say
        self.seconds = dict((estimate.table, online.seconds_of(estimate)) for estimate in estimates)

    def _entry(self, statement):
        return [self.cell, self.url.key[0], self.url.database, statement.table, statement.column]

    def _same(self, entry, statement):
        """Cells may have been renamed since."""
        return entry[1:] == self._entry(statement)[1:]

    def intent(self, statements):
        """One table is about to be changed by these. Of those that are there already this is a no-op."""
        new = [self._entry(one) for one in statements if not any(self._same(entry, one) for entry in self.record['columns'])]
        if new:
            self.record['columns'].extend(new)
            self.record.save()
        self.record.root.disk.note('sql', str(self.url), online.combined(statements))

    def withdraw(self, statement):
        """Another node added this column."""
        self._forget(statement)

    def done(self, statement):
        """This column is dropped."""
        self._forget(statement)

    def _forget(self, statement):
        self.record['columns'] = [entry for entry in self.record['columns'] if not self._same(entry, statement)]
        self.record.save()
