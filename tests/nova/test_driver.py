"""The hooks of the libvirt driver against the real nova's classes (no service, no libvirt); any release."""

import json
import os
import xml.etree.ElementTree as ET

import pytest

from nova import config
from nova import exception
from nova.virt.libvirt import config as vconfig
from nova.virt.libvirt import driver as nova_driver     # noqa: F401  nova 12 registers its options with it

from light_snapshot.nova import counters
from light_snapshot.nova import driver
from light_snapshot.nova import manager
from light_snapshot.nova import moves

import stand_in

GUEST = '''<domain type="qemu"><name>x</name><memory>1</memory><devices>
<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="%s"/><target dev="vda"/>
 <backingStore type="file"><format type="raw"/><source file="%s"/></backingStore></disk>
<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="%s"/><target dev="vdb"/></disk>
<disk type="network" device="disk"><driver name="qemu" type="raw"/><source protocol="rbd" name="p/v"/>
 <target dev="vdc"/></disk></devices></domain>'''


def guest(*disks):
    """A guest's configuration in nova's own classes."""
    made = vconfig.LibvirtConfigGuest()
    for path, fmt in disks:
        disk = vconfig.LibvirtConfigGuestDisk()
        disk.source_type, disk.source_path, disk.driver_format = 'file', path, fmt
        made.devices.append(disk)
    return made


def by_config(root, other):
    """What nova 16 and later is shown of a guest whose disks are on `root` and `other`."""
    shown = []
    driver.disk_info_from_config(lambda _self, made, *_args: shown.extend(
        (device.source_path, device.driver_format) for device in made.devices), None,
        guest((root, 'qcow2'), (other, 'raw')), None)
    return shown


def by_xml(root, other):
    """The same for nova before 16."""
    shown = []

    def original(_self, name, xml, block_device_info=None):
        assert name == 'x' and block_device_info == 'bdi'
        for disk in ET.fromstring(xml).findall('./devices/disk'):
            if disk.find('source').get('file'):
                shown.append((disk.find('source').get('file'), disk.find('driver').get('type')))
    driver.disk_info_from_xml(original, None, 'x', GUEST % (root, os.path.dirname(root) + '/disk', other),
                              block_device_info='bdi')
    return shown


@pytest.fixture(params=[by_config, by_xml], ids=['config', 'xml'])
def seen(request):
    return request.param


@pytest.fixture
def directory(tmpdir):
    """The directory of one instance."""
    config.CONF([], project='nova', default_config_files=[])
    config.CONF.set_override('instances_path', str(tmpdir))
    made = tmpdir.mkdir('uuid')
    yield str(made)
    config.CONF.clear_override('instances_path')


def write_record(directory, text=None, **more):
    data = {'version': 2, 'root': {'file': 'disk', 'index': 1, 'on': None, 'dirty': False},
            'disks': [{'name': name, 'target': target, 'format': 'raw', 'size': 1}
                      for name, target in (('disk', 'vda'), ('disk.swap', 'vdb'))]}
    with open(os.path.join(directory, 'light-snapshot.json'), 'w') as handle:
        handle.write(text or json.dumps(dict(data, **more)))


def test_a_layer_is_shown_as_the_disk_below_it(directory, seen):
    write_record(directory)
    assert seen(directory + '/disk.light-7', directory + '/disk.eph0') == [
        (directory + '/disk', 'raw'), (directory + '/disk.eph0', 'raw')]
    assert seen(directory + '/disk.light-7', directory + '/disk.swap.light-7') == [
        (directory + '/disk', 'raw'), (directory + '/disk.swap', 'raw')]


@pytest.mark.parametrize('damage', ['{', '{"version": 99}', '[]'])
def test_one_damaged_record_does_not_stop_nova(directory, seen, damage):
    """nova adds up the disks of all guests: an exception here would stop the whole host."""
    write_record(directory, damage)
    assert seen(directory + '/disk.light-7', directory + '/disk.eph0') == [(directory + '/disk.eph0', 'raw')]


def test_a_plain_guest_and_a_foreign_one_are_left_alone(directory, seen):
    assert seen(directory + '/disk.light-7', '/b')[0] == (directory + '/disk.light-7', 'qcow2')
    write_record(directory)
    assert seen('/elsewhere/disk.light-1', '/b') == [('/elsewhere/disk.light-1', 'qcow2'), ('/b', 'raw')]
    assert seen(directory + '/disk', '/b') == [(directory + '/disk', 'qcow2'), ('/b', 'raw')]


def test_text_without_a_layer_is_handed_on_as_it_is(directory):
    text = GUEST % (directory + '/disk', '/b', '/c')
    assert driver.disk_info_from_xml(lambda _self, _name, xml: xml, None, 'x', text) is text


class Instance(object):
    uuid = 'uuid'

    def __init__(self, **system_metadata):
        self.system_metadata = system_metadata
        self.saved = 0

    def obj_attr_is_set(self, name):
        return name in ('uuid', 'system_metadata')

    def save(self):
        self.saved += 1


@pytest.fixture
def here(directory, monkeypatch):
    monkeypatch.setattr(driver.libvirt_utils, 'get_instance_path', lambda _instance: directory)
    return directory


def test_the_active_layer_is_what_the_guest_boots(here):
    def boots():
        config = driver.get_guest_config(lambda _self, _instance: guest((here + '/disk', 'raw'), ('/e', 'raw')),
                                         None, Instance())
        return [(device.source_path, device.driver_format) for device in config.devices]
    assert boots() == [(here + '/disk', 'raw'), ('/e', 'raw')]
    write_record(here, live=[{'index': 7, 'file': 'disk.light-7'}])
    assert boots() == [(here + '/disk.light-7', 'qcow2'), ('/e', 'raw')]
    config = driver.get_guest_config(lambda _self, _instance: guest((here + '/disk.swap', 'raw'), ('/e', 'raw')),
                                     None, Instance())
    assert config.devices[0].source_path == here + '/disk.swap.light-7' and config.devices[0].driver_format == 'qcow2'


def test_a_rescue_system_is_not_the_server(here):
    """Its root disk is a file of nova's, and the server's active layer its second disk."""
    class Host(object):
        _domain = object()

        def get_guest(self, _instance):
            return self

    class Driver(object):
        _host = Host()

    instance = Instance()
    instance.vm_state = 'active'
    assert driver.engine_of(Driver, instance).domain is not None
    instance.vm_state = 'rescued'
    engine = driver.engine_of(Driver, instance)
    assert engine.domain is None and 'Unrescue the server' in engine.held()
    # A hard reboot, after the host's for example, starts the server itself.
    assert driver.engine_of(Driver, instance, starts=True).domain is not None


def test_a_restore_point_of_a_rescued_server_is_renamed(here):
    """Nobody looks who has its layers open: the rescue system has."""
    instance = Instance()
    instance.vm_state = 'rescued'
    write_record(here, live=[{'index': 2, 'file': 'disk.light-2'}, {'index': 3, 'file': 'disk.light-3'}],
                 points={'2': {'parent': None, 'created_at': '2026-01-02T03:04:05Z', 'name': 'old', 'description': 'd'}})
    endpoint = manager.Endpoint(type('Manager', (object,), {'driver': None}))
    assert endpoint.describe(NoContext(), instance, 2, 'new', None) == {}
    point = driver.records.load(here).data['points']['2']
    assert (point['name'], point['description']) == ('new', 'd')
    write_record(here, job={'kind': 'settle', 'op': 'delete', 'after': {}, 'then': None})
    assert endpoint.describe(NoContext(), instance, 1, 'new', None) == {'code': 409, 'message': driver.RESCUED}


def test_a_start_from_saved_memory_prepares_nothing(here, monkeypatch):
    """Liberty keeps it in a hard reboot, and libvirt goes on from it."""
    engine = stand_in.Engine()
    engine.on = False
    monkeypatch.setattr(driver, 'engine_of', lambda _driver, _instance, starts: engine)
    monkeypatch.setattr(driver, 'save_columns', lambda *_args: None)
    monkeypatch.setattr(driver, 'disks_of', lambda disk_info: disk_info)
    write_record(here)
    for engine.holds, asked in (('libvirt keeps the memory', []), (None, [('prepare_start', 'disks')])):
        assert driver.get_guest_xml(lambda *args: args[-3:], 'driver', None, Instance(), None, 'disks', 'meta') == ('disks', 'meta', None)
        assert engine.done() == asked


class NoContext(object):
    user_id = project_id = None

    def update_store(self):
        pass


@pytest.fixture
def silent(here, monkeypatch):
    """The endpoint of a host whose libvirtd is away, and a server of it."""
    class Host(object):
        host = 'h'

        @property
        def driver(self):
            return self
        _host = driver

        def get_guest(self, _instance):
            raise exception.HypervisorUnavailable(host='h')

    class Reporter(object):
        def __enter__(self):
            pass

        def __exit__(self, *_exc):
            return False
    monkeypatch.setattr(manager.places, 'event_reporter', lambda *_args: Reporter())
    monkeypatch.setattr(manager.hooks, 'problems', [])
    write_record(here)
    instance = Instance()
    instance.vm_state, instance.task_state, instance.refresh = 'active', None, lambda: None
    return manager.Endpoint(Host()), instance


@pytest.mark.parametrize('ask', [
    lambda endpoint, instance: endpoint.points(NoContext(), instance),
    lambda endpoint, instance: endpoint.describe(NoContext(), instance, 1, 'n', None),
    lambda endpoint, instance: endpoint.check(NoContext(), instance),
    lambda endpoint, instance: endpoint.operate(NoContext(), instance, 'commit', {})], ids=['list', 'rename', 'check', 'commit'])
def test_a_libvirt_that_cannot_be_asked_is_a_refusal_in_words(silent, ask):
    answer = ask(*silent)
    assert answer['code'] == 409 and 'Nothing was changed' in answer['message']
    assert 'libvirt on the compute host cannot be asked for server uuid' in answer['message']


def test_a_libvirt_that_goes_away_half_way_is_one_as_well(silent, monkeypatch):
    class libvirtError(Exception):
        pass

    class Domain(object):
        def __init__(self, *_args, **_kwargs):
            pass

        def other_disks(self, _targets):
            raise libvirtError('the connection is broken')

        local_disks = other_disks

        def is_saved(self):
            return False
    endpoint, instance = silent
    monkeypatch.setattr(driver.engine_domain, 'Domain', Domain)
    endpoint._manager.get_guest = lambda _instance: type('Guest', (object,), {'_domain': None})
    assert endpoint.points(NoContext(), instance)['code'] == 409
    os.unlink(os.path.join(driver.libvirt_utils.get_instance_path(instance), 'light-snapshot.json'))
    answer = endpoint.operate(NoContext(), instance, 'enable', {'store': False})
    assert answer['code'] == 409 and 'the connection is broken' in answer['message']


def test_the_disks_that_nova_gives_a_guest(here):
    driver.CONF.set_override('images_type', 'qcow2', group='libvirt')
    mapping = {'root': {'dev': 'vda'}, 'disk': {'dev': 'vda'}, 'disk.swap': {'dev': 'vdc'}, 'disk.eph0': {'dev': 'vdb'},
               'disk.config': {'dev': 'hda'}, '/dev/vdd': {'dev': 'vdd'}}
    assert driver.disks_of({'mapping': mapping}) == [
        {'name': 'disk', 'target': 'vda', 'format': 'qcow2'}, {'name': 'disk.eph0', 'target': 'vdb', 'format': 'qcow2'},
        {'name': 'disk.swap', 'target': 'vdc', 'format': 'qcow2'}]


def test_the_mark_of_an_enabled_server(here, monkeypatch):
    from light_snapshot.nova import state
    put = []
    monkeypatch.setattr(state.LightSnapshotState, 'put', classmethod(
        lambda _cls, _context, uuid, values: put.append((uuid, values['light_snapshot_enable']))))
    write_record(here)
    instance, record = Instance(other='kept'), driver.records.load(here)
    assert not driver.is_marked(instance)
    for _again in range(2):
        driver.save_columns(None, instance, record)
        assert driver.is_marked(instance) and instance.saved == 1
    for _again in range(2):
        driver.save_columns(None, instance, None)
        assert not driver.is_marked(instance) and instance.saved == 2
    assert instance.system_metadata == {'other': 'kept'}
    assert put == [('uuid', True)] * 2 + [('uuid', False)] * 2


def test_the_counters_are_written_with_the_columns(here, monkeypatch):
    from light_snapshot.nova import state
    monkeypatch.setattr(state.LightSnapshotState, 'put', classmethod(lambda *_args: None))
    with open(os.path.join(here, 'disk.light-1'), 'wb') as handle:
        handle.write(b'x' * 70000)
    took = os.lstat(os.path.join(here, 'disk.light-1')).st_blocks * 512
    points = dict((str(index), {'parent': None, 'created_at': '2026-01-02T03:04:%02dZ' % index}) for index in range(3))
    write_record(here, live=[{'index': 2, 'file': 'disk.light-2'}, {'index': 3, 'file': 'disk.light-3'}], points=points,
                 kept={'0': {'file': 'disk', 'on': None}, '1': {'file': 'disk.light-1', 'on': 0}})
    instance = Instance()
    for _again in range(2):
        driver.save_columns(None, instance, driver.records.load(here))
        assert instance.saved == 1      # nothing has changed: nothing is written
    assert counters.read(instance.system_metadata[counters.KEY]) == {
        'count': 3, 'last_at': '2026-01-02T03:04:02Z', 'kept_bytes': took}
    write_record(here, live=[{'index': 2, 'file': 'disk.light-2'}], points=points)
    driver.save_columns(None, instance, driver.records.load(here))
    assert counters.read(instance.system_metadata[counters.KEY])['count'] == 1 and instance.saved == 2
    driver.save_columns(None, instance, None)
    assert instance.system_metadata == {}


def test_the_last_daily_snapshot_goes_along_without_a_record(here, monkeypatch):
    from light_snapshot.nova import state
    columns = state.LightSnapshotState(light_snapshot_enable=True, snapshot_index=7, root_index=3, snapshot_store=False)
    monkeypatch.setattr(state.LightSnapshotState, 'put', classmethod(lambda *_args: None))
    monkeypatch.setattr(state.LightSnapshotState, 'get', classmethod(lambda *_args: columns))
    daily, instance = {'slot': '2026-11-25', 'taken': '2026-11-26'}, Instance()
    instance.root_device_name = '/dev/vda'
    write_record(here, daily=daily)
    for _again in range(2):
        driver.save_columns(None, instance, driver.records.load(here))
        assert instance.saved == 1
    os.unlink(os.path.join(here, 'light-snapshot.json'))
    moves.post_live_migration_at_destination(lambda *_args: None, None, None, instance)
    assert driver.records.load(here).daily == daily
    # When they were switched on nova-api has noted; it stays as long as light snapshots are enabled.
    instance.system_metadata[state.DAILY_SINCE] = '7'
    write_record(here, daily=dict(daily, slot='2026-11-26'))
    driver.save_columns(None, instance, driver.records.load(here))
    assert instance.system_metadata[state.DAILY_SINCE] == '7'
    driver.save_columns(None, instance, None)
    assert instance.system_metadata == {}


def test_a_plain_server_that_comes_to_a_host_costs_no_query(here, monkeypatch):
    from light_snapshot.nova import state

    def get(*_args):
        raise AssertionError('the database was asked')
    monkeypatch.setattr(state.LightSnapshotState, 'get', get)
    for hook in (moves.post_live_migration_at_destination,
                 lambda original, _self, _context, instance: moves.finish_migration(original, None, None, None,
                                                                                    instance)):
        assert hook(lambda *_args: 'nova\'s answer', None, None, Instance()) == 'nova\'s answer'
    assert not driver.has_record({'a test of nova\'s own': 'a dictionary'})
