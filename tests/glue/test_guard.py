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


def test_a_layer_in_another_format_is_put_right(server):
    """What a nova that takes the format from elsewhere would do: the guest would see the layer's header as its disk."""
    active = os.path.join(server, records.load(server).active_of('disk'))
    assert disk_of(guard.on_active(XML % active)) == (active, 'qcow2')
    right = (XML % active).replace('type="raw"', 'type="qcow2"')
    assert guard.on_active(right) is right
    chain = right.replace('<target dev', '<backingStore type="file"><format type="raw"/><source file="%s"/></backingStore><target dev' % (
        os.path.join(server, 'disk')))
    assert guard.on_active(chain) is chain


def test_what_has_no_layers_is_not_even_parsed(server, tmpdir):
    for text in (u'<domain><devices><disk><source file="%s"/><unclosed' % tmpdir.join('plain', 'disk'),
                 (XML % '/volumes/volume-1').replace('<name>', '<none:name>'), u'', b'\xff', None, object()):
        assert guard.on_active(text) is text
    with pytest.raises(errors.EngineError) as caught:
        guard.on_active(u'<domain><devices><disk><source file="%s"/><unclosed' % os.path.join(server, 'disk'))
    assert 'was not defined' in str(caught.value)
    right = u'<domain><devices><disk><source file="%s"/><unclosed' % os.path.join(server, records.load(server).active)
    assert guard.on_active(right) is right


def test_of_others_files_no_directory_is_asked(monkeypatch):
    """A volume in a file may lie on a file system that is away: whether a guest starts then is QEMU's to say."""
    asked = []
    monkeypatch.setattr(guard.records, 'exists', asked.append)
    text = (XML % '/mnt/away/volume-1').replace('<devices>', '<devices><disk><source file="/i/disk.config"/></disk>')
    assert guard.on_active(text) is text and asked == []


def test_a_path_with_an_apostrophe(tmpdir):
    place = str(tmpdir.mkdir("o'brien & co"))
    records.Record(place, {'disks': [{'name': 'disk', 'target': 'vda', 'format': 'raw', 'size': 1}], 'index': 1,
                           'live': [{'index': 1, 'file': 'disk.light-1'}]}).save()
    text = (XML % 'HERE').replace('"HERE"', "'%s/disk'" % place.replace('&', '&amp;').replace("'", '&apos;'))
    assert disk_of(guard.on_active(text)) == (place + '/disk.light-1', 'qcow2')


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
    assert disk_of(connection.defineXML(xml=XML % os.path.join(server, 'disk'))[1])[1] == 'qcow2'


@pytest.mark.parametrize('name, ours, expected', [
    ('example_nova', 'moves:finish_migration', []), ('example_nova', 'driver:get_guest_config', [True]),
    (hooks.DRIVER, 'moves:finish_migration', [True]), (hooks.IMAGES, 'moves:finish_migration', [True]), (hooks.CONDUCTOR, 'x:y', [])])
def test_it_is_on_where_guests_are_started(monkeypatch, name, ours, expected):
    called = []
    monkeypatch.setattr(guard, 'install', lambda: called.append(True))
    monkeypatch.setattr(hooks, 'problems', [])
    module = types.ModuleType(name)
    module.LibvirtDriver = type('LibvirtDriver', (object,), {})
    monkeypatch.setattr(hooks, 'TABLE', (hooks.Hook(name, 'LibvirtDriver.gone', '12-', 'self', ours, 'a test'),))
    hooks.apply(module)
    assert called == expected and len(hooks.problems) == 1


def test_without_libvirt_s_binding_nothing_is_said_unless_it_is_needed(monkeypatch, caplog):
    def none():
        raise ImportError('no libvirt here')
    monkeypatch.setattr(guard, 'install', none)
    caplog.set_level('INFO')
    hooks._guard()
    assert caplog.text == ''
    hooks._guard(needed=True)
    assert 'Do not start servers that have layers on this host' in caplog.text


def test_every_row_that_is_guarded_is_in_the_table():
    assert set(hooks.STARTS) <= set(hook.ours for hook in hooks.TABLE)
