"""The states that a server may be in, and how it is brought there."""

from tests.operations.server import Server
from tests.operations.world import PREFIX


class State:
    """`title`: as the table says it. `history`: whether it keeps its snapshots. `powered`: whether it runs. `devices`: disks beside the root disk."""

    def __init__(self, title, fill, history=False, powered=True, devices=(), committed=False):
        self.title, self._fill, self.history, self.powered, self.devices, self.committed = title, fill, history, powered, devices, committed

    def make(self, world):
        """A new server, which has to be brought into this state."""
        return Server.make(world, PREFIX + self.title.replace(' ', '-'), self.devices)

    def dress(self, server):
        """Bring a server into the state, whatever its disk holds."""
        server.power(True)
        if server.body()['light_snapshot_enabled']:
            server.act('disableSnapshot')
        server.known, server.at = {}, {}
        self._fill(server)
        server.settled()

    def ready(self, server):
        """What the last operation may have changed of the state is as it was."""
        if self.committed:
            server.power(True)
            if server.record()['live']:
                server.act('commitSnapshot')
        server.power(self.powered)


def _plain(server):
    server.fill('one')
    server.fill('two')


def _enabled(server):
    server.fill('one')
    server.act('enableSnapshot')
    server.fill('two')
    server.snapshot(name='before', description='the last one')
    server.fill('three')


def _kept(count):
    def fill(server):
        server.fill('zero')
        server.act('enableSnapshot', {'store': True})
        for number in range(1, count + 1):
            server.fill('file%d' % number)
            server.snapshot(name='number %d' % number)
        server.fill('newest')
    return fill


def _recovered(server):
    _kept(3)(server)
    everything = set(server.known)
    server.recover_to(min(server.at))
    server.at = {index: dict(dict.fromkeys(everything | {'branch'}), **known) for index, known in server.at.items()}
    server.fill('branch')


def _committed(server):
    _enabled(server)
    # What was listed is one with the root disk from now on.
    server.at = {}
    server.act('commitSnapshot')


STATES = (
    State('plain', _plain),
    State('enabled', _enabled),
    State('5 kept', _kept(5), history=True),
    State('recovered', _recovered, history=True),
    State('stopped', _kept(2), history=True, powered=False),
    State('committed', _committed, committed=True),
    State('two disks', _kept(2), history=True, devices=('vdb',)),
)
