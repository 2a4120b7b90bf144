"""The guest: Debian's cloud kernel, a ramdisk, and a root disk with busybox and QEMU's guest agent; and their images in glance.

The root disk is a plain ext4 file system without partitions.  Its programs are the machine's own busybox, qemu-ga and resize2fs with
the shared libraries that these name, and the scripts in guest/.
"""
import gzip
import hashlib
import os
import re
import shutil
from pathlib import Path

from . import catalog, settings, shell

BUILD = settings.STATE / "guest"
ROOT_MIB = 900
MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "virtio_rng", "button", "evdev")
BUSYBOX = "/bin/busybox"
PROGRAMS = ("/usr/sbin/qemu-ga", "/sbin/resize2fs")
SCRIPTS = ("guest-agent", "guest-records", "guest-verify", "guest-write", "guest-corrupt", "guest-poweroff")
# What a power button press runs; acpid looks for this file name.
POWER_BUTTON = "etc/acpi/PWRF/00000080"
COMMAND_LINE = "console=ttyS0 loglevel=4"


def kernel():
    """Return (path, version) of the newest Debian cloud kernel.  Raises TestbedError when none is installed."""
    found = sorted(Path("/boot").glob("vmlinuz-*-cloud-amd64"), key=lambda p: [int(n) for n in re.findall(r"\d+", p.name)])
    if not found:
        raise shell.TestbedError("no cloud kernel in /boot: testbed install")
    return found[-1], found[-1].name[len("vmlinuz-"):]


def libraries(program):
    """Return the paths of the shared libraries that PROGRAM needs, its loader included."""
    _, out = shell.run(["ldd", program])
    return sorted(set(re.findall(r"(/\S+) \(0x", out)))


def identity():
    """Return a checksum of everything the images are made of; images made of the same need not be made again."""
    digest = hashlib.sha256(kernel()[1].encode())
    files = [Path(__file__), Path(BUSYBOX)] + [Path(p) for p in PROGRAMS] + sorted(settings.GUEST_FILES.iterdir())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _copy(source, target, mode=0o755):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def _modules(version):
    """Return the module files in the order in which they are to be loaded; what is built into the kernel is not among them."""
    _, out = shell.run(["modprobe", "-S", version, "-D", "-a"] + list(MODULES))
    order = []
    for line in out.splitlines():
        if line.startswith("insmod "):
            path = line.split()[1]
            if path not in order:
                order.append(path)
    return order


def _root(top):
    """Fill directory TOP with the root disk's files; return the programs without which it cannot boot, relative to TOP."""
    for name in ("bin", "sbin", "dev", "proc", "sys", "run", "tmp", "var", "data", "etc"):
        (top / name).mkdir(parents=True)
    (top / "var/run").symlink_to("/run")
    _copy(BUSYBOX, top / "bin/busybox")
    _, applets = shell.run([BUSYBOX, "--list"])
    for applet in applets.split():
        # The guest's own init and the copied resize2fs are not to be hidden by an applet.
        if applet not in ("busybox", "init", "linuxrc", "resize2fs"):
            (top / "bin" / applet).symlink_to("busybox")
    for program in PROGRAMS:
        _copy(program, top / "sbin" / Path(program).name)
        for library in libraries(program):
            _copy(library, top / library.lstrip("/"))
    for script in SCRIPTS:
        _copy(settings.GUEST_FILES / script, top / "bin" / script)
    _copy(settings.GUEST_FILES / "init", top / "sbin/init")
    _copy(settings.GUEST_FILES / "guest-poweroff", top / POWER_BUTTON)
    # No /sbin/shutdown: libvirt asks the agent first, is told no, and presses the power button.  A guest that goes off while libvirt
    # waits for the agent's answer makes it report an error at times, which nova minds up to 15.
    (top / "etc/passwd").write_text("root::0:0:root:/:/bin/sh\n")
    return ["bin/busybox", "sbin/init"] + ["bin/" + script for script in SCRIPTS]


def _ramdisk(top, root, programs, version):
    """Fill directory TOP with the ramdisk's files."""
    for name in ("bin", "lib", "dev", "proc", "sys", "new"):
        (top / name).mkdir(parents=True)
    _copy(BUSYBOX, top / "bin/busybox")
    order = _modules(version)
    for path in order:
        _copy(path, top / "lib" / Path(path).name, 0o644)
    (top / "lib/modules.order").write_text("".join(Path(path).name + "\n" for path in order))
    sums = ("%s  %s\n" % (hashlib.sha256((root / name).read_bytes()).hexdigest(), name) for name in programs)
    (top / "lib/programs.sha256").write_text("".join(sums))
    _copy(settings.GUEST_FILES / "ramdisk-init", top / "init")
    _copy(settings.GUEST_FILES / "ramdisk-power", top / POWER_BUTTON)


def build():
    """Build the ramdisk and the root disk, unless they are there already; return their identity.  Raises TestbedError."""
    wanted = identity()
    stamp = BUILD / "identity"
    if stamp.exists() and stamp.read_text() == wanted:
        return wanted
    shutil.rmtree(BUILD, ignore_errors=True)
    root, ramdisk = BUILD / "root", BUILD / "ramdisk"
    BUILD.mkdir(parents=True)
    programs = _root(root)
    _ramdisk(ramdisk, root, programs, kernel()[1])
    names = "".join(str(path.relative_to(ramdisk)) + "\n" for path in sorted(ramdisk.rglob("*")))
    (BUILD / "names").write_text(names)
    shell.run(["sh", "-c", 'cd "$1" && cpio -o -H newc --quiet <"$2" >"$3"', "sh", str(ramdisk), str(BUILD / "names"),
               str(BUILD / "ramdisk.cpio")])
    (BUILD / "ramdisk.gz").write_bytes(gzip.compress((BUILD / "ramdisk.cpio").read_bytes(), 6))
    raw = BUILD / "root.raw"
    shell.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-d", str(root), str(raw), "%dM" % ROOT_MIB])
    shell.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(BUILD / "root.qcow2")])
    for path in (raw, BUILD / "ramdisk.cpio", BUILD / "names"):
        path.unlink()
    shutil.rmtree(root)
    shutil.rmtree(ramdisk)
    stamp.write_text(wanted)
    shell.say("guest image built (%d KiB root disk)" % (os.stat(BUILD / "root.qcow2").st_blocks // 2))
    return wanted


def upload():
    """Have the guest's three images in glance, public, made of today's parts.  Raises CloudError.

    Older ones of these names go then; while there are servers, which may be rebuilt or rescued from them, they are only hidden.
    """
    session, mark = catalog.admin(), identity()
    files = {settings.KERNEL_IMAGE: (kernel()[0], "raw"), settings.RAMDISK_IMAGE: (BUILD / "ramdisk.gz", "raw"),
             settings.IMAGE: (BUILD / "root.qcow2", "qcow2")}
    have, old = {}, []
    for hidden in ("false", "true"):
        for image in session.must("image", "GET", "/v2/images?limit=500&os_hidden=" + hidden)["images"]:
            if image["name"] in files and image.get("testbed_identity") == mark and image["status"] == "active" and hidden == "false":
                have[image["name"]] = image["id"]
            elif image["name"] in files and image.get("testbed_identity"):
                old.append(image)
    for name, (path, disk_format) in files.items():
        if name in have:
            continue
        fields = {"name": name, "visibility": "public", "container_format": "bare", "disk_format": disk_format, "testbed_identity": mark}
        if name == settings.IMAGE:
            fields.update({
                "kernel_id": have[settings.KERNEL_IMAGE], "ramdisk_id": have[settings.RAMDISK_IMAGE],
                "os_command_line": COMMAND_LINE, "hw_qemu_guest_agent": "yes", "min_disk": 1})
        have[name] = session.must("image", "POST", "/v2/images", fields)["id"]
        with open(path, "rb") as data:
            session.must("image", "PUT", "/v2/images/%s/file" % have[name], data, headers={
                "Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)})
        shell.say("image %s: %s" % (name, have[name]))
    # Afterwards, so that there is one at any time.
    used = bool(old) and bool(session.servers(everybody=True))
    for image in old:
        if not used:
            session.must("image", "DELETE", "/v2/images/" + image["id"])
        elif not image["os_hidden"]:
            session.must("image", "PATCH", "/v2/images/" + image["id"], [{"op": "replace", "path": "/os_hidden", "value": True}],
                         headers={"Content-Type": "application/openstack-images-v2.1-json-patch"})
