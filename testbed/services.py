"""The services of the stack: how each is started, stopped, and asked whether it serves."""
import http.client
import socket
from pathlib import Path

from . import procs, settings, shell, state


class Service:
    """One service that an init script of Debian's starts.

    NAME is also the init script's name.  PIDFILE and EXPECT (a part of the command line) find the process, LOG is where its errors go,
    PATH is the page whose answer, any status below 500, means that an HTTP service serves.
    """

    def __init__(self, name, pidfile, expect, log, path=None, seconds=60):
        self.name, self.pidfile, self.expect, self.log, self.path, self.seconds = name, pidfile, expect, log, path, seconds
        self.port = settings.PORTS.get(name)
        # What nova calls it in its list of services.
        self.binary = name

    def pid(self):
        """Return the process id, None when it does not run."""
        return procs.pid_of(self.pidfile, self.expect)

    def answers(self):
        """Return whether the service answers on its port; a service without one counts as answering when it runs."""
        if self.port is None:
            return self.pid() is not None
        if self.path is None:
            return _connects(self.port)
        connection = http.client.HTTPConnection(settings.IP, self.port, timeout=20)
        try:
            connection.request("GET", self.path)
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def serving(self):
        """Return whether the process is there and answers."""
        return self.pid() is not None and self.answers()

    def _service(self, action):
        shell.run(["service", self.name, action], log=settings.LOGS / ("%s-%s.log" % (self.name, action)), timeout=180)

    def _start(self):
        self._service("start")

    def _stop(self):
        self._service("stop")

    def start(self):
        """Start the service if it does not run, and note that; does not wait until it serves.  Returns whether it was started.

        Raises TestbedError with the log's last lines.
        """
        if self.pid() is not None:
            return False
        if self.port and _connects(self.port):
            raise shell.TestbedError("%s: port %d is taken by a process that is not this service" % (self.name, self.port))
        # After a power loss some init scripts take an old pid file for a running service.
        Path(self.pidfile).unlink(missing_ok=True)
        self._start()
        pid = shell.poll(self.pid, 10)
        if pid is None:
            raise shell.failed("%s did not start" % self.name, self.log)
        state.record_started(self.name, pid)
        return True

    def wait(self):
        """Wait until the service serves.  Raises TestbedError with the log's last lines when it ends or takes too long."""
        if not shell.poll(lambda: self.answers() or self.pid() is None, self.seconds) or not self.serving():
            what = "%s runs but does not serve after %d s" % (self.name, self.seconds)
            if self.pid() is None:
                what = "%s ended while starting" % self.name
            raise shell.failed(what, self.log)

    def stop(self):
        """Stop the service."""
        if self.pid() is not None:
            self._stop()
            if not shell.poll(lambda: self.pid() is None, 60):
                raise shell.failed("%s does not end" % self.name, self.log)
        state.forget_started(self.name)

    def ours(self):
        """Return whether `up` started this service in this boot of the machine (a restart by its init script changes nothing)."""
        return self.name in state.started()

    def forget_if_gone(self):
        """Forget that `up` started this service if it does not run any more: what runs under this name later is somebody else's."""
        if self.ours() and self.pid() is None:
            state.forget_started(self.name)


class MariaDB(Service):
    """MariaDB: stopped by its own client, because the init script falls back on killing every server of the machine."""

    def _start(self):
        # mysqld_safe appends to this log as root before the server opens it.
        Path("/var/log/mysql").mkdir(exist_ok=True)
        self._service("start")

    def _stop(self):
        shell.run(["mariadb-admin", "--defaults-file=/etc/mysql/debian.cnf", "shutdown"])


class RabbitMQ(Service):
    """RabbitMQ with the Erlang port mapper, which outlives it unless it is stopped too."""

    def _start(self):
        mapper_before = _connects(4369)
        self._service("start")
        if not mapper_before:
            owner = [pids for _, port, pids in procs.listeners() if port == 4369]
            if owner and owner[0]:
                state.record_started("epmd", min(owner[0]))

    def _stop(self):
        self._service("stop")
        if not shell.poll(lambda: self.pid() is None, 60):
            raise shell.failed("rabbitmq-server does not end", self.log)
        mapper = state.started().get("epmd")
        if mapper:
            procs.stop(mapper, "epmd")
            state.forget_started("epmd")


class Daemon(Service):
    """A daemon without an init script that puts itself into the background with -d."""

    def __init__(self, name, pidfile, log, socket_path=None):
        super().__init__(name, pidfile, name, log)
        self.socket_path = socket_path

    def answers(self):
        """Return whether the daemon's socket, if it has one, takes connections."""
        if self.socket_path is None:
            return self.pid() is not None
        with socket.socket(socket.AF_UNIX) as one:
            try:
                one.connect(self.socket_path)
                return True
            except OSError:
                return False

    def _start(self):
        shell.run([self.name, "-d"], log=self.log)

    def _stop(self):
        procs.stop(self.pid(), self.expect)


def _connects(port):
    try:
        socket.create_connection((settings.IP, port), 5).close()
        return True
    except OSError:
        return False


def _nova(name, **more):
    return Service(name, "/var/run/nova/%s.pid" % name, name, "/var/log/nova/%s.log" % name, **more)


# In the order in which `down` stops them, backwards.
BASE = (
    MariaDB("mariadb", "/run/mysqld/mysqld.pid", "mariadbd", "/var/log/mysql/error.log"),
    Service("memcached", "/var/run/memcached/memcached.pid", "memcached", "/var/log/memcached.log"),
    RabbitMQ("rabbitmq-server", "/var/run/rabbitmq/pid", "beam", "/var/log/rabbitmq/rabbit@localhost.log"),
    Daemon("virtlogd", "/run/virtlogd.pid", settings.LOGS / "virtlogd.log"),
    Daemon("libvirtd", "/run/libvirtd.pid", settings.LOGS / "libvirtd.log", settings.LIBVIRT_SOCKET),
)
KEYSTONE = Service("keystone", "/var/run/keystone/keystone.pid", "keystone-uwsgi", "/var/log/keystone/keystone.log", "/v3")
NOVA_COMPUTE = _nova("nova-compute")
OPENSTACK = (
    Service("glance-api", "/var/run/glance/glance-api.pid", "glance-api", "/var/log/glance/glance-api.log", "/"),
    Service("placement-api", "/var/run/placement/placement-api.pid", "placement-api", "/var/log/placement/placement-api.log", "/"),
    _nova("nova-api", path="/"),
    _nova("nova-conductor"),
    _nova("nova-scheduler"),
    _nova("nova-novncproxy"),
    NOVA_COMPUTE,
    Service("neutron-api", "/var/run/neutron/neutron-server.pid", "neutron-api", "/var/log/neutron/neutron-api.log", "/"),
    Service("neutron-rpc-server", "/var/run/neutron/neutron-rpc-server.pid", "neutron-rpc-server",
            "/var/log/neutron/neutron-rpc-server.log"),
    Service("apache2", "/var/run/apache2/apache2.pid", "apache2", "/var/log/apache2/error.log", "/horizon/auth/login/"),
)
ALL = BASE + (KEYSTONE,) + OPENSTACK
# Those that report to nova every few seconds.
REPORTING = tuple(service for service in OPENSTACK if service.name in ("nova-conductor", "nova-scheduler", "nova-compute"))
BY_NAME = {service.name: service for service in ALL}


def mine():
    """Return the services that `up` started, in the order in which they are to be stopped."""
    return [service for service in reversed(ALL) if service.ours()]


def sockets():
    """Return [(service name, address, port), ...] for every listening socket of the stack, the guests' VNC servers included."""
    owner = {}
    for service in ALL:
        pid = service.pid()
        for one in procs.children(pid) if pid else ():
            owner[one] = service.name
    names = {port: name for name, port in settings.PORTS.items()}
    found = []
    for address, port, pids in procs.listeners():
        name = next((owner[pid] for pid in pids if pid in owner), names.get(port))
        for pid in pids if name is None else ():
            command = procs.command_line(pid)
            # Neither is a child of the service that had it started.
            name = "libvirtd" if "qemu-system" in command else "rabbitmq-server" if "/epmd " in command else name
        if name:
            found.append((name, address, port))
    return found
