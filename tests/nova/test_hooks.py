"""The hooks of the libvirt driver against the real nova's classes of this machine (no service, no libvirt)."""

import json
import os

import pytest

import nova.conf
from nova.virt.libvirt import config as vconfig

from light_snapshot.nova import driver

GUEST = '''<domain type="qemu"><name>x</name><memory>1</memory><devices>
<disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="%s"/><target dev="vda"/></disk>
<disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="%s"/><target dev="vdb"/></disk>
</devices></domain>'''


def seen(guest_config):
    """What nova's own code would be shown."""
    shown = []
    driver.disk_info_from_config(lambda _self, config, *_args: shown.extend(
        (device.source_path, device.driver_format) for device in config.devices), None, guest_config, None)
    return shown


@pytest.fixture
def instance(tmp_path):
    """An instance's directory, and its guest's configuration on an active layer."""
    nova.conf.CONF([], project='nova', default_config_files=[])
    nova.conf.CONF.set_override('instances_path', str(tmp_path))
    directory = tmp_path / 'uuid'
    directory.mkdir()
    config = vconfig.LibvirtConfigGuest()
    config.parse_str(GUEST % (directory / 'disk.light-7', directory / 'disk.eph0'))
    yield directory, config
    nova.conf.CONF.clear_override('instances_path')


def write_record(directory, **more):
    data = {'version': 1, 'disk_format': 'raw', 'root': {'file': 'disk', 'format': 'raw', 'index': 1, 'on': None,
                                                         'dirty': False}}
    (directory / 'light-snapshot.json').write_text(json.dumps(dict(data, **more)))


def test_a_layer_is_shown_as_the_root_disk(instance):
    directory, config = instance
    write_record(directory)
    assert seen(config) == [(str(directory / 'disk'), 'raw'), (str(directory / 'disk.eph0'), 'raw')]


@pytest.mark.parametrize('damage', ['{', '{"version": 99}', '[]'])
def test_one_damaged_record_does_not_stop_nova(instance, damage):
    """nova adds up the disks of all guests: an exception here would stop the whole host."""
    directory, config = instance
    (directory / 'light-snapshot.json').write_text(damage)
    assert seen(config) == [(str(directory / 'disk.eph0'), 'raw')]


def test_a_plain_guest_and_a_foreign_one_are_left_alone(instance):
    directory, config = instance
    assert seen(config)[0] == (str(directory / 'disk.light-7'), 'qcow2')
    foreign = vconfig.LibvirtConfigGuest()
    foreign.parse_str(GUEST % ('/elsewhere/disk.light-1', '/elsewhere/b'))
    assert seen(foreign) == [('/elsewhere/disk.light-1', 'qcow2'), ('/elsewhere/b', 'raw')]


def test_the_active_layer_is_what_the_guest_boots(instance, monkeypatch):
    directory, _config = instance
    write_record(directory, live=[{'index': 7, 'file': 'disk.light-7'}])
    monkeypatch.setattr(driver.libvirt_utils, 'get_instance_path', lambda _instance: str(directory))
    config = vconfig.LibvirtConfigGuest()
    config.parse_str(GUEST % (directory / 'disk', directory / 'disk.eph0'))
    made = driver.get_guest_config(lambda _self, _instance: config, None, object())
    assert [(device.source_path, device.driver_format) for device in made.devices] == [
        (str(directory / 'disk.light-7'), 'qcow2'), (str(directory / 'disk.eph0'), 'raw')]
    os.unlink(str(directory / 'light-snapshot.json'))
    plain = vconfig.LibvirtConfigGuest()
    plain.parse_str(GUEST % (directory / 'disk', directory / 'disk.eph0'))
    made = driver.get_guest_config(lambda _self, _instance: plain, None, object())
    assert made.devices[0].source_path == str(directory / 'disk')
