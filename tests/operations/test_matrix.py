"""The tables of the matrix agree with one another."""

import types

from tests.operations import matrix
from tests.operations.states import STATES

TITLES = [operation.title for operation in matrix.OPERATIONS]
STATE_TITLES = [state.title for state in STATES]


def test_a_title_is_one_row():
    assert len(set(TITLES)) == len(TITLES)


def test_what_is_refused_and_what_is_sampled_are_cells():
    for title, state in matrix.REFUSED:
        assert title in TITLES and state in STATE_TITLES, (title, state)
    states, titles = matrix.SAMPLE
    assert set(states) <= set(STATE_TITLES) and set(titles) <= set(TITLES)


def test_rows_of_some_states_name_states():
    for operation in matrix.OPERATIONS:
        assert set(operation.states or ()) <= set(STATE_TITLES), operation.title


def test_what_concerns_the_host_or_takes_two_is_not_alone():
    alone = {operation.title for operation in matrix.OPERATIONS if operation.alone()}
    assert {'hard reboot', 'lock', 'attach and detach a volume', 'delete'} <= alone
    assert not alone & {'libvirtd restart', 'host reboot', 'cold migration, confirm', 'live block migration', 'evacuate, own disks',
                        'attach and detach an interface', 'resize up on the other host, confirm'}


class World:
    """A testbed of one host without anything on it."""

    admin = None

    def schedule(self, *hosts):
        pass


class State:
    """A state that a server is brought into at once; `made`: how often."""

    def __init__(self, title):
        self.title, self.made = title, 0

    def make(self, world):
        self.made += 1
        return types.SimpleNamespace(uuid=self.title, where=matrix.HOST, done=[], at={})

    def dress(self, server):
        pass

    ready = dress


def test_each_server_goes_through_all_that_is_alone_and_one_that_failed_goes_on_as_a_new_one(monkeypatch):
    monkeypatch.setattr(matrix.judge, 'Look', lambda server: None)
    monkeypatch.setattr(matrix.Matrix, '_remove', lambda self, subject: setattr(subject, 'server', None))

    def run(title, fails=''):
        def act(server):
            server.done.append(title)
            if server.uuid == fails:
                raise RuntimeError('it failed')
        return matrix.Operation(title, act, lambda server, before: (matrix.judge.KEPT, list(server.done)))

    told, states = [], [State('a'), State('b')]
    matrix.Matrix(World(), states, [run('one', fails='b'), run('two'), run('three')], told.append, 2).run()
    found = {(cell.subject.state.title, cell.operation.title): (cell.verdict, cell.found) for cell in told}
    assert len(told) == 6 and [state.made for state in states] == [1, 2]
    assert found['a', 'three'] == (matrix.judge.KEPT, ['one', 'two', 'three'])
    assert found['b', 'one'][0] == matrix.judge.FAILED and found['b', 'three'] == (matrix.judge.KEPT, ['two', 'three'])
