"""The testbed itself: every service serves, on loopback alone, and a guest of an ordinary user does what the other tests build on."""
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from testbed import cloud, guestctl, procs, services, settings

ROOT = Path(__file__).resolve().parents[2]


def test_every_service_serves():
    done = subprocess.run([sys.executable, "-m", "testbed", "status", "--json"], cwd=ROOT, capture_output=True, text=True)
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows if not row["serving"]] == []
    assert done.returncode == 0
    assert {row["name"] for row in rows} >= {"keystone", "nova-compute", "libvirtd", "apache2", "mariadb", "rabbitmq-server"}


def test_second_up_changes_nothing_and_is_done_in_half_a_minute():
    before = {service.name: service.pid() for service in services.ALL}
    done = subprocess.run([sys.executable, "-m", "testbed", "up"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert {service.name: service.pid() for service in services.ALL} == before


def test_only_loopback_is_listened_on(guest):
    found = services.sockets()
    assert {name for name, _, _ in found} >= set(settings.PORTS) & set(services.BY_NAME)     # cinder's is an option's
    # The guest is running, so its console's server is among them.
    assert any(name == "libvirtd" and port >= 5900 for name, _, port in found)
    assert [one for one in found if not procs.is_loopback(one[1])] == []


def test_other_tenants_server_is_not_seen(server):
    assert cloud.Cloud.of("other").call("compute", "GET", "/servers/" + server).status == 404


def test_guest_boots_with_agent_and_verified_records(guest):
    assert guest.boot() == 1
    assert guest.wait_console(r"GUEST-UP boot=1 kernel=(\S+)")
    before = guest.wait_record(5)
    code, out, _ = guest.run(["guest-verify"])
    assert code == 0
    assert before <= int(re.fullmatch(r"records (\d+) ok\n", out).group(1)) <= guest.records()
    assert guest.last_reported() <= guest.records()


def test_guest_uses_the_whole_flavors_disk(guest):
    _, out, _ = guest.run("df -m / | tail -n 1")
    assert int(out.split()[1]) > 1900


def test_commands_report_code_output_and_errors(guest):
    assert guest.run("echo one; echo two >&2; exit 3") == (3, "one\n", "two\n")
    with pytest.raises(guestctl.GuestError):
        guest.run(["false"], check=True)


def test_seeded_data_has_the_checksum_the_host_works_out(guest):
    expected = guest.write("/data/twenty", 20, "first")
    guest.drop_caches()
    assert guest.sha256("/data/twenty") == expected
    assert guest.write("/data/other", 1, "second") != guest.write("/data/one", 1, "first")


def test_freeze_stops_the_records_and_thaw_resumes_them(guest):
    assert guest.freeze() >= 1
    try:
        assert guest.frozen()
        reported, until = guest.last_reported(), time.monotonic() + 2
        while time.monotonic() < until:
            # One may have reached the disk just before the freeze, and the console after it.
            assert guest.last_reported() <= reported + 1
            time.sleep(0.1)
    finally:
        assert guest.thaw() >= 1
    assert not guest.frozen()
    assert guest.wait_record(reported + 3) >= reported + 3


def test_hard_reboot_keeps_the_data(demo, server, guest):
    expected = guest.write("/data/kept", 5, "kept")
    promised = guest.wait_record(guest.last_reported() + 1)
    demo.act(server, {"reboot": {"type": "HARD"}})
    assert guest.wait_up() == 2
    assert guest.records() >= promised
    assert guest.sha256("/data/kept") == expected


def test_clean_stop_and_start(demo, server, guest):
    assert demo.act(server, {"os-stop": None}, "SHUTOFF") < 15
    assert guest.state() == "shut off"
    demo.act(server, {"os-start": None})
    assert guest.wait_up() == 3
    assert {one.boot for one in guest.all_records()} >= {1, 2}


def test_destroyed_guest_says_so_and_can_be_stopped(demo, server, guest):
    guest.corrupt("files")
    with pytest.raises(guestctl.RecordsBroken):
        guest.records()
    guest.corrupt("disk")
    demo.act(server, {"reboot": {"type": "HARD"}})
    guest.wait_console(r"NO-ROOT ")
    assert demo.act(server, {"os-stop": None}, "SHUTOFF") < 15
