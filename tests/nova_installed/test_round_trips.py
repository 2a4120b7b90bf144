"""How often the database is asked, with nova's own tables and its own way to the cells: see test_api.py."""

import sqlalchemy

import nova.context
from nova import objects

from light_snapshot.nova import counters
from light_snapshot.nova import state
from light_snapshot.nova import summary
from light_snapshot.nova import views

from database_case import PROJECT, DatabaseCase


class RoundTripsTest(DatabaseCase):
    def setUp(self):
        super(RoundTripsTest, self).setUp()
        self.admin = nova.context.get_admin_context()
        self.queries = []
        sqlalchemy.event.listen(sqlalchemy.engine.Engine, 'before_cursor_execute', self._note)
        self.addCleanup(sqlalchemy.event.remove, sqlalchemy.engine.Engine, 'before_cursor_execute', self._note)

    def _note(self, _connection, _cursor, statement, *_more):
        # oslo.db sees whether a connection lives; newer ones begin a transaction by a statement.
        if statement not in ('SELECT 1', 'BEGIN'):
            self.queries.append(statement)

    def server(self, number, enabled=True):
        made = super(RoundTripsTest, self).server(number)
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
