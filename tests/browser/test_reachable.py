"""Our pages for everyone: axe on each of them, in both languages and on a wide and a narrow screen, and the keyboard alone.

What is judged is our part of each page: the tab, a dialog, a panel. Every page leaves a screenshot.
"""

import contextlib
import pathlib
import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.template import Context, Engine

from testbed.cloud import Cloud

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / 'overlay/openstack-dashboard/light_snapshot_dashboard/templates'

RULES = {'runOnly': ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], 'resultTypes': ['violations']}
WIDTHS = {'wide': {'width': 1280, 'height': 900}, 'narrow': {'width': 390, 'height': 844}}

TAB, DIALOG, PANEL, PAGE = '.light-snapshots', '.modal-content', '.light-snapshots-overview', '.light-snapshots-dialog'

# Controls that are shown, in the order of the page; each gets a number.
CONTROLS = '''scope => Array.from(document.querySelector(scope).querySelectorAll(
    'a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select, textarea'))
    .filter(each => each.getClientRects().length && getComputedStyle(each).visibility === 'visible'
                    && each.getAttribute('tabindex') !== '-1')
    .map((each, number) => { each.setAttribute('data-walk', number);
                             return each.id || each.getAttribute('aria-label') || each.innerText.trim() || each.outerHTML; })'''
IDS = 'rows => rows.map(each => each.id)'
FOCUSED = '''() => { const each = document.activeElement;
                     return each && each.hasAttribute('data-walk') ? Number(each.getAttribute('data-walk')) : null; }'''
OUTSIDE = '''scope => Array.from(document.querySelector(scope).querySelectorAll('a, button, input:not([type=hidden]), textarea'))
    .filter(each => { const box = each.getBoundingClientRect();
                      return box.width && (box.right > window.innerWidth + 1 || box.left < -1); })
    .map(each => each.outerHTML.slice(0, 200))'''


@contextlib.contextmanager
def shut_off():
    """A server of demo's that is shut off, so that nothing of its guest takes time; no light snapshots yet."""
    demo = Cloud.of('demo')
    server_id = demo.create_server('reachable-' + uuid.uuid4().hex[:6], wait=False)
    try:
        demo.wait_server(server_id, 'ACTIVE', timeout=300)
        demo.act(server_id, {'os-stop': None}, status='SHUTOFF')
        yield server_id
    finally:
        demo.delete_server(server_id)


@pytest.fixture
def still():
    with shut_off() as server_id:
        yield server_id


@pytest.fixture(scope='module')
def populated():
    """One with restore points, which no test changes."""
    with shut_off() as server_id:
        populate(server_id)
        yield server_id


def act(server_id, action, body=None):
    Cloud.of('demo').act(server_id, {action: body}, status='SHUTOFF')


def populate(server_id):
    """A history with a branch, a safety snapshot, and one without a name."""
    act(server_id, 'enableSnapshot', {'store': True, 'daily': True})
    act(server_id, 'createSnapshot', {'name': 'before the upgrade', 'description': 'the one to go back to'})
    act(server_id, 'createSnapshot', {'name': 'after it'})
    act(server_id, 'recoverInstance', {'snap_index': 1, 'safety': True})
    act(server_id, 'createSnapshot', {'name': ''})


class Judge:
    """What is wrong with our parts of the pages, page by page; asserted at the end, so that one run tells all."""

    def __init__(self, prefix):
        self.prefix, self.axe, self.found, self.pages = prefix, Axe(), [], 0

    def __call__(self, session, name, scope):
        """Looks at the page that is shown, on both screens, and keeps a screenshot of each."""
        page = session.page
        for width, size in WIDTHS.items():
            page.set_viewport_size(size)
            session.shoot('%s-%s-%s' % (self.prefix, name, width))
            where = '%s, %s, %s' % (self.prefix, name, width)
            for violation in self.axe.run(page, context={'include': [scope]}, options=RULES).response['violations']:
                self.found += ['%s: %s: %s: %s' % (where, violation['id'], node['html'][:200], node['failureSummary'])
                               for node in violation['nodes']]
            if page.evaluate('document.documentElement.scrollWidth > window.innerWidth'):
                self.found.append('%s: wider than the screen' % where)
            self.found += ['%s: off the screen: %s' % (where, each) for each in page.evaluate(OUTSIDE, scope)]
        page.set_viewport_size(WIDTHS['wide'])
        self.pages += 1


def status_lines(**told):
    """The lines about a task under way, out of our template, as they are while one is."""
    if not django_settings.configured:
        django_settings.configure(USE_I18N=False)
    engine = Engine(dirs=[str(TEMPLATES)], libraries={'i18n': 'django.templatetags.i18n'})
    return engine.get_template('light_snapshot_dashboard/_status.html').render(Context(dict({'busy': True, 'here': '#'}, **told)))


def closed(session):
    """Presses Escape, and waits until there is no dialog."""
    session.page.keyboard.press('Escape')
    session.page.wait_for_selector('.modal-dialog', state='detached')


def look_at_what_is_used_most(judge, session, server_id):
    session.open_tab(server_id)
    session.page.click('#restore_points__row__1 .dropdown-toggle')
    judge(session, 'tab', TAB)
    session.table_action('take')
    judge(session, 'take', DIALOG)
    closed(session)
    session.row_action(1, 'recover')
    judge(session, 'row-recover', DIALOG)
    session.open('/project/light_snapshots/')
    judge(session, 'panel', PANEL)


def look_at_the_others(judge, session, server_id):
    session.open_tab(server_id)
    for action in ('settings', 'limits', 'commit', 'disable'):
        session.menu_action(action)
        judge(session, action, DIALOG)
        closed(session)
    for action in ('preview', 'rename', 'delete'):
        session.row_action(1, action)
        judge(session, 'row-' + action, DIALOG)
        closed(session)
    session.page.evaluate('html => { document.querySelector(".light-snapshots-status").outerHTML = html; }', status_lines(
        task='Committing', progress={'done': 2 ** 20, 'total': 2 ** 22}, percent=25))
    judge(session, 'busy', TAB)
    session.open('/project/light_snapshots/%s/recover' % server_id)
    judge(session, 'recover-page', PAGE)
    session.open('/project/light_snapshots/%s/delete?object_ids=1&object_ids=2' % server_id)
    judge(session, 'delete-several', PAGE)
    for action in ('take', 'recover', 'disable'):
        session.open('/project/light_snapshots/batch/%s?id=%s' % (action, server_id))
        judge(session, 'several-' + action, PAGE)
    session.open('/project/light_snapshots/batch/check?id=%s' % server_id)
    judge(session, 'check', PAGE)
    for name, query, scope in (('all-points', 'points', PANEL), ('no-such-point', 'points?kind=safety&name=nobody', PANEL),
                               ('delete-across', 'points/delete?of=%s:1,2' % server_id, PAGE)):
        session.open('/project/light_snapshots/' + query)
        judge(session, name, scope)


def look_at_pages(judge, session, server_id):
    """The tab where not all restore points are on one page: of four, two."""
    page = session.page
    session.show_at_once(2)
    session.open_tab(server_id)
    stands = page.locator('#restore_points tbody tr').evaluate_all(IDS)
    page.click('.pager a[rel=prev]')
    page.wait_for_selector('.pager a[rel=next]')
    before = page.locator('#restore_points tbody tr').evaluate_all(IDS)
    assert (len(stands), len(before)) == (2, 2) and not set(stands) & set(before)
    judge(session, 'pages', TAB)
    session.show_at_once(20)


def look_at_a_preview(judge, session, server_id):
    session.open_tab(server_id)
    judge(session, 'preview', TAB)
    for action in ('keep', 'undo'):
        session.table_action(action)
        judge(session, action, DIALOG)
        closed(session)


def look_at_the_administrators(judge, session, server_id):
    for name in ('attention', 'daily', ''):
        session.open('/admin/light_snapshots/' + name)
        judge(session, 'admin-' + (name or 'panel'), PANEL)
    session.page.click('#light_snapshots__row_%s__action_check' % server_id)
    session.dialog()
    judge(session, 'admin-check', DIALOG)
    closed(session)
    session.table_action('take_all', table='light_snapshots')
    judge(session, 'admin-take-all', DIALOG)


def test_axe_finds_nothing_on_what_is_used_most(populated, session_of):
    judge = Judge('look')
    look_at_what_is_used_most(judge, session_of('demo'), populated)
    assert judge.found == [], '\n'.join(judge.found)
    assert judge.pages == 4


@pytest.mark.parametrize('language', ['en', 'zh-hans'])
def test_axe_finds_nothing_and_everything_fits(still, session_of, language):
    judge, session, admin = Judge('look-' + language), session_of('demo'), session_of('admin')
    session.speak(language)
    session.open_tab(still)
    judge(session, 'not-enabled', TAB)
    session.table_action('enable')
    judge(session, 'enable', DIALOG)
    session.open('/project/light_snapshots/batch/enable?id=%s' % still)
    judge(session, 'several-enable', PAGE)
    populate(still)
    look_at_what_is_used_most(judge, session, still)
    look_at_the_others(judge, session, still)
    look_at_pages(judge, session, still)
    act(still, 'previewInstance', {'snap_index': 1})
    look_at_a_preview(judge, session, still)
    admin.speak(language)
    look_at_the_administrators(judge, admin, still)
    assert judge.found == [], '\n'.join(judge.found)
    assert judge.pages == 33


def reached(page, scope, key='Tab', more=10):
    """(names of the controls in this part, names of those that the key did not reach), from the one that has the focus."""
    names = page.evaluate(CONTROLS, scope)
    seen = {page.evaluate(FOCUSED)}
    for _press in range(len(names) + more):
        page.keyboard.press(key)
        seen.add(page.evaluate(FOCUSED))
    return names, [name for number, name in enumerate(names) if number not in seen]


def opened(session):
    """Waits for a dialog that has the keyboard."""
    session.dialog()
    session.page.wait_for_function('() => document.activeElement.closest(".light-snapshots-dialog")')


def test_keyboard_alone(populated, session_of):
    session = session_of('demo')
    page = session.page
    session.open_tab(populated)

    # The key reaches every action, every box and every menu of the tab.
    page.focus('#restore_points__action_take')
    names, missed = reached(page, TAB, more=30)
    assert 'restore_points__row_1__action_recover' in names and 'light_snapshot_choose_1' in names
    assert missed == []

    # A dialog takes the keyboard, has all of its controls reached, and gives it back.
    page.focus('#restore_points__action_take')
    page.keyboard.press('Enter')
    opened(session)
    names, missed = reached(page, DIALOG)
    assert 'id_quiesce' in names
    assert missed == []
    page.focus('.modal-dialog #id_name')
    closed(session)
    assert page.evaluate('() => document.activeElement.id') == 'restore_points__action_take'

    # A row's menu: opened, walked and used; the dialog gives the keyboard back to what opens the menu.
    page.focus('#restore_points__row__1 .dropdown-toggle')
    page.keyboard.press('Enter')
    for _entry in ('preview', 'rename', 'delete'):
        page.keyboard.press('ArrowDown')
    assert page.evaluate('() => document.activeElement.id') == 'restore_points__row_1__action_delete'
    page.keyboard.press('Enter')
    opened(session)
    closed(session)
    assert page.evaluate('() => document.activeElement.matches("#restore_points__row__1 .dropdown-toggle")')

    # A row is ticked, and the page that asks about it opened, without a mouse.
    page.focus('#light_snapshot_choose_2')
    page.keyboard.press('Space')
    page.focus('#restore_points__action_delete_several')
    with page.expect_navigation():
        page.keyboard.press('Enter')
    page.wait_for_selector(PAGE)
    assert 'after it' in page.locator(PAGE).inner_text()
    names, missed = reached(page, PAGE, more=60)
    assert missed == []
