"""A server whose memory is saved goes on with its disks as they are: nothing of it is changed, and all is done later."""

import os
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from disk import Server, checksum, variants  # noqa: E402

from light_snapshot.engine import domain, engine as engines, errors, layout, plans, thinning  # noqa: E402

OPERATIONS = [
    ('settle',), ('snapshot',), ('commit_all',), ('disable',), ('store', False), ('delete', 1), ('retain', 1, None), ('recover',),
    ('prepare_preview', 1), ('preview', 1), ('prepare_start',), ('renew',), ('freeze_for_travel',), ('check', True)]


class Dom(object):
    """libvirt's view of a guest that is off, and may have its memory saved."""

    saved = True

    def isActive(self):
        return 0

    def hasManagedSaveImage(self, flags):
        assert flags == 0
        return int(self.saved)

    def UUIDString(self):
        return 'uuid'

    def name(self):
        return 'instance-1'


class Off(Server):
    """A server that is off, with libvirt's view of it."""

    dom = None

    def engine(self, **options):
        return engines.Engine(self.directory, self.dom and domain.Domain(self.dom), options=options)

    def everything(self):
        """The record's text, each file of ours, and what the guest would see."""
        with open(self.path(layout.RECORD)) as handle:
            return handle.read(), self.files(), self.sum()


@pytest.fixture(params=variants('qcow2', 'two disks'))
def server(request, tmpdir):
    """What an image of a busy guest has left: layers set aside, whose merge was given up. Then the server was suspended."""
    made = Off.of(tmpdir, request.param)
    made.enable(store=True)
    for number in (1, 2):
        made.write(number, number)
        made.snapshot()
    made.write(3, 3)
    engine = made.engine()
    engine._begin(plans.aside(engine.record.state(), thinning.now(), plans.CRASH_CONSISTENT))
    engine.finish_job()
    made.write(4, 4)
    made.dom = Dom()
    return made


@pytest.mark.parametrize('asked', OPERATIONS, ids=[asked[0] for asked in OPERATIONS])
def test_nothing_is_changed_while_the_memory_is_saved(server, asked):
    before = server.everything()
    with pytest.raises(errors.Held, match='Resume the server'):
        getattr(server.engine(), asked[0])(*asked[1:])
    server.engine().finish()
    assert server.everything() == before


def test_the_same_with_a_preview(tmpdir):
    server = Off.of(tmpdir, 'qcow2')
    server.enable(store=True)
    server.write(1)
    index = server.snapshot()
    server.act('preview', index)
    server.dom = Dom()
    before = server.everything()
    for method in ('keep_preview', 'undo_preview'):
        with pytest.raises(errors.Held):
            getattr(server.engine(), method)()
    assert server.everything() == before


def test_what_was_left_is_done_once_it_has_gone_on(server):
    live, now, points = len(server.engine().record.live), server.sum(), server.indices()
    server.act('finish')
    assert len(server.engine().record.live) == live == 3
    server.dom.saved = False
    server.act('settle')
    assert len(server.engine().record.live) == 2 and (server.sum(), server.indices()) == (now, points)
    assert server.engine().check() == []


def test_a_job_that_was_cut_off_waits_as_well(server):
    engine = server.engine()
    engine.record.set_job(thinning.collapse(engine.record.state(), False))
    now, before = server.sum(), server.everything()
    for method in ('settle', 'finish_job'):
        with pytest.raises(errors.Held):
            getattr(server.engine(), method)()
    server.engine().finish()
    assert server.everything() == before
    server.dom.saved = False
    server.act('settle')
    assert server.engine().record.job is None and len(server.engine().record.live) == 2 and server.sum() == now


def test_layers_are_not_put_on_a_disk_that_saved_memory_goes_on_with(tmpdir):
    server = Off.of(tmpdir, 'qcow2')
    server.dom = Dom()
    with pytest.raises(errors.Held):
        server.enable()
    assert server.files() == [] and not os.path.exists(server.path(layout.RECORD))


def test_an_image_is_made_and_nothing_else(server):
    before = server.everything()
    path, fmt = server._active('disk')
    expected = checksum(path, fmt, server.size)
    engine = server.engine()
    image = engine.export('qcow2')
    assert checksum(image, 'qcow2', server.size) == expected
    os.unlink(image)
    engine.finish()
    assert server.everything() == before


def test_no_image_of_what_is_not_settled(server):
    engine = server.engine()
    engine.record.set_job(thinning.collapse(engine.record.state(), False))
    before = server.everything()
    with pytest.raises(errors.Held, match='no image was made'):
        server.engine().export('qcow2')
    assert server.everything() == before


def test_a_restore_point_is_renamed_whoever_has_the_layers(server):
    """Of a rescued server the rescue system writes to the active layer; of a suspended one the saved memory names it."""
    rescued = engines.Engine(server.directory, None, held='Unrescue the server')
    text, files, now = server.everything()
    with open(rescued.record.path(rescued.record.active), 'a') as handle:
        holder = subprocess.Popen(['sleep', '600'], stdout=handle)
    try:
        rescued.describe(1, 'rescued', None)
        server.engine().describe(1, None, 'suspended')
        point, = [one for one in server.engine().points() if one['index'] == 1]
        assert (point['name'], point['description']) == ('rescued', 'suspended') and server.files() == files
        rescued.record.set_job(thinning.collapse(rescued.record.state(), False))
        for engine, words in ((rescued, 'Unrescue the server'), (server.engine(), 'Resume the server')):
            with pytest.raises(errors.Held, match=words):
                engine.describe(1, 'other', None)
        with pytest.raises(errors.EngineError, match='libvirt has lost'):       # who is off, and nobody says why it is written to
            engines.Engine(server.directory).describe(1, 'other', None)
    finally:
        holder.kill()
        holder.wait()
    assert [one['name'] for one in server.engine().points() if one['index'] == 1] == ['rescued'] and server.sum() == now


def test_who_holds_the_layers_may_be_known_to_the_caller_alone(server):
    before = server.everything()
    engine = engines.Engine(server.directory, None, held='The rescue system runs')
    assert engine.held() == 'The rescue system runs'
    with pytest.raises(errors.Held, match='The rescue system runs'):
        engine.snapshot()
    engine.finish()
    assert server.everything() == before


def test_what_libvirt_itself_says():
    """Of a guest of its test driver, which takes no daemon and no QEMU."""
    libvirt = pytest.importorskip('libvirt', reason='there is no binding of libvirt for this Python')
    dom = libvirt.open('test:///default').lookupByName('test')
    guest, told = domain.Domain(dom), []
    for act in (None, lambda: dom.managedSave(0), dom.create, dom.destroy, dom.create, lambda: dom.managedSave(0),
                lambda: dom.managedSaveRemove(0)):
        if act is not None:
            act()
        told.append((guest.is_running(), guest.is_saved()))
    assert told == [(True, False), (False, True), (True, False), (False, False), (True, False), (False, True), (False, False)]
