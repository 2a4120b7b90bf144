"""What is built for the tests of upgrades is used again only as long as all that it is made of, and by, is the same."""
import importlib.util
import os
import shutil
import subprocess

import pytest

from tests.upgrades import rebuilt

CODE = 'usr/lib/python3/dist-packages/nova/code.py'
EDIT = 'def edit(tree):\n    with open(tree + "/%s", "a") as stream:\n        stream.write("%%s\\n")\n' % CODE


@pytest.fixture
def deb(tmp_path, monkeypatch):
    """A small package; what is built of it goes to a directory of the test's."""
    monkeypatch.setattr(rebuilt, 'POOL', str(tmp_path / 'pool'))
    tree = tmp_path / 'tree'
    (tree / CODE).parent.mkdir(parents=True)
    (tree / CODE).write_text('VALUE = 1\n')
    (tree / 'DEBIAN').mkdir()
    (tree / 'DEBIAN' / 'control').write_text('Package: small\nVersion: 1\nArchitecture: all\nDepends: other (= 1), other-more (= 1)\n'
                                             'Maintainer: x <x@example.org>\nDescription: small\n')
    subprocess.check_call(['dpkg-deb', '-Znone', '-b', str(tree), str(tmp_path / 'small.deb')], stdout=subprocess.DEVNULL)
    return str(tmp_path / 'small.deb')


@pytest.fixture
def edit(tmp_path):
    """An edit that adds this text, in a module of its own."""
    def make(text):
        path = tmp_path / 'edits.py'
        path.write_text(EDIT % text)
        spec = importlib.util.spec_from_file_location('edits', path)
        module = importlib.util.module_from_spec(spec)
        exec(compile(path.read_text(), str(path), 'exec'), module.__dict__)
        return module.edit
    return make


def content(deb, tmp_path):
    """The Python file of a package."""
    shutil.rmtree(tmp_path / 'out', ignore_errors=True)
    subprocess.check_call(['dpkg-deb', '-x', deb, str(tmp_path / 'out')])
    return (tmp_path / 'out' / CODE).read_text()


def test_version_mark_and_dependencies(deb, tmp_path):
    built = rebuilt.again(deb, '1+upgrade1', 'B', ('small', 'other'))
    assert subprocess.check_output(['dpkg-deb', '-f', built, 'Version', 'Depends'], text=True).splitlines() == [
        'Version: 1+upgrade1', 'Depends: other (= 1+upgrade1), other-more (= 1)']
    assert content(built, tmp_path) == "VALUE = 1\n\n_UPGRADE_WATCH = 'upgrade-watch build B'\n"


def test_the_same_is_used_again(deb, edit):
    built = rebuilt.again(deb, '1+upgrade1', 'B', ('small',), edit('X'))
    before = os.stat(built).st_ino
    assert rebuilt.again(deb, '1+upgrade1', 'B', ('small',), edit('X')) == built and os.stat(built).st_ino == before
    assert os.listdir(rebuilt.POOL) == [os.path.basename(built)]


def test_another_edit_builds_anew_and_leaves_nothing_of_before(deb, edit, tmp_path):
    rebuilt.again(deb, '1+upgrade1', 'B', (), edit('X'))
    # What a run before this one left: by a name of its own, and cut off.
    for name in ('small_1+upgrade1_B.deb', 'small_1+upgrade1_B-0.deb.new', 'small_1+upgrade1_C-0.deb', 'small_1_B-0.deb'):
        (tmp_path / 'pool' / name).write_text('')
    (tmp_path / 'pool' / 'small_1+upgrade1_B-0.deb.tree').mkdir()
    built = rebuilt.again(deb, '1+upgrade1', 'B', (), edit('Y'))
    assert content(built, tmp_path).endswith('\nY\n')
    assert sorted(os.listdir(rebuilt.POOL)) == sorted([os.path.basename(built), 'small_1+upgrade1_C-0.deb', 'small_1_B-0.deb'])


def test_another_module_of_the_same_code_builds_anew(deb, tmp_path, monkeypatch):
    before = rebuilt.again(deb, '1+upgrade1', 'B')
    changed = tmp_path / 'rebuilt.py'
    with open(rebuilt.__file__) as stream:
        changed.write_text(stream.read() + '# changed\n')
    monkeypatch.setattr(rebuilt, '__file__', str(changed))
    assert rebuilt.again(deb, '1+upgrade1', 'B') != before and not os.path.exists(before)


def test_other_dependencies_and_another_original_build_anew(deb, tmp_path):
    first = rebuilt.again(deb, '1+upgrade1', 'B', ('small',))
    second = rebuilt.again(deb, '1+upgrade1', 'B', ('small', 'other'))
    (tmp_path / 'tree' / CODE).write_text('VALUE = 2\n')
    subprocess.check_call(['dpkg-deb', '-Znone', '-b', str(tmp_path / 'tree'), deb], stdout=subprocess.DEVNULL)
    third = rebuilt.again(deb, '1+upgrade1', 'B', ('small', 'other'))
    assert len({first, second, third}) == 3 and content(third, tmp_path).startswith('VALUE = 2')
