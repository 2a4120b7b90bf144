"""python3 -m testbed.second.relay out|in: ports of one network namespace in another, through sockets in the file system.

`out` runs on host 1 and connects to it; `in` runs on host 2 and listens there.
"""
import asyncio
import os
import sys

from .. import settings
from . import LIBVIRT_PORT, RELAYED, SOCKETS


async def _pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


def _relay(connect):
    async def serve(reader, writer):
        try:
            far_reader, far_writer = await connect()
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        for end in (writer, far_writer):
            end.close()
    return serve


def _far(port):
    """How host 1 is connected to."""
    if port == LIBVIRT_PORT:
        return lambda: asyncio.open_unix_connection(settings.LIBVIRT_SOCKET)
    return lambda: asyncio.open_connection(settings.IP, port)


async def _serve(side):
    servers = []
    for port in RELAYED + (LIBVIRT_PORT,):
        path = str(SOCKETS / str(port))
        if side == "out":
            servers.append(await asyncio.start_unix_server(_relay(_far(port)), path))
            os.chmod(path, 0o600)
        else:
            servers.append(await asyncio.start_server(
                _relay(lambda path=path: asyncio.open_unix_connection(path)), settings.IP, port))
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
