"""Horizon as a user sees it: pages, dialogs and messages, driven in a real browser."""

import os

ADDRESS = os.environ.get('LIGHT_SNAPSHOT_HORIZON', 'http://127.0.0.1/horizon').rstrip('/')
BROWSER = os.environ.get('LIGHT_SNAPSHOT_BROWSER', '/usr/bin/chromium')
ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
             '--disable-background-networking', '--disable-component-update', '--disable-sync']
# A page asks nova, and nova the compute host, which in emulation may be busy for a while.
PAGE_TIMEOUT = 120
# In emulation a server's disks are switched in seconds, and a restart takes some more.
TASK_TIMEOUT = 180

TAB = 'instance_details__light_snapshots'


class Horizon(object):
    """One user's session in a browser window.

    :param context: Playwright's browser context
    :param artefacts: the directory for screenshots
    """

    def __init__(self, context, artefacts):
        self.page = context.new_page()
        self.artefacts = artefacts
        self.script_errors = []
        self.page.on('pageerror', lambda error: self.script_errors.append(str(error)))
        self.page.on('console', self._on_console)

    def _on_console(self, message):
        # An answer that is no 200 is the page's own business.
        if message.type == 'error' and not message.text.startswith('Failed to load resource'):
            self.script_errors.append(message.text)

    def shoot(self, name):
        """Keeps a screenshot."""
        # Bootstrap's dialogs fade in.
        self.page.wait_for_timeout(400)
        self.page.screenshot(path=str(self.artefacts / (name + '.png')))

    def open(self, path):
        """Opens a page of Horizon and waits until its scripts have loaded what they load."""
        self.page.goto(ADDRESS + path)
        self.page.wait_for_load_state('networkidle')

    def log_in(self, user, password):
        self.open('/auth/login/')
        self.page.fill('#id_username', user)
        self.page.fill('#id_password', password)
        self.page.click('#loginBtn')
        self.page.wait_for_selector('#sidebar-accordion, .sidebar, nav[role=navigation]')

    def speak(self, language):
        """Chooses the language, by its name in Horizon's settings."""
        self.open('/settings/')
        self.page.select_option('#id_language', language)
        self._save_settings()

    def show_at_once(self, count):
        """Chooses how many rows are on a page, in Horizon's settings."""
        self.open('/settings/')
        self.page.fill('#id_pagesize', str(count))
        self._save_settings()

    def _save_settings(self):
        self.page.click('form#user_settings_modal input[type=submit], .modal-footer input[type=submit], '
                        'input.btn-primary[type=submit]')
        self.page.wait_for_load_state('networkidle')

    # ---- the tab

    def open_tab(self, server_id):
        """The instance page with our tab in front."""
        self.open('/project/instances/%s/?tab=%s' % (server_id, TAB))
        self.page.wait_for_selector('#restore_points')

    def wait_idle(self, server_id):
        """Looks at the tab again and again until no task is under way."""
        for _look in range(TASK_TIMEOUT):
            self.open_tab(server_id)
            if not self.page.locator('.light-snapshots .alert-info').count():
                return
            self.page.wait_for_timeout(1000)
        raise AssertionError('still busy after %d looks: %s' % (
            TASK_TIMEOUT, self.page.locator('.light-snapshots .alert-info').inner_text()))

    def wait_shown_idle(self):
        """Waits until the tab that is open shows by itself that no task is under way."""
        self.page.wait_for_selector('.light-snapshots-status[data-busy="false"]', state='attached',
                                    timeout=TASK_TIMEOUT * 1000)

    def rows(self):
        """The table of restore points: a dict a row, by the column's title; `here` marks 'You are here'."""
        titles = [text.strip() for text in
                  self.page.locator('#restore_points tr.table_column_header th').all_inner_texts()]
        found = []
        for row in self.page.locator('#restore_points tbody tr[data-object-id]').all():
            cells = [text.strip() for text in row.locator('td').all_inner_texts()]
            told = dict(zip(titles, cells))
            told['here'] = row.locator('.light-snapshot-here').count() == 1
            told['Name'] = row.locator('.light-snapshot-name').inner_text().strip()
            found.append(told)
        return found

    def table_action(self, name, table='restore_points'):
        """Presses a button above the table and waits for its dialog."""
        self.page.click('#%s__action_%s' % (table, name))
        self.dialog()

    def menu_action(self, name):
        """The same, of one that may be in the menu."""
        self._press('#restore_points__action_' + name, '#restore_points .table_actions_menu .dropdown-toggle')

    def row_action(self, index, name):
        """Presses a row's button, in its menu if it is there, and waits for its dialog."""
        self._press('#restore_points__row_%s__action_%s' % (index, name),
                    '#restore_points__row__%s .dropdown-toggle' % index)

    # ---- the instances table

    def instance_action(self, server_id, name):
        """Presses an action of a row of the instances table and waits for its dialog."""
        self._press('#instances__row_%s__action_light_snapshot_%s' % (server_id, name),
                    'tr[data-object-id="%s"] .dropdown-toggle' % server_id)

    def offered(self, server_id):
        """The names of our actions in a row of the instances table."""
        found = self.page.locator('tr[data-object-id="%s"] [id*="__action_light_snapshot_"]' % server_id)
        return [element.get_attribute('id').rsplit('__action_light_snapshot_', 1)[1] for element in found.all()]

    def _press(self, button, menu):
        if not self.page.locator(button).is_visible():
            self.page.click(menu)
        self.page.click(button)
        self.dialog()

    # ---- dialogs

    def dialog(self):
        """Waits for the dialog; returns its text."""
        self.page.wait_for_selector('.modal-dialog .modal-footer')
        return self.page.locator('.modal-dialog').inner_text()

    def tick(self, label):
        """Ticks a box of the dialog. Horizon draws its own over the browser's."""
        self.page.locator('.modal-dialog .themable-checkbox label', has_text=label).click()

    def submit(self):
        """Presses the dialog's button and waits for the page that follows."""
        with self.page.expect_navigation():
            self.page.click('.modal-dialog .modal-footer input[type=submit]')
        self.page.wait_for_load_state('networkidle')

    def messages(self):
        """What Horizon tells at the top of the page."""
        return ' '.join(self.page.locator('.messages .alert').all_inner_texts())
