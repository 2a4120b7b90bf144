"""Asks a port whether a web service answers there."""
import socket
import ssl

try:
    from http import client
except ImportError:  # Python 2
    import httplib as client

SECONDS = 10
_HERE = {'0.0.0.0': '127.0.0.1', '::': '::1'}


def status(address, port, path):
    """The HTTP status of GET `path` (plain, else TLS without a look at the certificate).

    0 if something accepts connections and speaks neither; None if nothing accepts.
    """
    host = _HERE.get(address, address)
    if host.startswith('::ffff:'):
        host = host[len('::ffff:'):]
    for secure in (False, True):
        connection = _connection(host, port, secure)
        try:
            connection.connect()
        except ssl.SSLError:
            return 0
        except (OSError, socket.error):
            if secure:
                return 0
            return None
        try:
            connection.request('GET', path, headers={'Connection': 'close'})
            found = connection.getresponse().status
        except (client.HTTPException, OSError, socket.error):
            continue
        finally:
            connection.close()
        # A TLS port answers plain HTTP with 400 and a page that says so.
        if found != 400 or secure:
            return found
    return 0


def _connection(host, port, secure):
    if not secure:
        return client.HTTPConnection(host, port, timeout=SECONDS)
    if hasattr(ssl, '_create_unverified_context'):
        return client.HTTPSConnection(host, port, timeout=SECONDS, context=ssl._create_unverified_context())
    return client.HTTPSConnection(host, port, timeout=SECONDS)
