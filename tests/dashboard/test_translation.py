"""Simplified Chinese: complete, correct in its placeholders, and of no effect on Horizon's own pages."""

import ast
import gettext
import io
import os
import re
import subprocess

import pytest

from django.utils import translation

import openstack_dashboard
import horizon

import light_snapshot_dashboard

APP = os.path.dirname(os.path.abspath(light_snapshot_dashboard.__file__))
PO = os.path.join(APP, 'locale', 'zh_CN', 'LC_MESSAGES', 'django.po')
# Horizon 8 calls the language zh-cn, Horizon of today zh-hans: one catalogue under two names.
MO = [os.path.join(APP, 'locale', name, 'LC_MESSAGES', 'django.mo') for name in ('zh_CN', 'zh_Hans')]
MARKERS = ('_', 'gettext', 'gettext_lazy', 'ngettext')
PLACEHOLDER = re.compile(r'%(?:\(\w+\))?[sd]')


def files(suffix):
    for folder, _folders, names in os.walk(APP):
        for name in sorted(names):
            if name.endswith(suffix):
                yield os.path.join(folder, name)


def read(path):
    with io.open(path, encoding='utf-8') as handle:
        return handle.read()


def strings(source):
    """The literals that a piece of Python marks for translation."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, 'id', getattr(node.func, 'attr', None)) in MARKERS:
            try:
                yield ast.literal_eval(node.args[0])
            except ValueError:
                continue


def marked():
    found = set()
    for path in files('.py'):
        found.update(strings(read(path)))
    for path in files('.html'):
        # Leaves only the calls, between filling.
        calls = re.findall(r"gettext\(u?(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|'''.*?'''|\"\"\".*?\"\"\")\)",
                           translation.templatize(read(path)), re.S)
        found.update(ast.literal_eval(call) for call in calls)
    return found


def catalog(path):
    with open(path, 'rb') as handle:
        return dict((key, value) for key, value in gettext.GNUTranslations(handle)._catalog.items() if key)


def test_strings_are_found():
    found = marked()
    # One from a Python file, one from a template's trans, one from its blocktrans.
    assert {'Take Light Snapshot', 'Keep History', 'not covered: %(names)s'} <= found


@pytest.mark.parametrize('mo', MO)
def test_every_string_is_translated(mo):
    translated = catalog(mo)
    missing = sorted(text for text in marked() if not translated.get(text))
    assert missing == []


def test_nothing_is_left_over():
    assert sorted(set(catalog(MO[0])) - marked()) == []


def test_placeholders():
    for text, translated in catalog(MO[0]).items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(translated)), text


@pytest.mark.parametrize('mo', MO)
def test_compiled_from_the_source(mo, tmp_path):
    compiled = str(tmp_path / 'django.mo')
    subprocess.check_call(['msgfmt', '--check-format', '-o', compiled, PO])
    assert catalog(compiled) == catalog(mo)


@pytest.mark.parametrize('package', [openstack_dashboard, horizon])
def test_words_of_horizon_stay(package):
    # All applications share one catalogue, and ours comes first.
    locale = os.path.join(os.path.dirname(package.__file__), 'locale')
    language = 'zh_Hans' if os.path.isdir(os.path.join(locale, 'zh_Hans')) else 'zh_CN'
    compiled = os.path.join(locale, language, 'LC_MESSAGES', 'django.mo')
    if not os.path.exists(compiled):
        pytest.skip('this Horizon came without compiled translations')
    theirs = catalog(compiled)
    ours = catalog(MO[0])
    assert [text for text in ours if theirs.get(text, ours[text]) != ours[text]] == []


@pytest.mark.parametrize('language', ['zh-hans', 'zh-cn'])
def test_in_use(language):
    from light_snapshot_dashboard import compat
    from light_snapshot_dashboard.project import labels
    with translation.override(language):
        assert compat.text_type(dict(labels.STATES)['root']) == u'\u6839\u78c1\u76d8'
