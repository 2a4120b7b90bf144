"""Servers in nova's own tables, with our columns."""

import sqlalchemy

import nova.context
from nova import objects
from nova import test

from light_snapshot.nova import places
from light_snapshot.nova import state

PROJECT = 'fade'


class DatabaseCase(test.TestCase):
    def setUp(self):
        # See ApiCase.
        pytest_s = dict((name, value) for name, value in self.__dict__.items() if name == self._testMethodName)
        self.addCleanup(self.__dict__.update, pytest_s)
        super(DatabaseCase, self).setUp()
        objects.register_all()
        self.cell = nova.context.get_admin_context()
        cells = self.cells()
        for mapping in cells.values():
            self._add_columns(mapping)
        if cells:
            nova.context.set_target_cell(self.cell, cells['cell1'])
        else:
            self._add_columns(None)

    def cells(self):
        """nova's own, where we ask each of them: 16 and later."""
        return getattr(self, 'cell_mappings', {}) if places.find('each_cell') is not None else {}

    @staticmethod
    def _add_columns(mapping):
        """The six columns, as the installer adds them; once for each database."""
        context = nova.context.get_admin_context()
        if mapping is not None:
            nova.context.set_target_cell(context, mapping)
        engine = places.database_engine(context)
        with engine.connect() as connection:
            known = [row[1] for row in connection.execute(sqlalchemy.text('PRAGMA table_info(instances)')).fetchall()]
        with engine.begin() as connection:
            for name in state.COLUMNS:
                if name not in known:
                    connection.execute(sqlalchemy.text('ALTER TABLE instances ADD COLUMN %s INTEGER' % name))

    def server(self, number, **more):
        """One that is not enabled."""
        made = objects.Instance(self.cell, uuid='%08d-0000-4000-8000-000000000000' % number, project_id=PROJECT, user_id='u',
                                host='h', display_name='s%d' % number, vm_state='active', system_metadata={'other': 'x'}, **more)
        made.create()
        return made
