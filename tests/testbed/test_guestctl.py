"""What the host works out by itself about a guest's data and records: no guest needed."""
import hashlib

import pytest

from testbed import guestctl


def series(count, boot=1):
    """Return the text of COUNT records, made as the guest makes them."""
    lines, check = [], 1
    for number in range(1, count + 1):
        uptime = number // 2
        check = (check * 31 + number * 7919 + boot * 104729 + uptime) % guestctl.MODULUS
        lines.append("%d %d %d %d\n" % (number, boot, uptime, check))
    return lines


def test_good_records_are_read():
    found = guestctl.verify_records("".join(series(50)))
    assert [one.number for one in found] == list(range(1, 51))
    assert found[-1].boot == 1 and found[-1].uptime == 25
    assert guestctl.verify_records("") == []


def test_line_being_written_is_left_out():
    assert len(guestctl.verify_records("".join(series(5)) + "6 1 3 11")) == 5


@pytest.mark.parametrize("damage", [
    lambda lines: lines[:3] + lines[4:],
    lambda lines: lines[:3] + [lines[3]] + lines[3:],
    lambda lines: lines[:3] + ["4 1 3 77\n"] + lines[4:],
    lambda lines: lines[:3] + [lines[3].replace("4 1 ", "4 2 ", 1)] + lines[4:],
    lambda lines: lines[:3] + ["XXXXXX\n"] + lines[4:],
    lambda lines: ["X" * 200],
    lambda lines: lines[:5] + ["\0\0\0\0\0\0"],
    lambda lines: series(5)[:4] + series(6, boot=2)[4:],
])
def test_damaged_records_are_refused(damage):
    with pytest.raises(guestctl.RecordsBroken):
        guestctl.verify_records("".join(damage(series(10))))


def test_expected_data_is_as_described():
    word = guestctl.seed_word("a")
    assert len(word) == 16 and word != guestctl.seed_word("b")
    blocks = []
    for number in range(512):
        head = "%s %010d " % (word, number)
        blocks.append((head + word * 300)[:4095] + "\n")
    data = "".join(blocks).encode()
    assert len(data) == 2 << 20
    assert guestctl.expected_sha256(2, "a") == hashlib.sha256(data).hexdigest()


class Guest(guestctl.Guest):
    """One that libvirt takes for paused as often as asked."""

    def __init__(self, pauses, state):
        super().__init__("name")
        self.pauses, self.now = pauses, state

    def virsh(self, *words, timeout=60):
        if words[0] == "domstate":
            return self.now + "\n"
        if self.pauses:
            self.pauses -= 1
            raise guestctl.GuestError("virsh qemu-agent-command name: error: Requested operation is not valid: domain is not running")
        if "guest-exec-status" in words[2]:
            return '{"return": {"exited": true, "exitcode": 0, "out-data": "eA=="}}'
        return '{"return": {"pid": 7}}'


def test_a_pause_is_waited_for():
    assert Guest(2, "paused").run("x") == (0, "x", "")


def test_a_guest_that_is_off_is_not():
    with pytest.raises(guestctl.GuestError, match="domain is not running"):
        Guest(1, "shut off").run("x")
