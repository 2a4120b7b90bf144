"""What starts servers from their layers where nova's own method is not there to be extended, on any Python."""

import os
import types
import xml.etree.ElementTree as ET

import pytest

from light_snapshot.engine import errors
from light_snapshot.engine import record as records
from light_snapshot.nova import guard
from light_snapshot.nova import hooks

XML = u'''<domain type="kvm" xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><name>caf\u00e9</name>
<metadata><nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1"/></metadata>
<devices><disk type="file" device="disk"><driver name="qemu" type="raw"/><source file="%s"/><target dev="vda"/></disk>
<disk type="network"><source protocol="rbd" name="pool/other"/></disk></devices><qemu:commandline/></domain>'''


@pytest.fixture
def server(tmpdir):
    """The directory of a server whose root disk is raw, with two layers."""
    record = records.Record(str(tmpdir), {'disks': [{'name': 'disk', 'target': 'vda', 'format': 'raw', 'size': 1}], 'index': 2})
    record.data['live'] = [{'index': 1, 'file': 'disk.light-1'}, {'index': 2, 'file': 'disk.light-2'}]
    record.save()
    return str(tmpdir)


def disk_of(text):
    disk = ET.fromstring(text.encode('utf-8')).find('./devices/disk')
    return disk.find('source').get('file'), disk.find('driver').get('type')


def test_a_disk_with_layers_is_put_on_its_active_one(server):
    active = records.load(server).active_of('disk')
    assert active != 'disk'
    text = guard.on_active(XML % os.path.join(server, 'disk'))
    assert disk_of(text) == (os.path.join(server, active), 'qcow2')
    # Nothing else is another: names, and the prefixes of foreign name spaces.
    assert '<nova:instance' in text and '<qemu:commandline' in text
    assert ET.fromstring(text).find('name').text == u'caf\u00e9'
    assert len(ET.fromstring(text).findall('./devices/disk')) == 2


def test_what_is_right_already_and_a_plain_server_stay_as_they_are(server, tmpdir):
    once = guard.on_active(XML % os.path.join(server, 'disk'))
    assert guard.on_active(once) is once
    plain = XML % tmpdir.mkdir('plain').join('disk')
    assert guard.on_active(plain) is plain


def test_a_server_whose_record_cannot_be_read_is_not_defined(server):
    with open(os.path.join(server, 'light-snapshot.json'), 'w') as stream:
        stream.write('{')
    with pytest.raises(errors.EngineError):
        guard.on_active(XML % os.path.join(server, 'disk'))


class Binding(object):
    """As much of libvirt's as is guarded."""

    class virConnect(object):
        """Keeps what it was given."""

        def defineXML(self, xml):
            """libvirt's own text."""
            return ('defined', xml)

        def createXML(self, xml, flags=0):
            return ('created', xml, flags)


def test_the_binding_is_guarded_once(server):
    class Mine(Binding):
        virConnect = type('virConnect', (object,), dict(Binding.virConnect.__dict__))
    guard.install(Mine)
    once = Mine.virConnect.__dict__['defineXML']
    guard.install(Mine)
    assert Mine.virConnect.__dict__['defineXML'] is once and once.__doc__ == "libvirt's own text."
    connection = Mine.virConnect()
    assert disk_of(connection.defineXML(XML % os.path.join(server, 'disk'))[1])[1] == 'qcow2'
    word, text, flags = connection.createXML(XML % os.path.join(server, 'disk'), flags=3)
    assert (word, flags) == ('created', 3) and disk_of(text)[1] == 'qcow2'


def test_it_is_called_where_the_hook_of_a_start_does_not_hold(monkeypatch):
    called = []
    monkeypatch.setattr(guard, 'install', lambda: called.append(True))
    monkeypatch.setattr(hooks, 'problems', [])
    module = types.ModuleType('example_nova')
    module.LibvirtDriver = type('LibvirtDriver', (object,), {})
    for ours, expected in (('moves:finish_migration', []), ('driver:get_guest_config', [True])):
        monkeypatch.setattr(hooks, 'TABLE', (hooks.Hook('example_nova', 'LibvirtDriver.gone', '12-', 'self', ours, 'a test'),))
        hooks.apply(module)
        assert called == expected
    assert len(hooks.problems) == 2


def test_every_row_that_is_guarded_is_in_the_table():
    assert set(hooks.STARTS) <= set(hook.ours for hook in hooks.TABLE)
