"""What a run that was cut off has left in a cloud: its servers, and directories of servers that nova knows no more."""
import re
import shutil

from . import settings, shell
from .cloud import Cloud

# As nova names them: in the middle of a resize and of a deletion, too.
_DIRECTORY = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(_resize|_del)?$")


def clear(session=None, instances=settings.INSTANCES):
    """Delete every server of the cloud, and what is left of others below INSTANCES; the cloud is up.

    Raises CloudError when one is not gone in time.
    """
    session = session or Cloud.of("admin")
    servers = session.servers(everybody=True)
    for server in servers:
        session.delete_server(server["id"])
    left = [path for path in instances.iterdir() if _DIRECTORY.match(path.name)]
    for path in left:
        shutil.rmtree(path)
    shell.say("deleted %d servers, and %d directories of others" % (len(servers), len(left)))
