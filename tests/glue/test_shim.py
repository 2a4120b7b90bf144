"""The shim and the table of hooks, on any Python: a module of our own stands for nova's."""

import inspect
import os
import subprocess
import sys
import textwrap
import traceback
import types

import pytest

from light_snapshot.nova import hooks

OVERLAY = os.path.dirname(os.path.dirname(os.path.abspath(hooks.__file__)))
DIST = os.path.dirname(OVERLAY)
SHIM = os.path.join(DIST, 'nova', 'compute', 'manager.py')

ORIGINAL = u'''
# coding: utf-8
VALUE = 7


class ComputeManager(object):
    """Nova's own."""

    def rebuild_instance(self, context, instance, flag=False):
        """Says what it was given."""
        return (context, instance, flag)

    def broken(self):
        raise ValueError('from the original')
'''


@pytest.fixture
def extended(tmpdir, monkeypatch):
    """Imports a shim named example_nova_NAME whose original is the text above, one method hooked."""
    made = []

    def load(method='rebuild_instance', releases='12-', takes='self context instance', with_original=True):
        name = 'example_nova_%d_%d' % (os.getpid(), len(made))
        path = tmpdir.join(name + '.py')
        with open(SHIM, 'rb') as handle:
            path.write(handle.read(), 'wb')
        if with_original:
            tmpdir.join(name + '.py.light-snapshot-orig').write(ORIGINAL.encode('utf-8'), 'wb')
        monkeypatch.setattr(hooks, 'TABLE', (
            hooks.Hook(name, 'ComputeManager.' + method, releases, takes, 'names:is_ours_hook', 'a test'),))
        monkeypatch.setattr(hooks, 'problems', [])
        from light_snapshot.nova import names
        monkeypatch.setattr(names, 'is_ours_hook', lambda original, *a, **k: ('hooked', original(*a, **k)),
                            raising=False)
        monkeypatch.syspath_prepend(str(tmpdir))
        made.append(name)
        return __import__(name)
    yield load
    for name in made:
        sys.modules.pop(name, None)


def test_the_original_runs_in_its_own_namespace(extended):
    module = extended()
    assert module.VALUE == 7 and module.ComputeManager.__doc__ == "Nova's own."
    assert module.ComputeManager.__module__ == module.__name__


def test_a_frame_of_the_original_is_of_that_module(extended):
    module = extended()
    try:
        module.ComputeManager().broken()
    except ValueError:
        assert inspect.getmodule(inspect.trace()[-1][0]) is module


def test_a_hook_wraps_and_keeps_the_signature(extended):
    module = extended()
    method = module.ComputeManager.rebuild_instance
    assert module.ComputeManager().rebuild_instance('c', 'i', flag=True) == ('hooked', ('c', 'i', True))
    assert module.ComputeManager().rebuild_instance('c', 'i') == ('hooked', ('c', 'i', False))
    assert method.__doc__ == 'Says what it was given.' and method.__name__ == 'rebuild_instance'
    if hasattr(inspect, 'signature'):
        assert str(inspect.signature(method)) == '(self, context, instance, flag=False)'
    else:
        assert inspect.getargspec(method) == (['self', 'context', 'instance', 'flag'], None, None, (False,))
    with pytest.raises(TypeError):
        module.ComputeManager().rebuild_instance('c', 'i', unknown=1)


def test_a_traceback_names_the_original(extended):
    module = extended()
    with pytest.raises(ValueError):
        try:
            module.ComputeManager().broken()
        except ValueError:
            assert '.py.light-snapshot-orig' in traceback.format_exc()
            raise


def plain(module):
    return module.ComputeManager().rebuild_instance('c', 'i') == ('c', 'i', False)


def test_an_unknown_nova_runs_on_and_the_feature_is_off(extended):
    assert plain(extended('renamed_in_the_next_release'))
    assert len(hooks.problems) == 1 and 'renamed_in_the_next_release' in hooks.problems[0]


def test_a_method_of_another_signature_is_left_alone_and_the_feature_is_off(extended):
    assert plain(extended(takes='self instance context'))
    assert len(hooks.problems) == 1 and '(self, context, instance, flag)' in hooks.problems[0]


@pytest.mark.parametrize('releases,number,hooked', [
    ('12-', 12, True), ('12-', 99, True), ('16-', 15, False), ('16-', 16, True), ('12-15', 15, True),
    ('12-15', 16, False), ('16-', None, True)])
def test_a_row_is_for_its_releases_alone(extended, monkeypatch, releases, number, hooked):
    monkeypatch.setattr(hooks.releases, 'current', lambda: number)
    assert plain(extended(releases=releases)) is not hooked
    assert hooks.problems == []


def test_what_other_releases_lack_is_no_problem(extended, monkeypatch):
    monkeypatch.setattr(hooks.releases, 'current', lambda: 12)
    assert plain(extended('only_from_16', releases='16-'))
    assert hooks.problems == []


def test_a_lost_original_is_an_import_error_that_says_so(extended):
    with pytest.raises(ImportError) as caught:
        extended(with_original=False)
    assert 'light-snapshot verify' in str(caught.value)


def test_every_hook_names_a_function_of_ours():
    for hook in hooks.TABLE:
        module, function = hook.ours.split(':')
        with open(os.path.join(OVERLAY, 'nova', module + '.py')) as handle:
            assert 'def %s(original,' % function in handle.read(), hook
        assert hook.why and hook.releases.endswith(tuple('-0123456789'))


def test_the_entry_points_of_the_table_are_those_of_the_distribution():
    with open(os.path.join(DIST, 'light_snapshot.egg-info', 'entry_points.txt')) as handle:
        text = handle.read()
    for group, _releases, what, _why in hooks.ENTRY_POINTS:
        assert what in text.split('[%s]' % group)[1].split('[')[0]


def test_every_shim_has_its_row_and_every_row_its_shim():
    rows = set(hook.module.replace('.', '/') + '.py' for hook in hooks.TABLE)
    shims = set()
    for top, _dirs, files in os.walk(os.path.join(DIST, 'nova')):
        for name in files:
            path = os.path.join(top, name)
            with open(path) as handle:
                if name.endswith('.py') and handle.readline().startswith('# light-snapshot shim:'):
                    shims.add(os.path.relpath(path, DIST))
    assert shims == rows


def test_all_code_of_a_node_compiles_on_this_python(tmpdir):
    """The glue needs nova, which this Python may not have; its syntax is checked all the same."""
    code = textwrap.dedent('''
        import io, os, sys
        for top in sys.argv[1:]:
            for place, _dirs, files in os.walk(top):
                for name in files:
                    if name.endswith('.py'):
                        path = os.path.join(place, name)
                        with io.open(path, 'rb') as handle:
                            compile(handle.read(), path, 'exec')
    ''')
    root = os.path.dirname(os.path.dirname(DIST))
    subprocess.check_call([sys.executable, '-c', code, os.path.join(root, 'overlay'), os.path.join(root, 'installer')])


def test_what_is_held_is_imported_and_what_cannot_be_switches_the_feature_off(monkeypatch):
    monkeypatch.setattr(hooks, 'problems', [])
    monkeypatch.setattr(hooks, 'TABLE', (hooks.Hook('os', 'X.y', '12-', 'self', 'guard:install', 'a test'),
                                         hooks.Hook('not_in_use_here', 'X.y', '12-', 'self', 'no_such:function', 'a test')))
    asked = []

    def imports(name):
        asked.append(name)
        if name.endswith('not_there'):
            raise ImportError('no such module')
    monkeypatch.setattr(hooks.importlib, 'import_module', imports)
    hooks.hold('light_snapshot.nova.turns', 'light_snapshot.nova.not_there')
    assert asked == ['light_snapshot.nova.guard', 'light_snapshot.nova.not_there', 'light_snapshot.nova.turns']
    assert len(hooks.problems) == 1 and 'light_snapshot.nova.not_there: ImportError: no such module' in hooks.problems[0]


# ---- a module that has no file of ours

@pytest.fixture
def bare(monkeypatch):
    """A module of nova's in which nothing is extended, and rows of the table for it."""
    module = types.ModuleType('example_bare_nova')
    module.__file__ = '/nova/virt/libvirt/driver/__init__.py'
    module.Driver = type('Driver', (object,), {'starts': lambda self: 1, 'older': lambda self: 2})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(hooks, 'TABLE', tuple(hooks.Hook(module.__name__, 'Driver.' + name, where, 'self', 'x:y', 'a test')
                                              for name, where in (('starts', '12-'), ('older', '12-15'), ('newer', '16-'))))
    monkeypatch.setattr(hooks, 'problems', [])
    monkeypatch.setattr(hooks.releases, 'current', lambda: 30)
    return module


def test_what_nova_does_not_pass_by_is_noticed(bare):
    assert not hooks.see([bare.__name__])
    problem, = hooks.problems
    assert 'does not extend example_bare_nova (Driver.starts, Driver.newer)' in problem and bare.__file__ in problem


def test_a_module_that_has_moved_is_noticed(bare, monkeypatch):
    monkeypatch.setitem(sys.modules, bare.__name__, None)
    assert not hooks.see([bare.__name__])
    assert 'Error' in hooks.problems[0] and 'Driver.older' not in hooks.problems[0]


def test_a_class_that_is_gone_is_noticed(bare):
    del bare.Driver
    assert not hooks.see([bare.__name__])
    assert 'Driver.newer' in hooks.problems[0]


def test_what_other_releases_have_is_not_missed(bare, monkeypatch):
    monkeypatch.setattr(hooks, 'TABLE', hooks.TABLE[1:2])
    assert hooks.see([bare.__name__]) and hooks.problems == []
    monkeypatch.setattr(hooks.importlib, 'import_module', lambda name: pytest.fail('%s was imported' % name))
    assert hooks.see([bare.__name__]) and hooks.problems == []


def test_of_a_nova_without_a_number_only_what_every_release_has_is_missed(bare, monkeypatch):
    monkeypatch.setattr(hooks.releases, 'current', lambda: None)
    assert not hooks.see([bare.__name__])
    assert 'Driver.starts, Driver.older)' in hooks.problems[0]
    monkeypatch.setattr(hooks, 'problems', [])
    monkeypatch.setitem(sys.modules, bare.__name__, None)
    assert not hooks.see([bare.__name__])
    assert '(Driver.starts)' in hooks.problems[0]


def test_what_was_said_when_it_was_imported_is_not_said_twice(bare, monkeypatch):
    monkeypatch.setattr(hooks, 'TABLE', hooks.TABLE[:1])
    monkeypatch.setattr(hooks.wrapping, 'check', lambda *_args: 1 / 0)
    hooks.apply(bare)
    assert len(hooks.problems) == 1 and not hooks.see([bare.__name__]) and len(hooks.problems) == 1


def test_what_is_in_force_is_well(bare, monkeypatch):
    monkeypatch.setattr(hooks, 'TABLE', hooks.TABLE[:2])
    hooks.apply(bare)
    assert hooks.see([bare.__name__]) and hooks.problems == []


def test_a_row_whose_reliance_does_not_hold_is_left_out(bare, monkeypatch):
    relied = types.ModuleType('light_snapshot.nova.relied')
    relied.holds = lambda module, original: None

    def differs(module, original):
        raise ValueError('nova does otherwise')
    relied.differs = differs
    monkeypatch.setitem(sys.modules, relied.__name__, relied)
    monkeypatch.setattr(hooks, 'TABLE', hooks.TABLE[:1])
    monkeypatch.setattr(hooks, 'RELIES', {'x:y': ('holds', 'differs')})
    hooks.apply(bare)
    assert bare.Driver().starts() == 1 and 'nova does otherwise' in hooks.problems[0]
    monkeypatch.setattr(hooks, 'problems', [])
    monkeypatch.setattr(hooks, 'RELIES', {'x:y': ('holds',)})
    hooks.apply(bare)
    assert hooks.problems == [] and hooks._in_force(bare, hooks.TABLE[0])


def test_what_rows_rely_on_is_there_to_be_looked_at():
    with open(os.path.join(OVERLAY, 'nova', 'relied.py')) as handle:
        text = handle.read()
    assert set(hooks.RELIES) <= set(hook.ours for hook in hooks.TABLE)
    for name in set(sum(hooks.RELIES.values(), ())):
        assert 'def %s(_module,' % name in text
