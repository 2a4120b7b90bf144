"""How often the database is asked, with nova's own tables and its own way to the cells: see test_api.py."""

import sqlalchemy

import nova.context
from nova import objects
from nova import test

from light_snapshot.nova import counters
from light_snapshot.nova import places
from light_snapshot.nova import state
from light_snapshot.nova import summary
from light_snapshot.nova import views

PROJECT = 'fade'


class RoundTripsTest(test.TestCase):
    def setUp(self):
        # See ApiCase.
        pytest_s = dict((name, value) for name, value in self.__dict__.items() if name == self._testMethodName)
        self.addCleanup(self.__dict__.update, pytest_s)
        super(RoundTripsTest, self).setUp()
        objects.register_all()
        self.admin = nova.context.get_admin_context()
        self.cell = nova.context.get_admin_context()
        cells = self.cells()
        for mapping in cells.values():
            self._add_columns(mapping)
        if cells:
            nova.context.set_target_cell(self.cell, cells['cell1'])
        else:
            self._add_columns(None)
        self.queries = []
        sqlalchemy.event.listen(sqlalchemy.engine.Engine, 'before_cursor_execute', self._note)
        self.addCleanup(sqlalchemy.event.remove, sqlalchemy.engine.Engine, 'before_cursor_execute', self._note)

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

    def _note(self, _connection, _cursor, statement, *_more):
        # oslo.db sees whether a connection lives; newer ones begin a transaction by a statement.
        if statement not in ('SELECT 1', 'BEGIN'):
            self.queries.append(statement)

    def server(self, number, enabled=True):
        made = objects.Instance(self.cell, uuid='%08d-0000-4000-8000-000000000000' % number, project_id=PROJECT, user_id='u',
                                host='h', display_name='s%d' % number, vm_state='active', system_metadata={'other': 'x'})
        made.create()
        if enabled:
            state.write(self.cell, made.uuid, {'light_snapshot_enable': True, 'snapshot_store': True})
            made.system_metadata[counters.KEY] = counters.written({'count': number, 'last_at': None, 'kept_bytes': 10 * number})
            made.save()
        return made

    def load(self):
        """The servers as nova lists them: nothing of them is loaded that nova's list does not show."""
        return list(objects.InstanceList.get_by_filters(self.cell, {'deleted': False}, expected_attrs=['metadata']))

    def bodies(self, servers):
        made = [{'id': server.uuid} for server in servers]
        del self.queries[:]
        views._add(made, servers)
        return sorted(made, key=lambda body: body['id'])

    def test_any_number_of_servers_costs_one_query(self):
        for number in range(1, 41):
            self.server(number, enabled=number % 2)
            if number in (1, 40):
                found = self.bodies(self.load())
                self.assertEqual(1, len(self.queries), self.queries)
                self.assertEqual(number, len(found))
        self.assertEqual([number if number % 2 else 0 for number in range(1, 41)],
                         [body['light_snapshot_count'] for body in found])
        self.assertEqual([bool(number % 2) for number in range(1, 41)], [body['light_snapshot_enabled'] for body in found])

    def test_what_a_project_keeps_and_its_servers_are_one_query_a_cell(self):
        servers = [self.server(number) for number in (1, 2, 3)] + [self.server(4, enabled=False)]
        summary.kept(self.admin, PROJECT)       # nova looks up its cells with the first question
        del self.queries[:]
        self.assertEqual((60, True), summary.kept(self.admin, PROJECT))
        # cell0 has no servers on hosts, and is not asked.
        cells = len([name for name in self.cells() if name != 'cell0']) or 1
        self.assertEqual(cells, len(self.queries), self.queries)
        del self.queries[:]
        found, complete = summary.page(self.admin, 2, None, PROJECT)
        self.assertEqual(([1, 2], True), ([server['count'] for server in found], complete))
        self.assertEqual(cells, len(self.queries), self.queries)
        servers[2].destroy()
        self.assertEqual((30, True), summary.kept(self.admin, PROJECT))
        self.assertEqual([2], [server['count'] for server in summary.page(self.admin, 9, servers[0].uuid, PROJECT)[0]])
