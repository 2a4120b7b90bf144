"""The panels in a browser: all restore points of a project, the check of servers, and the daily schedule."""

import uuid

import pytest

from testbed.cloud import Cloud

PANEL, ADMIN = '/project/light_snapshots/', '/admin/light_snapshots/'
TABLE = '#all_restore_points'


@pytest.fixture(scope='module')
def two():
    """Two servers of demo's with history, of which one is taken every day: [(id, name)], with three and two restore points."""
    demo, made = Cloud.of('demo'), []
    mark = uuid.uuid4().hex[:6]
    try:
        for number in (1, 2):
            name = 'panels-%s-%d' % (mark, number)
            made.append((demo.create_server(name, wait=False), name))
        for server_id, _name in made:
            demo.wait_server(server_id, 'ACTIVE', timeout=300)
            demo.act(server_id, {'enableSnapshot': {'store': True, 'daily': True}})
        for server_id, name in ((made[0][0], 'first'), (made[0][0], 'second'), (made[1][0], 'only')):
            demo.act(server_id, {'createSnapshot': {'name': name}})
        yield mark, made
    finally:
        for server_id, _name in made:
            demo.delete_server(server_id)


def rows(page):
    """The rows of the page: (restore point, instance)."""
    return [(row.locator('.light-snapshot-name').inner_text().strip(), row.locator('td').nth(2).inner_text().strip())
            for row in page.locator(TABLE + ' tbody tr[data-object-id]').all()]


def wide(page):
    """By how much what we draw is wider than the window."""
    return page.evaluate('''() => Math.max(0, ...Array.from(document.querySelectorAll(
        '.light-snapshots-chart, .light-snapshots-filter *, .light-snapshots-pages')).map(
        part => part.getBoundingClientRect().right - document.documentElement.clientWidth))''')


def test_all_restore_points_of_the_project(two, session_of):
    mark, ((first_id, first), (second_id, second)) = two
    session = session_of('demo')
    page = session.page
    session.open(PANEL)
    page.click('.light-snapshots-pages a >> nth=1')
    page.wait_for_selector(TABLE)
    page.fill('#light_snapshots_server', mark)
    page.press('#light_snapshots_server', 'Enter')
    page.wait_for_selector(TABLE)
    assert sorted(rows(page)) == sorted([('(no name)', first), ('first', first), ('second', first),
                                         ('(no name)', second), ('only', second)])
    assert page.locator('.light-snapshots-chart svg[role=img]').count() == 1
    page.click('.light-snapshots-chart summary')
    assert page.locator('.light-snapshots-chart-rows tbody tr').count() >= 2
    session.shoot('20-all-restore-points')

    # Sorted in the browser, as Horizon's own tables are.
    page.click(TABLE + ' th:has-text("Name") >> nth=0')
    assert [name for name, _server in rows(page)] in (sorted(name for name, _server in rows(page)),
                                                      sorted((name for name, _server in rows(page)), reverse=True))

    page.select_option('#light_snapshots_kind', 'kept')
    page.click('.light-snapshots-filter button')
    page.wait_for_selector(TABLE)
    # The root disk and the last snapshot are of other kinds.
    assert 'kind=kept' in page.url and rows(page) == [('(no name)', first)]

    # Of both at a time, after what is lost was said of each.
    page.click('.light-snapshots-filter a')
    page.fill('#light_snapshots_server', mark)
    page.press('#light_snapshots_server', 'Enter')
    page.wait_for_selector(TABLE)
    for index, server_id in ((1, first_id), (1, second_id)):
        page.check('#light_snapshot_choose_%d_%s' % (index, server_id))
    page.click('#all_restore_points__action_delete_several')
    page.wait_for_selector('#light_snapshot_server_' + first_id)
    assert 'These restore points go away for good: #1 "first".' in page.inner_text('#light_snapshot_server_' + first_id)
    assert '#1 "only"' in page.inner_text('#light_snapshot_server_' + second_id)
    session.shoot('21-delete-across-servers')
    page.click('input.btn-danger[type=submit]')
    page.wait_for_selector('.messages .alert')
    said = session.messages()
    assert '"%s": #1 "first"' % first in said and '"%s": #1 "only"' % second in said
    assert ('first', first) not in rows(page) and ('only', second) not in rows(page)


@pytest.mark.parametrize('language, words', [('en', 'Restore Points'), ('zh-hans', '恢复点')])
def test_on_a_phone_and_in_chinese(two, session_of, language, words):
    session = session_of('demo')
    session.speak(language)
    page = session.page
    for width in (1280, 390):
        page.set_viewport_size({'width': width, 'height': 900})
        session.open(PANEL + 'points?server=' + two[0])
        assert words in page.inner_text('.light-snapshots-pages')
        assert wide(page) == 0
        session.shoot('22-restore-points-%s-%d' % (language, width))


@pytest.mark.parametrize('language, late', [('en', 'Instances with a daily snapshot'), ('zh-hans', '每日创建快照的实例')])
def test_administrator(two, session_of, language, late):
    _mark, ((first_id, _first), (_second_id, _second)) = two
    session = session_of('admin')
    session.speak(language)
    page = session.page
    session.open(ADMIN)
    page.wait_for_selector('tr[data-object-id="%s"]' % first_id)
    session.shoot('23-admin-%s' % language)

    # One server, in a dialog.
    page.click('#light_snapshots__row_%s__action_check' % first_id)
    session.dialog()
    said = page.locator('.modal-dialog #light_snapshot_server_' + first_id)
    assert said.locator('.light-snapshot-left-out').all_inner_texts() == []
    assert said.locator('p').count() >= 1
    session.shoot('24-check-%s' % language)
    page.click('.modal-dialog .modal-footer a.cancel')

    # What was found stands in its row from now on.
    session.open(ADMIN)
    assert page.locator('tr[data-object-id="%s"] .light-snapshot-checked' % first_id).count() == 1

    session.open(ADMIN + 'daily')
    assert late in page.inner_text('.light-snapshots-summary')
    assert page.locator('tr[data-object-id="%s"]' % first_id).count() == 1
    session.shoot('25-daily-%s' % language)
    for width in (1280, 390):
        page.set_viewport_size({'width': width, 'height': 900})
        for name in ('attention', 'daily'):
            session.open(ADMIN + name)
            assert wide(page) == 0
            session.shoot('26-%s-%s-%d' % (name, language, width))
