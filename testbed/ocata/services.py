"""The processes of the Ocata cloud: started and stopped one by one, in the node's own view of the file system."""
import subprocess

from .. import procs, services, settings as zed
from . import settings


def entered(argv):
    """Return the command that runs ARGV, as root, where the node's files lie over the machine's.

    Its process is the one that ARGV becomes.
    """
    return ["unshare", "--mount", "--propagation", "private", "--", str(settings.ENTER), str(settings.NODE), *argv]


def inside(argv):
    """Return the command that runs ARGV there as nova."""
    return entered(["setpriv", "--reuid", "nova", "--regid", "nova", "--init-groups", "--",
                    "env", "LD_LIBRARY_PATH=%s" % (settings.PYTHON27 / "lib"), *argv])


class Program(services.Service):
    """One program of the node, which has no init script.

    NAME is its name in the testbed's records, ARGV the command; the rest as for services.Service.
    """

    def __init__(self, name, argv, path=None):
        super().__init__(name, settings.RUN / (name + ".pid"), " ".join(argv), settings.LOGS / (name + ".log"), path)
        self.argv, self.port = argv, settings.PORTS.get(name)
        self.binary = name.replace("ocata-", "nova-")

    def _start(self):
        with open(self.log, "a") as log:
            child = subprocess.Popen(inside(self.argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     cwd="/", env=settings.ENVIRONMENT, start_new_session=True)
        self.pidfile.write_text("%d\n" % child.pid)

    def _stop(self):
        procs.stop(self.pid(), self.expect)


def _nova(name, program, **more):
    return Program(name, [str(settings.USR / "bin" / program), "--config-file", str(settings.ETC / "nova.conf")], **more)


PLACEMENT = Program("ocata-placement", [str(settings.USR / "bin/nova-placement-api"), "--host", zed.IP,
                                        "--port", str(settings.PORTS["ocata-placement"])], path="/")
API = _nova("ocata-api", "nova-api-os-compute", path="/")
COMPUTE = _nova("ocata-compute", "nova-compute")
# Those that report to nova every few seconds.
REPORTING = (_nova("ocata-conductor", "nova-conductor"), _nova("ocata-scheduler", "nova-scheduler"), COMPUTE)
ALL = (PLACEMENT, API) + REPORTING


def mine():
    """Return the services that `up` started, in the order in which they are to be stopped."""
    return [service for service in reversed(ALL) if service.ours()]
