"""The shim and the table of hooks, on any Python: a module of our own stands for nova's."""

import os
import subprocess
import sys
import textwrap

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

    def load(table_method='ComputeManager.rebuild_instance', with_original=True):
        name = 'example_nova_%d_%d' % (os.getpid(), len(made))
        path = tmpdir.join(name + '.py')
        with open(SHIM, 'rb') as handle:
            path.write(handle.read(), 'wb')
        if with_original:
            tmpdir.join(name + '.py.light-snapshot-orig').write(ORIGINAL.encode('utf-8'), 'wb')
        monkeypatch.setattr(hooks, 'TABLE', ((name, table_method, 'names:is_ours_hook', 'a test'),))
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


def test_a_hook_wraps_and_keeps_the_signature(extended):
    module = extended()
    manager = module.ComputeManager()
    assert manager.rebuild_instance('c', 'i', flag=True) == ('hooked', ('c', 'i', True))
    assert module.ComputeManager.rebuild_instance.__doc__ == 'Says what it was given.'
    if sys.version_info >= (3,):
        import inspect
        names = list(inspect.signature(module.ComputeManager.rebuild_instance).parameters)
        assert names == ['self', 'context', 'instance', 'flag']


def test_a_traceback_names_the_original(extended):
    import traceback
    module = extended()
    with pytest.raises(ValueError):
        try:
            module.ComputeManager().broken()
        except ValueError:
            assert '.py.light-snapshot-orig' in traceback.format_exc()
            raise


def test_an_unknown_nova_runs_on_and_the_feature_is_off(extended):
    module = extended('ComputeManager.renamed_in_the_next_release')
    assert module.ComputeManager().rebuild_instance('c', 'i') == ('c', 'i', False)
    assert len(hooks.problems) == 1 and 'renamed_in_the_next_release' in hooks.problems[0]


def test_an_optional_hook_may_be_missing(extended):
    extended('ComputeManager.only_in_some_releases?')
    assert hooks.problems == []


def test_a_lost_original_is_an_import_error_that_says_so(extended):
    with pytest.raises(ImportError) as caught:
        extended(with_original=False)
    assert 'light-snapshot verify' in str(caught.value)


def test_every_hook_names_a_function_of_ours():
    for _module, _where, ours, why in hooks.TABLE:
        module, function = ours.split(':')
        with open(os.path.join(OVERLAY, 'nova', module + '.py')) as handle:
            assert 'def %s(original,' % function in handle.read(), ours
        assert why


def test_every_shim_has_its_row_and_every_row_its_shim():
    rows = set(row[0].replace('.', '/') + '.py' for row in hooks.TABLE)
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
