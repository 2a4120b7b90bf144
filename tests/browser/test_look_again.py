"""The script that shows how far a task is, in a browser and before pages that stand here: no cloud is asked."""

import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / 'overlay/openstack-dashboard/light_snapshot_dashboard/templates/light_snapshot_dashboard/look_again.js')
SITE = 'http://horizon.test'

STATUS = '<div class="light-snapshots-status" data-busy="%s">%s</div>'
BUSY = ('<div class="alert alert-info" role="status">A task is under way.</div>'
        '<div class="light-snapshots-progress"><p>%d %%</p></div>')
TAB = ('<div class="detail light-snapshots" data-status-url="/status" data-here="/tab" data-interval="20">%s'
       '<p id="rows">%s</p></div>')


def busy(percent):
    return STATUS % ('true', BUSY % percent)


@pytest.fixture
def site(browser):
    """A page with the tab of a busy server in it; `answers` are what the server says to each look, the last again and again."""
    class Site:
        answers, tab, asked = [busy(50), STATUS % ('false', '')], TAB % (STATUS % ('false', ''), 'after'), []

        def serve(self, route):
            path = route.request.url[len(SITE):]
            if path == '/':
                return route.fulfill(content_type='text/html', body='<!DOCTYPE html><div id="pane">%s</div><script>%s</script>' % (
                    TAB % (busy(10), 'before'), SCRIPT.read_text()))
            self.asked.append((path, route.request.headers.get('x-requested-with')))
            if path == '/tab':
                return route.fulfill(content_type='text/html', body=self.tab)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, int):
                return route.fulfill(status=answer, body='')
            return route.fulfill(content_type='text/html', body=answer)

    site, context = Site(), browser.new_context()
    site.asked, site.errors = [], []
    site.page = context.new_page()
    site.page.on('pageerror', lambda error: site.errors.append(str(error)))
    site.page.route('**/*', site.serve)
    yield site
    context.close()
    assert site.errors == []


def test_progress_and_then_the_end(site):
    site.page.goto(SITE + '/')
    site.page.wait_for_selector('text=after')
    assert site.asked == [('/status', 'XMLHttpRequest'), ('/status', 'XMLHttpRequest'), ('/tab', 'XMLHttpRequest')]
    assert site.page.locator('.light-snapshots').count() == 1
    assert site.page.locator('.light-snapshots-status').get_attribute('data-busy') == 'false'


def test_only_the_lines_about_the_task_are_written_meanwhile(site):
    site.answers = [busy(60)]
    site.page.goto(SITE + '/')
    site.page.wait_for_selector('text=60 %')
    assert site.page.inner_text('#rows') == 'before'
    assert [path for path, _kind in site.asked if path == '/tab'] == []


def test_a_task_after_the_task_is_followed_as_well(site):
    site.answers = [STATUS % ('false', ''), STATUS % ('false', '')]
    tabs = iter([TAB % (busy(20), 'another task'), TAB % (STATUS % ('false', ''), 'after')])
    serve = site.serve

    def next_tab(route):
        if route.request.url == SITE + '/tab':
            site.tab = next(tabs)
        return serve(route)
    site.page.unroute('**/*')
    site.page.route('**/*', next_tab)
    site.page.goto(SITE + '/')
    site.page.wait_for_selector('text=after')


@pytest.mark.parametrize('answer', [401, 404, 500, '<html>Log in</html>'])
def test_gives_up_where_there_is_no_answer(site, answer):
    site.answers = [answer]
    with site.page.expect_response(SITE + '/status'):
        site.page.goto(SITE + '/')
    # Nothing is asked any more, however long one looks.
    site.page.wait_for_timeout(300)
    assert [path for path, _kind in site.asked] == ['/status']
    assert site.page.inner_text('#rows') == 'before'
