"""Another qemu-img for the engine than the machine's."""

import subprocess

from light_snapshot.engine import privileged


def use(monkeypatch, program):
    """Have the engine run `program` in the place of qemu-img."""

    class Other(object):
        PIPE, STDOUT = subprocess.PIPE, subprocess.STDOUT

        @staticmethod
        def Popen(argv, **keywords):    # noqa: N802  subprocess's name
            return subprocess.Popen([program] + argv[1:] if argv[0] == 'qemu-img' else argv, **keywords)

    monkeypatch.setattr(privileged, 'subprocess', Other)
    monkeypatch.setattr(privileged, '_versions', {})
