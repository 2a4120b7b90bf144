"""Who took a restore point, in words."""

from django.core.cache import cache

from openstack_dashboard import api

from light_snapshot_dashboard.project import who

from base import DashboardTest
from base import mock
from base import nova_exceptions
from parsed import parse

from test_overview import as_admin


class WhoTest(DashboardTest):

    def setUp(self):
        super(WhoTest, self).setUp()
        cache.clear()
        self.asked_of = []

        def user_get(_request, user_id, *_args, **_kwargs):
            self.asked_of.append(user_id)
            if user_id == 'gone':
                raise nova_exceptions.NotFound(404)
            if user_id == 'silent':
                raise nova_exceptions.Forbidden(403)
            raise AssertionError('not to be asked for: %s' % user_id)
        self.patch(api.keystone, 'user_get', user_get)

    def takers(self, *ids):
        """What stands in the tab's column, of restore points that these have taken."""
        self.db.points = self.db.points[:len(ids)]
        for point, each in zip(self.db.points, ids):
            point['taken_by'] = each
        table = parse(self.tab('db-id')).one('table', id='restore_points')
        place = [cell.text for cell in table.heads()].index('Taken By')
        return [[cell.text for cell in row.all('td')][place] for row in table.one('tbody').all('tr')]

    def test_members_own_name_and_others_ids(self):
        self.assertEqual(self.takers(self.user.id, 'somebody', 'daily'), [self.user.name, 'somebody', 'Daily run'])
        self.assertEqual(self.takers(None), ['-'])
        self.assertEqual(self.asked_of, [])

    def test_administrator_is_told_names_once(self):
        as_admin(self)
        self.patch(api.keystone, 'user_get', self.named('Jane'))
        for _time in range(2):
            self.assertEqual(self.takers('j', 'j', self.user.id), ['Jane', 'Jane', self.user.name])
        self.assertEqual(self.asked_of, ['j'])

    def named(self, name):
        def user_get(_request, user_id, *_args, **_kwargs):
            self.asked_of.append(user_id)
            found = mock.Mock()
            found.name = name
            return found
        return user_get

    def test_user_who_is_gone(self):
        as_admin(self)
        for _time in range(2):
            self.assertEqual(self.takers('gone'), ['gone'])
        self.assertEqual(self.asked_of, ['gone'])

    def test_keystone_that_tells_nothing(self):
        as_admin(self)
        self.assertEqual(self.takers('silent', 'silenter'), ['silent', 'silenter'])
        self.assertEqual(self.asked_of, ['silent'])

    def test_so_many_are_asked_for_and_no_more(self):
        as_admin(self)
        self.patch(who, 'MOST_ASKED', 1)
        self.patch(api.keystone, 'user_get', self.named('Jane'))
        self.assertEqual(self.takers('a', 'b'), ['Jane', 'b'])
