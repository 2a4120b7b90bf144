"""Images of servers that are off, or that nova suspends for it: whose layers they are made of, and that libvirt is asked about it."""

import json

import pytest

from nova import config
from nova.virt.libvirt import driver as nova_driver     # noqa: F401  nova 12 registers its options with it

from light_snapshot.engine import errors
from light_snapshot.nova import driver
from light_snapshot.nova import images


class Instance(object):
    uuid, vm_state = 'uuid', 'active'

    @staticmethod
    def obj_attr_is_set(name):
        return name == 'uuid'


class Record(object):
    job = None


class Engine(object):
    """Stands for the engine; `why` is why the layers have to stay as they are."""

    def __init__(self, directory, job=None, why=None):
        self.directory, self.held, self.asked, self.record = directory, lambda: why, [], Record()
        self.record.job = job

    def settle(self):
        self.asked.append('settle')

    def finish_job(self):
        self.asked.append('finish_job')

    def export(self, image_format):
        self.asked.append(('export', image_format))
        open(self.directory + '/export', 'w').close()
        return self.directory + '/export'

    def finish(self):
        self.asked.append('finish')


class Disk(object):
    """nova's image backend, of which only the path is known."""

    def __init__(self, path):
        self.path = path


@pytest.fixture
def directory(tmpdir, monkeypatch):
    """The directory of a server with a record."""
    config.CONF([], project='nova', default_config_files=[])
    config.CONF.set_override('instances_path', str(tmpdir))
    made = str(tmpdir.mkdir('uuid'))
    monkeypatch.setattr(images.libvirt_utils, 'get_instance_path', lambda _instance: made)
    with open(made + '/light-snapshot.json', 'w') as handle:
        json.dump({}, handle)
    yield made
    config.CONF.clear_override('instances_path')


def extract(directory, engines):
    """As nova's driver does: (what nova's own way was asked, the engine that ours has taken)."""
    def nova_s(_disk, target, _format):
        engines.append(target)
    images.snapshot_extract(nova_s, Disk(directory + '/disk.light-3'), directory + '/image', 'raw')
    return 'done'


def test_the_server_that_an_image_is_made_of_is_known_as_long_as_it_is_made(directory, monkeypatch):
    found, host = [], object()

    def engine_of(given, instance):
        assert given is host and instance.uuid == 'uuid'
        found.append(Engine(directory))
        return found[-1]
    monkeypatch.setattr(driver, 'engine_of', engine_of)
    assert images.snapshot(lambda *_args, **_kwargs: extract(directory, found), host, None, Instance(), 'id',
                           update_task_state=None) == 'done'
    # It is looked at before nova does anything, and again when it is to be read.
    assert [engine.asked for engine in found] == [[], [('export', 'raw'), 'finish']]
    assert images._under_way == {}


@pytest.mark.parametrize('why,asked', [(None, ['settle', 'finish_job', 'columns']), ('its memory is saved', [])])
def test_what_was_cut_off_is_finished_before_nova_saves_the_memory(directory, monkeypatch, why, asked):
    engine = Engine(directory, job={'op': 'commit'}, why=why)
    monkeypatch.setattr(driver, 'engine_of', lambda *_args: engine)
    monkeypatch.setattr(driver, 'save_columns', lambda *_args: engine.asked.append('columns'))
    assert images.snapshot(lambda *_args: list(engine.asked), None, None, Instance(), 'id', None) == asked


def test_it_is_forgotten_after_a_failure_as_well(directory, monkeypatch):
    monkeypatch.setattr(driver, 'engine_of', lambda *_args: Engine(directory))

    def original(*_args):
        assert list(images._under_way) == ['uuid']
        raise errors.Held('no image')
    with pytest.raises(errors.Held):
        images.snapshot(original, None, None, Instance(), 'id', None)
    assert images._under_way == {}


def test_of_a_file_alone_no_image_is_made(directory):
    """Whether somebody writes to it, and whose memory is saved, nobody can tell then."""
    with pytest.raises(errors.Held) as caught:
        extract(directory, [])
    assert str(caught.value) == images.UNKNOWN


def test_a_plain_server_s_image_is_nova_s_alone(directory, monkeypatch):
    monkeypatch.setattr(driver, 'has_record', lambda _instance: False)
    assert images.snapshot(lambda *args: (args, dict(images._under_way)), 1, 2, 3, 4, 5) == ((1, 2, 3, 4, 5), {})
