"""The commands: bring the stack up, take it down, make it new, tell how it is."""
import datetime
import os
import shutil

from . import catalog, cloud, config, databases, guestimage, install, packages, procs, services, settings, shell, state

RABBIT_STAMP = "rabbitmq-account"
KVM = "/dev/kvm"


def _base_service(service):
    service.start()
    service.wait()


def _rabbitmq():
    _base_service(services.BY_NAME["rabbitmq-server"])
    # Each rabbitmqctl takes seconds, so the account is looked after once only.
    if state.stamp(RABBIT_STAMP) is None:
        _, users = shell.run(["rabbitmqctl", "-q", "list_users"])
        known = any(line.split()[:1] == ["openstack"] for line in users.splitlines())
        shell.run(["rabbitmqctl", "-q", "change_password" if known else "add_user", "openstack", settings.PASSWORD])
        shell.run(["rabbitmqctl", "-q", "set_permissions", "openstack", ".*", ".*", ".*"])
        state.set_stamp(RABBIT_STAMP, "done")
    shell.say("rabbitmq serves")


def _mariadb():
    _base_service(services.BY_NAME["mariadb"])
    databases.accounts()
    shell.say("mariadb serves, databases and accounts are there")


def _kvm_device():
    """Give /dev/kvm the owner and mode that udev gives it, where no udev runs.

    With any other, libvirt finds at each start of a guest that what it knows of QEMU is out of date, and examines it
    again: 8 to 20 seconds each time, although no guest of ours uses KVM.
    """
    if os.path.exists(KVM):
        shutil.chown(KVM, "root", "kvm")
        os.chmod(KVM, 0o660)


def _libvirt():
    _kvm_device()
    _base_service(services.BY_NAME["virtlogd"])
    _base_service(services.BY_NAME["libvirtd"])
    # As nova, because a libvirtd that somebody else started may still ask polkit, which cannot answer here.
    code, out = shell.run(["virsh", "-q", "-c", settings.LIBVIRT_URI, "list"], user="nova", check=False)
    if code:
        raise shell.failed("libvirt does not let nova in: %s" % out.strip(), services.BY_NAME["libvirtd"].log)
    _base_service(services.BY_NAME["memcached"])
    shell.say("libvirt and memcached serve")


def _keystone():
    databases.keystone()
    _base_service(services.KEYSTONE)
    catalog.fill()
    shell.say("keystone serves, with its users and catalog")


def _schemas():
    jobs = {name: getattr(databases, name) for name in ("nova", "neutron", "glance", "placement")}
    shell.together(dict(jobs, keystone=_keystone))
    shell.say("all schemas are up to date")


def heard(known, service):
    """Return whether a list of services, KNOWN, says that SERVICE is up and was heard of since its process started.

    OpenStack calls a service up for a minute after it died, so "up" alone says nothing about a service that was just started again.
    """
    one = known.get((service.binary, settings.HOST), {})
    if one.get("state") != "up" or not one.get("updated_at"):
        return False
    then = datetime.datetime.fromisoformat(one["updated_at"]).replace(tzinfo=datetime.timezone.utc).timestamp()
    return then >= procs.started_at(service.pid() or 0) - 1


def wait_heard(reporting, list_services):
    """Wait until each service of REPORTING was heard of, by what LIST_SERVICES() returns: {(binary, host): details}.

    Raises TestbedError, CloudError.
    """

    def mute():
        known = list_services()
        return [service for service in reporting if not heard(known, service)]

    def ended():
        return [service for service in reporting if service.pid() is None]

    if ended() or not shell.poll(lambda: ended() or not mute(), 90, 0.5) or ended():
        service = (ended() or mute() or reporting)[0]
        raise shell.failed("%s %s" % (service.name, "ended" if ended() else "runs but does not report"), service.log)


def serve(wanted):
    """Start the services WANTED that do not run, and wait until all of them serve.  Raises TestbedError."""
    for service in wanted:
        service.start()
    shell.together({service.name: service.wait for service in wanted})


def _openstack():
    serve(services.OPENSTACK)
    shell.say("OpenStack's services serve")
    wait_heard(services.REPORTING, catalog.admin().compute_services)
    databases.map_host()
    shell.say("nova-compute is up and has its cell")


def _stop_changed(changed):
    """Stop the services of ours whose configuration changed; they are started again with the others."""
    for service in reversed(services.ALL):
        if service.name in changed and service.pid() is not None:
            if service.ours():
                shell.say("%s: configuration changed, restarting" % service.name)
                service.stop()
            else:
                shell.say("warning: %s runs with an older configuration, and was not started by the testbed" % service.name)


def _refuse_somebodys_cloud():
    """Raise TestbedError when an OpenStack service runs with a configuration that is not the testbed's: it would be overwritten."""
    foreign = config.foreign()
    for service in services.ALL:
        if service not in services.BASE and service.name in foreign and service.pid() is not None and not service.ours():
            raise shell.TestbedError("%s runs with %s, which is not the testbed's: nothing was changed" % (
                service.name, foreign[service.name]))


def _forget_devices():
    """Without cinder the catalog has none: after a power loss it names one still."""
    from .devices import updown as devices
    devices.forget_if_gone()


def up():
    """Bring everything up, whatever part of it is there already.  Raises TestbedError or CloudError."""
    gone = install.missing(packages.STACK + packages.GUEST)
    if gone:
        install.install()
    for service in services.ALL:
        service.forget_if_gone()
    _refuse_somebodys_cloud()
    changed = config.write_all()
    shell.say("configuration written, changed for: %s" % (" ".join(sorted(changed)) or "nothing"))
    _stop_changed(changed)
    shell.together({"mariadb": _mariadb, "rabbitmq": _rabbitmq, "libvirt": _libvirt, "guest image": guestimage.build})
    _schemas()
    _openstack()
    catalog.flavors()
    guestimage.upload()
    _forget_devices()
    shell.say("up: openrc %s, Horizon http://%s/horizon (admin, demo or other; password %s)" % (
        settings.OPENRC, settings.IP, settings.PASSWORD))


def destroy_guests(forget, prefix="instance-"):
    """Switch off nova's guests, whose names begin with PREFIX, as a power loss would; with FORGET libvirt forgets them too."""
    _, out = shell.run(["virsh", "-q", "-c", settings.LIBVIRT_URI, "list", "--all", "--name"])
    for name in (name for name in out.split() if name.startswith(prefix)):
        shell.run(["virsh", "-q", "-c", settings.LIBVIRT_URI, "destroy", name], check=False)
        if forget:
            shell.run(["virsh", "-q", "-c", settings.LIBVIRT_URI, "undefine", name, "--snapshots-metadata", "--managed-save",
                       "--checkpoints-metadata"], check=False)


def down(keep=()):
    """Stop what `up` started, but for the services named in KEEP; nova's guests lose their power.  Raises TestbedError."""
    from .devices import updown as devices
    from .ocata import updown as ocata
    from .second import host as second
    ocata.down()
    devices.down()
    second.power_off()
    mine = [service for service in services.mine() if service.name not in keep]
    libvirtd = services.BY_NAME["libvirtd"]
    if services.NOVA_COMPUTE in mine:
        services.NOVA_COMPUTE.stop()
    if libvirtd in mine and libvirtd.serving():
        destroy_guests(forget=False)
    # The services of OpenStack do not wait for one another, so they can be stopped at the same time.
    above = {service.name: service.stop for service in mine if service not in services.BASE}
    shell.together(above)
    for service in mine:
        if service in services.BASE:
            service.stop()
    shell.say("stopped: %s" % (" ".join(service.name for service in mine) or "nothing was started by the testbed"))


def empty(directory):
    """Remove everything in DIRECTORY."""
    for path in directory.iterdir() if directory.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def reset():
    """Stop everything that `up` started and drop what it filled: databases, keys, images, instances, caches.

    Raises TestbedError, also when services run that `up` did not start: their data would be lost under them.
    """
    foreign = [service.name for service in services.ALL if service.pid() is not None and not service.ours()
               and service not in services.BASE]
    if foreign:
        raise shell.TestbedError("not started by the testbed, so not reset under them: %s" % " ".join(foreign))
    from .ocata import updown as ocata
    down(keep=("mariadb", "libvirtd", "virtlogd"))
    mariadb, libvirtd, virtlogd = (services.BY_NAME[name] for name in ("mariadb", "libvirtd", "virtlogd"))
    for service in (mariadb, virtlogd, libvirtd):
        _base_service(service)
    destroy_guests(forget=True)
    ocata.forget()
    databases.drop()
    down()
    for directory in databases.KEYS + (settings.INSTANCES, settings.GLANCE_IMAGES, state.STAMPS):
        empty(directory)
    shell.say("databases, keys, images, instances and caches are gone")


def rows(asked):
    """Return [{"name", "serving", "pid", "port", "log", "ours", "note"}, ...], one for each service of ASKED."""
    ours = state.started()

    def one(service):
        pid = service.pid()
        return {"name": service.name, "serving": pid is not None and service.answers(), "pid": pid, "port": service.port,
                "log": str(service.log), "ours": service.name in ours, "note": ""}

    found = shell.together({service.name: (lambda s=service: one(s)) for service in asked})
    return [found[service.name] for service in asked]


def mark_mute(found, reporting, known):
    """Mark as not serving those services of REPORTING, in the rows FOUND by name, that nova's list KNOWN says nothing new of."""
    for service in reporting:
        row = found[service.name]
        if row["serving"] and not heard(known, service):
            row.update(serving=False, note="runs, but has not reported to nova")


def status():
    """Return the rows of the services, as rows() does, with what keystone and nova say of them."""
    answers = rows(services.ALL)
    found = {row["name"]: row for row in answers}
    if found["keystone"]["serving"] and found["nova-api"]["serving"]:
        try:
            known = catalog.admin().compute_services()
        except cloud.CloudError as error:
            known = {}
            found["nova-api"].update(serving=False, note=str(error)[:200])
        mark_mute(found, services.REPORTING, known)
    for name, address, port in services.sockets() if any(row["pid"] for row in answers) else ():
        if not procs.is_loopback(address):
            found[name].update(serving=False, note="listens on %s:%d, not on loopback" % (address, port))
    return answers
