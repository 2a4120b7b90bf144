"""A nova in which a module that we extend became a package, or went away: nova's own text, laid out otherwise, in a process of its own."""

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest

import nova
from nova import config     # noqa: F401  nova registers its options with it
from nova import exception

from light_snapshot.nova import driver as glue
from light_snapshot.nova import hooks
from light_snapshot.nova import places
from light_snapshot.nova import unextended

OVERLAY = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(hooks.__file__))))
PROGRAM = textwrap.dedent('''
    from __future__ import print_function
    import importlib, json, logging, sys, types
    overlay, scratch = sys.argv[1:]
    sys.path.insert(0, overlay)
    import light_snapshot
    sys.path.remove(overlay)
    sys.path.insert(0, scratch)
    logging.disable(logging.CRITICAL)
    libvirt = types.ModuleType('libvirt')
    libvirt.virConnect = type('virConnect', (object,), {'defineXML': lambda self, xml: xml})
    libvirt.libvirtError = type('libvirtError', (Exception,), {})
    sys.modules['libvirt'] = libvirt
    from nova import config
    from light_snapshot.nova import hooks

    manager = importlib.import_module(hooks.MANAGER)
    driver = importlib.import_module(hooks.DRIVER)
    from light_snapshot.nova import manager as ours
    made = object.__new__(manager.ComputeManager)
    made.driver = object.__new__(driver.LibvirtDriver)
    before = list(hooks.problems)
    ours.in_background = lambda *args: None
    answer = {'init_host': ours.init_host(lambda self: "nova's answer", made), 'before': before, 'problems': hooks.problems}
    answer['guarded'] = hasattr(libvirt.virConnect.__dict__['defineXML'], 'light_snapshot_guard')
    answer['held_back'] = sorted(name for name in vars(made.driver) if name in ('migrate_disk_and_power_off', 'check_can_live_migrate_source'))
    try:
        ours.Work._begin(object.__new__(ours.Work))
    except Exception as error:
        answer['refused'] = str(error)
    print(json.dumps(answer))
''')


def lay_out(scratch, packages=()):
    """This nova at `scratch`, with our shims, as links where nothing is laid out otherwise; `packages` became packages."""
    source = os.path.dirname(os.path.abspath(nova.__file__))
    laid = {'privsep/light_snapshot.py': None} if places.find('privsep') else {}
    laid.update((module[len('nova.'):].replace('.', '/') + '.py', module) for module in (hooks.DRIVER, hooks.IMAGES, hooks.MANAGER))
    directories = set([''])
    for path in laid:
        while path:
            path = os.path.dirname(path)
            directories.add(path)
    for directory in sorted(directories):
        here = os.path.join(scratch, 'nova', directory)
        os.mkdir(here)
        for name in os.listdir(os.path.join(source, directory)):
            path = os.path.join(directory, name)
            if path not in directories and path.partition('.py')[0] + '.py' not in laid and name != '__pycache__':
                os.symlink(os.path.join(source, path), os.path.join(here, name))
    for path, module in laid.items():
        here, original = os.path.join(scratch, 'nova', path), os.path.join(source, path)
        # An upgrade of nova leaves our file beside a package.
        shutil.copy(os.path.join(OVERLAY, 'nova', path), here)
        if module is None:
            continue
        original = original + '.light-snapshot-orig' if os.path.exists(original + '.light-snapshot-orig') else original
        if module in packages:
            os.mkdir(here[:-len('.py')])
        shutil.copy(original, os.path.join(here[:-len('.py')], '__init__.py') if module in packages else here + '.light-snapshot-orig')


def nova_compute_starts(tmpdir, *packages):
    lay_out(str(tmpdir), packages)
    child = subprocess.Popen([sys.executable, '-B', '-W', 'ignore', '-c', PROGRAM, OVERLAY, str(tmpdir)],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    said, wrong = child.communicate()
    assert child.returncode == 0, wrong.decode('utf-8', 'replace')[-2000:]
    return json.loads(said.decode('utf-8').splitlines()[-1])


def test_a_nova_as_it_is_well(tmpdir):
    answer = nova_compute_starts(tmpdir)
    assert answer['problems'] == [] and answer['guarded'] and answer['held_back'] == []


def test_a_driver_that_became_a_package(tmpdir):
    answer = nova_compute_starts(tmpdir, hooks.DRIVER)
    assert answer['init_host'] == "nova's answer" and answer['before'] == []
    problem, = [text for text in answer['problems'] if hooks.DRIVER + ' (' in text]
    assert 'LibvirtDriver._get_guest_config' in problem and 'where light-snapshot has no file' in problem
    assert os.path.join('driver', '__init__.py') in problem
    assert 'switched off on this host' in answer['refused']
    assert answer['guarded']
    assert answer['held_back'] == ['check_can_live_migrate_source', 'migrate_disk_and_power_off']


# ---- what is held back

class Driver(object):
    def migrate_disk_and_power_off(self, context, instance, dest):
        return 'gone to %s' % dest

    def check_can_live_migrate_source(self, context, instance, data=None):
        return 'may go'


@pytest.fixture
def driver(monkeypatch):
    monkeypatch.setattr(hooks, 'problems', ['this nova is unknown'])
    monkeypatch.setattr(glue, 'has_record', lambda instance: instance == 'with layers')
    made = Driver()
    unextended.hold_back(made)
    return made


def test_a_plain_server_moves(driver):
    assert driver.migrate_disk_and_power_off('c', 'plain', dest='b') == 'gone to b'
    assert driver.check_can_live_migrate_source('c', instance='plain') == 'may go'


def test_a_server_with_layers_stays(driver):
    with pytest.raises(exception.InstanceFaultRollback) as caught:
        driver.migrate_disk_and_power_off('c', 'with layers', 'b')
    assert 'this nova is unknown' in str(caught.value.inner_exception) and 'Nothing was changed' in str(caught.value.inner_exception)
    with pytest.raises(exception.MigrationPreCheckError):
        driver.check_can_live_migrate_source('c', instance='with layers')


def test_of_another_driver_nothing_is_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(hooks, 'see', lambda modules: asked.append(modules) or False)
    made = type('Manager', (object,), {})()
    made.driver = Driver()
    unextended.look(made)
    assert asked == [(hooks.MANAGER,)] and vars(made.driver) == {}
    # Of an out-of-tree driver that builds on nova's.
    made.driver = type('Mine', (Driver,), {'__module__': 'nova.virt.libvirt.mine'})()
    unextended.look(made)
    assert asked[1:] == [(hooks.MANAGER,), (hooks.DRIVER, hooks.IMAGES)] and len(vars(made.driver)) == 2


def test_a_look_that_fails_stops_no_service(driver, monkeypatch):
    monkeypatch.setattr(hooks, 'see', lambda modules: 1 / 0)
    unextended.look(type('Manager', (object,), {'driver': driver})())
    assert 'ZeroDivisionError' in hooks.problems[-1]
