"""libvirt before 1.3 and QEMU before 2.3.1, which Liberty has: what of their word is not taken. What they do is by their sources."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from light_snapshot.engine import domain as domains  # noqa: E402
from light_snapshot.engine import errors, jobs  # noqa: E402

XML = """<domain id="1"><devices><disk type="file" device="disk"><source file="/i/disk.light-2"/><target dev="%s"/>%s%s</disk></devices></domain>"""
CHAIN = '<backingStore><source file="/i/disk.light-1"/><backingStore><source file="/i/disk"/></backingStore></backingStore>'


class Connection(object):
    def __init__(self, libvirt, qemu):
        self.getLibVersion, self.getVersion = (lambda: libvirt), (lambda: qemu)


class Dom(object):
    def __init__(self, libvirt=1002016, qemu=2003000, target='vda', chain=CHAIN, ready='yes'):
        self.host, self.text, self.begun = Connection(libvirt, qemu), XML % (target, '<mirror ready="%s"/>' % ready, chain), []

    def connect(self):
        return self.host

    def XMLDesc(self, _flags):
        return self.text

    def UUIDString(self):
        return 'a domain of test_old_libvirt'

    def blockJobInfo(self, _target, _flags):
        return {'cur': 0, 'end': 0} if self.begun else {}

    def blockCommit(self, *args):
        self.begun.append(args)


@pytest.fixture(autouse=True)
def as_it_is(new_libvirt, monkeypatch):
    """The real question, in spite of the other fixture."""
    monkeypatch.setattr(domains.Domain, '_is_libvirt_before', lambda self, version: self.dom.host('getLibVersion') < version)


class Clock(object):
    now = 1000.0

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.mark.parametrize('libvirt,at_once', [(1002016, False), (1002017, False), (1002018, True), (9000000, True)])
def test_ready_is_believed_once_it_stays(monkeypatch, libvirt, at_once):
    clock = Clock()
    monkeypatch.setattr(domains, 'time', clock)
    dom = Dom(libvirt)
    domain = domains.Domain(dom)
    assert domain.is_ready() is at_once
    clock.now += 1
    dom.text = dom.text.replace('yes', 'no')
    assert domain.is_ready() is False
    dom.text = dom.text.replace('"no"', '"yes"')
    assert domain.is_ready() is at_once
    clock.now += domains.SCAN
    assert domain.is_ready() is True


@pytest.mark.parametrize('libvirt,refused', [(1002016, True), (4000000, True), (5010000, False)])
def test_a_chain_that_was_read_in_part_is_none(libvirt, refused):
    domain = domains.Domain(Dom(libvirt, chain='<backingStore><source file="/i/disk.light-1"/></backingStore>'))
    if refused:
        with pytest.raises(errors.EngineError, match='does not know all files that disk vda'):
            domain.check_chain('/i/disk')
    else:
        domain.check_chain('/i/disk')
    domains.Domain(Dom(libvirt)).check_chain('/i/disk')


@pytest.mark.parametrize('target,qemu,refused', [('sda', 2003000, True), ('hda', 2003000, True), ('vda', 2003000, False), ('sda', 2003001, False)])
def test_no_active_commit_where_a_discard_may_take_a_write_along(monkeypatch, target, qemu, refused):
    class Libvirt(object):
        VIR_DOMAIN_BLOCK_COMMIT_ACTIVE = 4
        libvirtError = Exception
    monkeypatch.setattr(domains, '_libvirt', lambda: Libvirt)
    dom = Dom(qemu=qemu, target=target)
    catch_up = type('CatchUp', (object,), {'wait': lambda self, base: None})()
    if refused:
        with pytest.raises(errors.EngineError, match='QEMU before 2.3.1 may lose'):
            domains.Domain(dom, target).commit_active_prepare('/i/disk', catch_up)
    else:
        domains.Domain(dom, target).commit_active_prepare('/i/disk', catch_up)
    assert bool(dom.begun) is not refused


# ---- jobs

class Files(object):
    def __init__(self, *answers):
        self.answers = list(answers)

    def written(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Record(object):
    disk_names, live = ['disk'], [{'file': 'disk.light-1'}, {'file': 'disk.light-2'}]


class Guest(object):
    def __init__(self, guesses=True):
        self.is_pivot_guessed = lambda: guesses


def runner(monkeypatch, files, guest):
    monkeypatch.setattr(domains, 'SETTLE', 0.2)
    return jobs.Runner(Record(), files, guest, {})


JOB = {'base': 'disk', 'disks': ['disk']}


def test_a_pivot_is_believed_once_qemu_writes_to_no_layer(monkeypatch):
    runner(monkeypatch, Files(['disk.light-2'], []), Guest())._check_left(JOB, [(None, '/i/disk')])
    runner(monkeypatch, Files(['disk']), Guest())._check_left(JOB, [(None, '/i/disk')])
    with pytest.raises(errors.EngineError, match='has the layers open still; the server stays paused'):
        runner(monkeypatch, Files(['disk.light-2']), Guest())._check_left(JOB, [(None, '/i/disk')])
    # The layer that is committed to is written to, and ought to be.
    runner(monkeypatch, Files(['disk.light-1']), Guest())._check_left(dict(JOB, base='disk.light-1'), [(None, '/i/disk.light-1')])


def test_a_libvirt_that_hears_of_it_is_believed(monkeypatch):
    runner(monkeypatch, Files(['disk.light-2']), Guest(False))._check_left(JOB, [(None, '/i/disk')])


def test_a_commit_that_cannot_be_ended_leaves_no_guest_slowed_down(monkeypatch):
    done = []

    class Disk(object):
        def active(self):
            return '/i/disk.light-2'

        def abort(self):
            done.append('abort')
            raise ValueError('another job is still being ended')

    class CatchUp(object):
        def __init__(self, *_args):
            pass

        def undo(self):
            done.append('undo')
    monkeypatch.setattr(jobs.catchup, 'CatchUp', CatchUp)
    made = runner(monkeypatch, Files([]), Guest())
    made.running = lambda: True
    made._take_back(JOB, [(Disk(), '/i/disk'), (Disk(), '/i/disk.swap')], None)
    assert done == ['abort', 'abort', 'undo']
