"""The node that all tests of upgrades share, in the order of their files; needs root, and a kernel with name spaces and overlay."""
import os
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.upgrades import base, cloud, judge  # noqa: E402


@pytest.fixture(scope='session')
def ours():
    """Our package of this tree."""
    return cloud.built()


@pytest.fixture(scope='session')
def here(ours):
    """The node with our package on it, and the server."""
    # On the file system of the root; the last one stays to be looked at.
    with cloud.Cloud(os.path.join(base.PLACE, 'work')) as made:
        began = time.monotonic()
        made.prepare()
        made.stage(ours, *made.debian.values())
        made.add_server()
        base.log('services run; installing light-snapshot')
        made.apt('install', 'light-snapshot')
        made.installed = time.time()
        made.verify()
        yield made
        samples = made.samples()
        base.log('%.0f s; %d looks of the sampler, at most %.3f s between two, at %d processes of services; %d modules of %d processes watched'
                 % (time.monotonic() - began, samples.looks, samples.gap, len(samples.services),
                    sum(one.own for one in made.watched()), len(made.watched())))


@pytest.fixture
def judged(here):
    """After every step: no process ever ran code of two builds, and no nova-compute ever ran without our hooks."""
    before = here.samples().looks
    yield
    found = here.watched()
    faults = judge.faults(found, hooks_needed=lambda moment: moment > here.installed)
    assert not faults, '\n'.join(faults)
    # The watch missed none of the processes that the sampler saw.
    here.wait('the sampler looks', lambda: here.samples().looks > before, 30)
    seen = here.samples()
    keys = set(one.key for one in found)
    missed = ['%s %s' % (key, one.command) for key, one in seen.services.items()
              if '/usr/bin/nova-' in one.command and key not in keys and one.end and one.end - one.start > 5]
    assert not missed, missed
