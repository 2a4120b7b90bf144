"""Installing the packages of Debian: one that does not come to its end is tried once more, not more often."""
import contextlib

import pytest

from testbed import install, settings, shell


@pytest.fixture
def apt(monkeypatch, tmp_path):
    """Stands for apt: `codes` are the exit codes of the installations to come, `runs` what was run."""
    class Apt:
        codes, runs = [], []

        def run(self, argv, log=None, check=True, **_keywords):
            self.runs.append((argv[1], log.name))
            code = 0 if argv[1] == "update" else self.codes.pop(0)
            if code and check:
                raise shell.TestbedError("apt failed")
            return code, ""

    one = Apt()
    one.codes, one.runs = [], []
    monkeypatch.setattr(settings, "LOGS", tmp_path)
    monkeypatch.setattr(install, "missing", lambda names: list(names))
    monkeypatch.setattr(install, "no_service_starts", contextlib.nullcontext)
    monkeypatch.setattr(shell, "run", one.run)
    return one


def test_once_is_enough(apt):
    apt.codes[:] = [0]
    install.install(["horizon"])
    assert apt.runs == [("update", "apt-update.log"), ("install", "apt-install.log")]


def test_once_more(apt):
    apt.codes[:] = [100, 0]
    install.install(["horizon"])
    assert apt.runs[1:] == [("install", "apt-install.log"), ("install", "apt-install-again.log")]


def test_not_more_often(apt):
    apt.codes[:] = [100, 100]
    with pytest.raises(shell.TestbedError):
        install.install(["horizon"])
    assert len(apt.runs) == 3
