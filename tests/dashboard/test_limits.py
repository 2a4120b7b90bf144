"""Limits of the history: what is asked of the API, and that nothing goes away unsaid."""

from base import DashboardTest
from base import mock
from parsed import parse

import stub_api

DB = '/servers/db-id/action'


class LimitsTest(DashboardTest):

    def setUp(self):
        super(LimitsTest, self).setUp()
        self.db.add('last', 'newest')
        self.address = self.form('limits', 'db-id')

    def send(self, **data):
        return self.client.post(self.address, data)

    def test_shows_what_is_set(self):
        self.db.retention = {'count': 5, 'days': None}
        form = parse(self.client.get(self.address)).one('form', id='light_snapshot_limits_form')
        self.assertEqual(form.one('input', name='most')['value'], '5')
        self.assertIn(form.one('input', name='days').get('value'), (None, ''))

    def test_limits_that_take_nothing_away(self):
        response = self.send(most='9', days='36500')
        self.assertDone(response)
        self.assertEqual(self.asked(), [(DB, {'retainSnapshots': {'count': 9, 'days': 36500}})])

    def test_no_limits(self):
        self.assertDone(self.send(most='', days=''))
        self.assertEqual(self.asked(), [(DB, {'retainSnapshots': {'count': None, 'days': None}})])

    def test_asks_before_something_goes_away(self):
        response = self.send(most='1', days='')
        page = parse(response)
        self.assertIn('Nothing was changed yet. These restore points go away for good: #1 "before upgrade". To go on press '
                      'the button again.', page.text)
        self.assertEqual(self.asked(), [])
        form = page.one('form', id='light_snapshot_limits_form')
        data = dict((name, form.one('input', name=name).get('value') or '') for name in ('most', 'days', 'agreed', 'seen'))
        self.assertDone(self.send(**data))
        self.assertEqual(self.asked(), [(DB, {'retainSnapshots': {'count': 1, 'days': None}})])

    def test_what_was_agreed_to_has_changed(self):
        self.assertFormErrors(self.send(most='1', agreed='0'), 1)
        self.db.add('last', 'taken meanwhile')
        self.assertFormErrors(self.send(most='1', agreed='1'), 1)
        self.assertEqual(self.asked(), [])

    def test_numbers_that_cannot_be(self):
        for data in ({'most': '0'}, {'most': 'x'}, {'days': '36501'}, {'days': '-1'}):
            self.assertFormErrors(self.send(**data), 1)
        self.assertEqual(self.asked(), [])

    def test_refusal(self):
        self.stub._retainSnapshots = mock.Mock(side_effect=stub_api.Refused(409, 'The compute host is too old.'))
        self.assertContains(self.send(most='9'), 'The limits were not changed. The compute host is too old.')
