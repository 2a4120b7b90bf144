"""The tables of the matrix agree with one another."""

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
