"""A server's directory with a history: made once, by the engine itself, and written down again for every other server."""

import os

import bench.scale
from bench.scale import recorded
from light_snapshot.engine import domain
from light_snapshot.engine import engine
from light_snapshot.engine import files
from light_snapshot.engine import inventory
from light_snapshot.engine import layout
from light_snapshot.engine import record as records


class Template:
    """:param directory: where the server of which all others are copies is made
    :param guests: as for `recorded.Acts`
    :param daily: what the record notes of daily snapshots
    """

    def __init__(self, directory, guests, points=bench.scale.POINTS, daily=None):
        os.makedirs(directory)
        recorded.hurry()
        try:
            self._make(str(directory), str(guests), points, daily)
        finally:
            recorded.hurry(False)
        self.record = records.load(str(directory))
        self.counters = inventory.counters(self.record, files.Files(str(directory)))
        self._keep(str(directory))

    @staticmethod
    def _make(directory, guests, points, daily):
        recorded.make_disk(directory)
        guest = recorded.Guest(directory, guests)
        guest.active = layout.DISK
        one = engine.Engine(directory, domain.Domain(guest, recorded.TARGET), recorded.Acts(guests).run)
        one.enable([{'name': layout.DISK, 'target': recorded.TARGET, 'format': 'qcow2'}], store=True)
        one.finish()
        # With history on, the disk as it was is the first restore point.
        for number in range(1, points):
            one.snapshot('point %d' % number)
            one.finish()
        if daily is not None:
            one.note_daily(daily)

    def _keep(self, directory):
        self._files, self._links, seen = {}, {}, {}
        for folder in ('', layout.HISTORY):
            for found in sorted(os.listdir(os.path.join(directory, folder))):
                name = os.path.join(folder, found)
                stat = os.lstat(os.path.join(directory, name))
                if not os.path.isfile(os.path.join(directory, name)):
                    continue
                if stat.st_ino in seen:
                    self._links[name] = seen[stat.st_ino]
                    continue
                seen[stat.st_ino] = name
                with open(os.path.join(directory, name), 'rb') as handle:
                    self._files[name] = handle.read()

    def copy(self, directory, guests):
        """Another server like it."""
        os.makedirs(os.path.join(directory, layout.HISTORY))
        for name, data in self._files.items():
            with open(os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'wb') as handle:
                handle.write(data)
        for name, first in self._links.items():
            os.link(os.path.join(directory, first), os.path.join(directory, name))
        recorded.Guest(str(directory), str(guests)).active = self.record.active
