"""The whole story in a browser: enable, snapshot, break the guest, recover, and see the guest's data back."""

from testbed.cloud import Cloud
from testbed.guestctl import expected_sha256

PRECIOUS = '/data/precious'


def test_story(server, session_of):
    server_id, name, guest = server
    page = session_of('demo')

    # Not enabled yet: the tab says so, and the instances table offers one thing.
    page.open('/project/instances/')
    assert page.offered(server_id) == ['enable']
    page.open_tab(server_id)
    assert 'Light snapshots are not enabled' in page.page.content()
    page.shoot('01-tab-not-enabled')

    page.table_action('enable')
    page.tick('Keep history')
    page.shoot('02-enable')
    page.submit()
    assert 'Enabling light snapshots for "%s".' % name in page.messages()
    page.wait_idle(server_id)
    assert [row['State'] for row in page.rows()] == ['Root disk']

    # Two snapshots, each of other bytes.
    first = guest.write(PRECIOUS, 4, 'first')
    page.table_action('take')
    page.page.fill('.modal-dialog #id_name', 'before <upgrade>')
    page.page.fill('.modal-dialog #id_description', 'the one to go back to')
    page.shoot('03-take')
    page.submit()
    assert 'Light snapshot #1 of "%s" taken.' % name in page.messages()
    page.wait_idle(server_id)

    guest.write(PRECIOUS, 4, 'second')
    page.table_action('take')
    page.page.fill('.modal-dialog #id_name', 'after upgrade')
    page.submit()
    page.wait_idle(server_id)
    rows = page.rows()
    assert [(row['Index'], row['Name'], row['here']) for row in rows[1:]] == [
        ('#1', 'before <upgrade>', False), ('#2', 'after upgrade', True)]
    assert rows[1]['Description'] == 'the one to go back to'
    assert rows[2]['State'] == 'Last snapshot' and rows[2]['Parent'] == '#1'
    page.shoot('04-restore-points')

    page.row_action(1, 'rename')
    page.page.fill('.modal-dialog #id_name', 'before upgrade')
    page.submit()
    assert page.rows()[1]['Name'] == 'before upgrade'

    # The guest is broken; the first restore point has what it had.
    guest.corrupt('files')
    page.row_action(1, 'recover')
    said = page.dialog()
    assert '"%s" goes back to #1 "before upgrade"' % name in said
    assert 'Everything written to the disks since #2 "after upgrade" (%s) is lost' % rows[2]['Created At'] in said
    assert 'The safety snapshot keeps it' in said
    assert 'No restore point goes away.' in said
    assert 'The instance is running and is restarted.' in said
    page.shoot('05-recover')
    page.submit()
    assert 'Recovering "%s" to #1 "before upgrade".' % name in page.messages()
    page.wait_idle(server_id)
    assert [row['Index'] for row in page.rows() if row['here']] == ['#1']
    assert '#2' in [row['Index'] for row in page.rows()]
    page.shoot('06-recovered')
    guest.wait_up()
    assert guest.sha256(PRECIOUS) == first == expected_sha256(4, 'first')

    # The same from the instances table: to any restore point.
    page.open('/project/instances/')
    assert page.offered(server_id) == ['take', 'recover', 'disable']
    page.instance_action(server_id, 'recover')
    page.shoot('07-recover-from-the-instances-table')
    page.page.locator('.modal-dialog .themable-radio label', has_text='after upgrade').click()
    page.submit()
    assert 'Recovering "%s" to #2 "after upgrade".' % name in page.messages()
    page.wait_idle(server_id)
    guest.wait_up()
    assert guest.sha256(PRECIOUS) == expected_sha256(4, 'second')

    in_chinese(page, server_id)

    page.open('/project/instances/')
    page.instance_action(server_id, 'disable')
    assert 'These restore points go away for good: #0' in page.dialog()
    page.shoot('09-disable')
    page.submit()
    page.wait_idle(server_id)
    assert page.rows() == []
    page.open('/project/instances/')
    assert page.offered(server_id) == ['enable']
    assert guest.sha256(PRECIOUS) == expected_sha256(4, 'second')


def test_preview_and_deletion(server, session_of):
    server_id, name, guest = server
    page = session_of('demo')
    page.open_tab(server_id)
    page.table_action('enable')
    page.tick('Keep history')
    page.submit()
    page.wait_idle(server_id)
    first = guest.write(PRECIOUS, 4, 'first')
    page.table_action('take')
    page.page.fill('.modal-dialog #id_name', 'first')
    page.submit()
    page.wait_idle(server_id)
    second = guest.write(PRECIOUS, 4, 'second')
    guest.sync()

    # A look at the first restore point, and back.
    page.row_action(1, 'preview')
    assert '"%s" runs on #1 "first"' % name in page.dialog()
    page.submit()
    page.wait_idle(server_id)
    assert page.page.locator('.light-snapshots-preview').count() == 1
    page.shoot('11-preview')
    guest.wait_up()
    assert guest.sha256(PRECIOUS) == first
    page.table_action('undo')
    assert 'Everything written to the disks in the preview is lost' in page.dialog()
    page.submit()
    # The page shows the end of the task without being loaded again.
    page.open_tab(server_id)
    page.wait_shown_idle()
    assert page.page.locator('.light-snapshots-preview').count() == 0
    guest.wait_up()
    assert guest.sha256(PRECIOUS) == second

    # On a small screen what matters is there.
    page.page.set_viewport_size({'width': 390, 'height': 844})
    page.open_tab(server_id)
    assert page.page.locator('.light-snapshot-name').first.is_visible()
    page.shoot('12-small-screen')
    page.page.set_viewport_size({'width': 1280, 'height': 900})

    page.open_tab(server_id)
    page.row_action(1, 'delete')
    assert 'These restore points go away for good: #1 "first".' in page.dialog()
    page.shoot('13-delete')
    page.submit()
    page.wait_idle(server_id)
    assert [row['Index'] for row in page.rows()] == ['#0']
    assert guest.sha256(PRECIOUS) == second

    page.open('/project/light_snapshots/')
    assert page.page.locator('.light-snapshots-overview').count() == 1
    page.shoot('14-panel')


def in_chinese(page, server_id):
    """The tab in Simplified Chinese, and back."""
    page.speak('zh-hans')
    page.open_tab(server_id)
    content = page.page.content()
    for words in (u'轻量快照', u'创建轻量快照', u'当前位置', u'根磁盘', u'保留历史', u'创建时间'):
        assert words in content
    page.shoot('08-chinese')
    page.speak('en')


def test_refusal_in_words(server, session_of):
    server_id, name, guest = server
    page = session_of('demo')
    page.open_tab(server_id)
    page.table_action('enable')
    # Meanwhile someone stops all this: the dialog is one of an old page.
    Cloud.of('demo').act(server_id, {'pause': None}, status='PAUSED')
    page.page.click('.modal-dialog .modal-footer input[type=submit]')
    page.page.wait_for_selector('.modal-dialog .alert-danger')
    said = page.page.locator('.modal-dialog .alert-danger').inner_text()
    assert said.startswith('Light snapshots were not enabled.')
    assert 'paused' in said
    page.shoot('10-refused')


def test_other_tenant_sees_nothing(server, session_of):
    server_id, name, _guest = server
    page = session_of('other')
    for path in ('take', 'recover', 'disable'):
        page.open('/project/light_snapshots/%s/%s' % (server_id, path))
        assert name not in page.page.content()
    assert 'could not be found' in page.messages()
