"""The matrix's own judgement: what counts as a new failure, and that no outcome gets lost on the way."""

import sys

import pytest

from tests.releases import environment, judge, table

TESTS = '''
import sys
import unittest


class Case(unittest.TestCase):
    def test_a_passes(self):
        pass

    def test_b_ends_the_interpreter(self):
        sys.exit(1)

    def test_c_fails(self):
        self.assertEqual('here', 'there')

    @unittest.skip('because')
    def test_d_is_skipped(self):
        pass

    def test_e_cannot_run(self):
        raise ValueError('no')


class TearDown(unittest.TestCase):
    def tearDown(self):
        raise ValueError('late')

    def test_tears_down_badly(self):
        pass
'''
WANTED = {'Case.test_a_passes': 'ok', 'Case.test_b_ends_the_interpreter': 'error', 'Case.test_c_fails': 'failure',
          'Case.test_d_is_skipped': 'skip', 'Case.test_e_cannot_run': 'error', 'TearDown.test_tears_down_badly': 'error'}


@pytest.fixture
def suites(tmp_path):
    """A directory with a test module, as if it were nova's; run by the Python that runs us."""
    env = environment.Environment(tmp_path, sys.executable, '3.11', '1', 'key', search=True)
    env.site.mkdir(parents=True)
    (env.site / 'test_example.py').write_text(TESTS)
    return judge.Suites(env, ['test_example'], 1)


def outcomes(found):
    return {test.partition('.')[2]: outcome for test, (outcome, _why) in found['test_example'].items()}


def test_every_outcome_is_written_down(suites):
    found = suites.run('after')
    assert outcomes(found) == WANTED
    assert "'here' != 'there'" in found['test_example']['test_example.Case.test_c_fails'][1]


def test_listing_runs_nothing(suites):
    assert outcomes(suites.listed()) == dict.fromkeys(WANTED, 'listed')


def test_only_some(suites):
    only = {'test_example': ['test_example.Case.test_c_fails']}
    assert outcomes(suites.run('some', only=only)) == {'Case.test_c_fails': 'failure'}


def test_a_module_that_does_not_load_is_an_error(suites):
    (suites.env.site / 'test_example.py').write_text('import not_there')
    found = suites.run('after')['test_example']
    assert found['test_example'][0] == 'error' and 'not_there' in found['test_example'][1]


def test_a_process_that_dies_is_an_error(suites):
    (suites.env.site / 'test_example.py').write_text('import os\nos._exit(9)')
    found = suites.run('after')['test_example']
    assert [outcome for outcome, _why in found.values()] == ['error']


def test_lazily_what_fails_without_the_overlay_is_not_new(suites):
    before = judge.only_what_matters(suites, suites.run('after'))
    assert outcomes(before) == WANTED
    assert judge.worse(before['test_example'], suites.run('after')['test_example']) == {}


def test_lazily_what_is_gone_is_new(suites):
    after = suites.run('after')
    del after['test_example']['test_example.Case.test_a_passes']
    before = judge.only_what_matters(suites, after)
    assert list(judge.worse(before['test_example'], after['test_example'])) == ['test_example.Case.test_a_passes']


@pytest.mark.parametrize('before, after, new', [
    ('ok', 'ok', False), ('ok', 'failure', True), ('ok', 'error', True), ('ok', 'skip', True), ('ok', None, True),
    ('skip', 'skip', False), ('skip', 'ok', False), ('skip', 'failure', True), ('skip', None, True),
    ('failure', 'failure', False), ('failure', 'error', False), ('error', None, False), ('error', 'ok', False),
    (None, 'ok', False), (None, 'failure', True)])
def test_what_is_a_new_failure(before, after, new):
    def one(outcome):
        return {'test': (outcome, 'why')} if outcome else {}
    assert bool(judge.worse(one(before), one(after))) == new


def test_a_nova_that_is_not_whole_is_no_success():
    verdict = judge.Verdict('13.1.4', '2.7')
    verdict.nova, verdict.failed_before = 2436, 6
    assert judge.hollow(verdict) == []
    verdict.failed_before = 1363
    assert '1363 of 2436' in judge.hollow(verdict)[0]


def test_a_tree_differs_by_name_mode_and_content(tmp_path):
    top, kept = tmp_path / 'top', tmp_path / 'kept'
    top.mkdir()
    for name in 'abcd':
        (top / name).write_text('1')
    environment.write_down(top, kept)
    (top / 'compiled.pyc').write_text('1')
    assert environment.differing(top, kept) == []
    (top / 'a').chmod(0o600)
    (top / 'b').write_text('2')
    (top / 'c').rename(top / 'e')
    assert environment.differing(top, kept) == ['a', 'b', 'c', 'e']


def test_two_runs_do_not_share_an_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, 'KEPT', tmp_path)
    environment.hold(tmp_path / 'one')
    environment.hold(tmp_path / 'two')
    with pytest.raises(environment.Missing):
        environment.hold(tmp_path / 'one')


def test_every_release_has_its_pins_and_the_two_mandatory_ones_are_there():
    for row in table.RELEASES:
        pins = table.constraints(row).read_text().splitlines()
        assert all('==' in line and not line.startswith('-') for line in pins), row
        assert not any(line.startswith('nova==') for line in pins), row
    assert [(row.version, row.python) for row in table.RELEASES if row.mandatory] == [
        ('15.1.5', '2.7'), ('26.2.2', '3.11')]
    assert [row.version for row in table.chosen(['26'], False)] == ['26.2.2']
