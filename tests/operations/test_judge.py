"""The judge of the matrix sees what is not as it was."""

import copy

import pytest

from light_snapshot.engine import record as records
from tests.operations import judge

POINT = {'parent': None, 'name': 'n', 'description': '', 'created_at': 'then', 'consistency': 'stopped', 'safety': False, 'daily': None,
         'state': 'kept', 'kept': True, 'current': False}


class Look:
    """As `judge.Look`, of a server with two restore points."""

    def __init__(self, store=True):
        self.record = records.Record('/nowhere', {
            'index': 2, 'store': store, 'root': {'file': 'disk', 'index': 0, 'on': None, 'dirty': False},
            'live': [{'index': 1, 'file': 'disk.light-1'}, {'index': 2, 'file': 'disk.light-2'}]})
        self.points = {0: dict(POINT, kept=store), 1: dict(POINT, kept=False, state='last')}
        self.digests = {0: ['zero'], 1: ['one']}
        self.columns = {'light_snapshot_enable': True, 'snapshot_committed': False, 'snapshot_store': store, 'snapshot_index': 2, 'root_index': 0}

    def commit(self, index=3):
        """As after a commit of all and a start."""
        self.record.data.update(index=index + 1, live=[{'index': index + 1, 'file': 'disk.light-4'}])
        self.record.data['root']['index'] = index
        self.columns.update(snapshot_index=index + 1, root_index=index)


def both(store=True):
    before = Look(store)
    return before, copy.deepcopy(before)


def test_nothing_has_changed():
    before, now = both()
    assert judge.changes(before, now) == [] and not judge.committed(before, now)


@pytest.mark.parametrize('change, said', [
    (lambda now: now.points.pop(1), 'restore point 1 is gone'),
    (lambda now: now.digests.update({0: ['other']}), 'restore point 0 has other bytes'),
    (lambda now: now.points[1].update(name='m'), "restore point 1: name was 'n' and is 'm'"),
    (lambda now: now.record.data.update(index=1), 'the newest index was 2 and is 1'),
    (lambda now: now.columns.update(root_index=7), 'the columns are'),
    (lambda now: setattr(now, 'record', None), 'it had a record'),
])
def test_a_change_is_seen(change, said):
    before, now = both()
    change(now)
    assert any(said in text for text in judge.changes(before, now))


def test_after_a_commit_history_has_to_be_there_and_only_history():
    for store, found in ((True, 1), (False, 0)):
        before, now = both(store)
        now.commit()
        del now.points[1]
        assert judge.committed(before, now) and len(judge.changes(before, now)) == found


def test_after_a_snapshot_without_history_the_last_one_is_the_root_and_stands_on_nothing():
    before, now = both(store=False)
    before.points[1]['parent'] = 0
    now.record.data.update(index=3, live=[{'index': 2, 'file': 'disk.light-2'}, {'index': 3, 'file': 'disk.light-3'}])
    now.record.data['root']['index'] = 1
    now.columns.update(snapshot_index=3, root_index=1)
    del now.points[0]
    now.points[1].update(parent=None, state='root')
    assert judge.changes(before, now) == []


def test_a_parent_that_is_there_stays_the_parent():
    before, now = both()
    before.points[1]['parent'] = 0
    now.points[1]['parent'] = None
    assert judge.changes(before, now) == ['restore point 1: parent was 0 and is None']


def test_without_a_commit_nothing_may_be_gone():
    before, now = both(store=False)
    del now.points[1]
    assert len(judge.changes(before, now)) == 1


def test_a_plain_server_has_no_columns():
    before, now = both()
    before.record = now.record = None
    assert len(judge.changes(before, now)) == 1
    now.columns = dict(judge.OFF)
    assert judge.changes(before, now) == []


def test_a_snapshot_is_no_commit():
    before, now = both()
    now.record.data.update(index=3, live=[{'index': 2, 'file': 'disk.light-2'}, {'index': 3, 'file': 'disk.light-3'}])
    now.record.data['root']['index'] = 1
    now.columns.update(snapshot_index=3, root_index=1)
    assert judge.changes(before, now) == [] and not judge.committed(before, now)


def test_layers_that_came_again_were_committed_before():
    before, now = both()
    before.record.data['live'] = []
    now.record.data['live'] = [{'index': 3, 'file': 'disk.light-3'}]
    assert judge.committed(before, now)


@pytest.mark.parametrize('earlier, verdict', [(['one'], judge.REFUSED), (['other'], judge.LOST), (None, judge.REFUSED)])
def test_after_a_refusal_the_disks_of_a_server_that_is_off_are_the_same_unless_it_was_started_before(monkeypatch, earlier, verdict):
    class Server:
        @staticmethod
        def power(_on):
            pass
    before, now = both()
    for look in (before, now):
        look.host, look.status, look.listed, look.state = 'h', 'SHUTOFF', {}, {}
    before.active, now.active = earlier, ['one']
    monkeypatch.setattr(judge, 'Look', lambda _server: now)
    for name in ('in_order', 'as_the_guest_sees'):
        monkeypatch.setattr(judge, name, lambda _server: [])
    assert judge.untouched(Server, before)[0] == verdict
