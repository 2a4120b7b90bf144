"""Talking to a guest through QEMU's guest agent: run commands in it, write and check data, read its records and its console.

The agent is reached by libvirt, so this works on the compute host alone, and never through the project's own code.
"""
import base64
import hashlib
import json
import re
import shlex
import subprocess
import time
from pathlib import Path

from . import settings

BLOCK = 4096
MODULUS = 2147483647
# Seconds that a guest may be paused while it is asked something.
PAUSE = 30


class GuestError(Exception):
    """The guest did not do what was asked, or did not answer in time."""


class RecordsBroken(GuestError):
    """The guest's records are not the unbroken series they should be."""


def seed_word(seed):
    """Return the 16 characters that stand for SEED, any string or number, in the data."""
    return hashlib.sha256(str(seed).encode()).hexdigest()[:16]


def expected_sha256(mib, seed):
    """Return the SHA-256 of MIB mebibytes of the data of SEED: what Guest.write() must have put into the file."""
    word = seed_word(seed)
    pad = (word * (BLOCK // 16))[:BLOCK - 16 - 1 - 10 - 1 - 1]
    head, rest = word.encode() + b" ", (" %s\n" % pad).encode()
    digest = hashlib.sha256()
    for start in range(0, mib * 256, 256):
        digest.update(b"".join(head + b"%010d" % number + rest for number in range(start, start + 256)))
    return digest.hexdigest()


class Record:
    """One record of the guest: NUMBER, BOOT and UPTIME (seconds) when it was written."""

    def __init__(self, number, boot, uptime):
        self.number, self.boot, self.uptime = number, boot, uptime

    def __repr__(self):
        return "<Record %d boot %d up %d s>" % (self.number, self.boot, self.uptime)


def verify_records(text):
    """Return the list of Record in TEXT, the guest's records file.

    Every line carries a check over itself and all lines before it (see guest/guest-records).  A last line without its end is left
    out: it is being written, or was when the power went, and was never reported.  Raises RecordsBroken at the first line that is
    damaged, missing, doubled or out of order.
    """
    found, check = [], 1
    whole, _, rest = text.rpartition("\n")
    if not re.fullmatch(r"[0-9 ]{0,60}", rest):
        raise RecordsBroken("the last line is not a record: %.80r" % rest)
    for number, line in enumerate(whole.split("\n") if whole else (), 1):
        fields = line.split()
        if len(fields) != 4 or not all(field.isdigit() for field in fields) or int(fields[0]) != number:
            raise RecordsBroken("line %d is not record %d: %.80r" % (number, number, line))
        _, boot, uptime, given = (int(field) for field in fields)
        check = (check * 31 + number * 7919 + boot * 104729 + uptime) % MODULUS
        if check != given:
            raise RecordsBroken("record %d does not follow from those before it: %.80r" % (number, line))
        found.append(Record(number, boot, uptime))
    return found


def poll(question, seconds, what, pause=0.2):
    """Ask QUESTION until its answer is true and return that.  Raises GuestError, saying WHAT, when SECONDS are over."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise GuestError("%s: not within %g s" % (what, seconds))
        time.sleep(pause)


class Guest:
    """The guest of one server.

    DOMAIN is the server's uuid or libvirt's name of it; URI is libvirt's, INSTANCES nova's directory of instances.
    """

    def __init__(self, domain, uri=settings.LIBVIRT_URI, instances=settings.INSTANCES):
        self.domain, self.uri, self.instances = domain, uri, Path(instances)

    def virsh(self, *words, timeout=60):
        """Run a virsh command and return its output.  Raises GuestError with virsh's words when it fails."""
        try:
            done = subprocess.run(["virsh", "-q", "-c", self.uri] + list(words), stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=timeout, env=settings.ENVIRONMENT)
        except subprocess.TimeoutExpired:
            raise GuestError("virsh %s: no end after %d s" % (words[0], timeout)) from None
        if done.returncode:
            raise GuestError("virsh %s %s: %s" % (words[0], self.domain, done.stderr.strip()))
        return done.stdout

    def agent(self, command, timeout=10, **arguments):
        """Send COMMAND to the guest agent and return what it returns.  Raises GuestError; TIMEOUT is in seconds."""
        message = {"execute": command}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        out = self.virsh("qemu-agent-command", self.domain, json.dumps(message), "--timeout", str(timeout), timeout=timeout + 20)
        return json.loads(out)["return"]

    def state(self):
        """Return libvirt's word for the domain's state ("running", "shut off" ...), or "absent" when libvirt does not know it."""
        try:
            return self.virsh("domstate", self.domain).strip()
        except GuestError:
            return "absent"

    def name(self):
        """Return libvirt's name of the domain.  Raises GuestError when there is none."""
        return self.virsh("domname", self.domain).strip()

    def uuid(self):
        """Return the server's uuid.  Raises GuestError when libvirt does not know the name."""
        # virsh domuuid itself does not take a uuid.
        return self.domain if re.fullmatch(r"[0-9a-f-]{36}", self.domain) else self.virsh("domuuid", self.domain).strip()

    def answers(self):
        """Return whether the guest agent answers."""
        try:
            self.agent("guest-ping", timeout=5)
            return True
        except GuestError:
            return False

    def wait_up(self, timeout=60):
        """Wait until the guest agent answers; return the number of the boot.  Raises GuestError after TIMEOUT seconds."""
        poll(self.answers, timeout, "the guest agent of %s" % self.domain)
        return self.boot()

    def _asked(self, command, **arguments):
        """The same as `agent`, past a pause: libvirt says that a guest is not running for the moment in which a commit of it ends."""
        def answer():
            try:
                return self.agent(command, **arguments)
            except GuestError as error:
                if "domain is not running" not in str(error) or self.state() not in ("paused", "running"):
                    raise
                return None
        return poll(answer, PAUSE, "the end of a pause of %s" % self.domain, pause=0.1)

    def run(self, command, timeout=60, check=False):
        """Run COMMAND in the guest and return (exit code, output, error output), both decoded.

        COMMAND is a list of words, or a string for the guest's shell.  Raises GuestError when the agent does not answer, when the
        command takes more than TIMEOUT seconds, and with CHECK when it fails.
        """
        words = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        if not words[0].startswith("/"):
            words.insert(0, "/bin/env")
        pid = self._asked("guest-exec", path=words[0], arg=words[1:], capture_output=True,
                         env=["PATH=/bin:/sbin", "HOME=/root"])["pid"]

        def finished():
            status = self._asked("guest-exec-status", pid=pid)
            return status if status["exited"] else None

        shown = command if isinstance(command, str) else shlex.join(command)
        status = poll(finished, timeout, "%s in %s" % (shown[:100], self.domain), pause=0.1)
        out, err = (base64.b64decode(status.get(key, "")).decode(errors="replace") for key in ("out-data", "err-data"))
        code = status.get("exitcode", 128 + status.get("signal", 0))
        if check and code:
            raise GuestError("%s in %s: exit code %d: %s" % (shown[:100], self.domain, code, (err or out).strip()[-500:]))
        return code, out, err

    # --- data

    def write(self, path, mib, seed, timeout=300):
        """Write MIB mebibytes of the data of SEED to the file PATH, on the disk when this returns; return the SHA-256 it must have.

        The checksum is worked out here, on the host, from the seed alone.
        """
        self.run(["guest-write", path, str(mib), seed_word(seed)], timeout, check=True)
        return expected_sha256(mib, seed)

    def sha256(self, path, timeout=300):
        """Return the SHA-256 of the file PATH as the guest reads it.  Raises GuestError when there is no such file."""
        return self.run(["sha256sum", path], timeout, check=True)[1].split()[0]

    def drop_caches(self):
        """Make the guest read from its disk again what it has in memory."""
        self.run("sync; echo 3 >/proc/sys/vm/drop_caches", check=True)

    def sync(self):
        """Flush the guest's file systems to its disk."""
        self.run(["sync"], check=True)

    def exists(self, path):
        """Return whether the guest has the file PATH."""
        return self.run(["test", "-e", path])[0] == 0

    def boot(self):
        """Return the number of the guest's present boot, counted on its root disk from 1."""
        return int(self.run(["cat", "/var/boots"], check=True)[1])

    # --- records

    def all_records(self):
        """Return the guest's records, verified on the host.  Raises RecordsBroken, GuestError."""
        return verify_records(self.run(["cat", "/var/records"], check=True)[1])

    def records(self):
        """Return the number of the last record, after all of them were verified; 0 when there is none."""
        found = self.all_records()
        return found[-1].number if found else 0

    def wait_record(self, number, timeout=30):
        """Wait until record NUMBER is on the guest's disk; return the last one's number.  Raises GuestError after TIMEOUT seconds."""

        def there():
            last = self.records()
            return last if last >= number else None

        return poll(there, timeout, "record %d of %s" % (number, self.domain), pause=0.3)

    # --- damage, freezing

    def corrupt(self, what="files", timeout=60):
        """Have the guest destroy its own data: its "files" (records, /data, boot programs), or its "disk" (the file system as well).

        After "disk" the agent may be gone, so no answer in time is not an error then.
        """
        try:
            self.run(["guest-corrupt", what], timeout, check=True)
        except GuestError:
            if what != "disk":
                raise

    def freeze(self):
        """Freeze the guest's file systems; return how many.  Raises GuestError."""
        return self.agent("guest-fsfreeze-freeze", timeout=30)

    def thaw(self):
        """Thaw the guest's file systems; return how many.  Raises GuestError."""
        return self.agent("guest-fsfreeze-thaw", timeout=30)

    def frozen(self):
        """Return whether the guest's file systems are frozen."""
        return self.agent("guest-fsfreeze-status") == "frozen"

    # --- console

    def console(self):
        """Return the guest's console log of the file that libvirt keeps beside the disk; empty when there is none."""
        text, uuid = "", self.uuid()
        for name in ("console.log.0", "console.log"):
            try:
                with open(self.instances / uuid / name, errors="replace") as log:
                    text += log.read()
            except FileNotFoundError:
                pass
        return text

    def wait_console(self, pattern, timeout=60, after=0):
        """Wait until the console, from character AFTER on, matches the regular expression PATTERN; return the match.

        Raises GuestError, with the console's end, after TIMEOUT seconds.
        """
        try:
            return poll(lambda: re.search(pattern, self.console()[after:]), timeout, "%r on the console" % pattern)
        except GuestError as error:
            raise GuestError("%s; it ends: %s" % (error, self.console()[-600:])) from None

    def last_reported(self):
        """Return the highest record number on the console: what the guest promised is on its disk."""
        numbers = re.findall(r"^RECORD (\d+) \d+ \d+ \d+\s*$", self.console(), re.M)
        return max((int(number) for number in numbers), default=0)
