"""What is said while a change of a table takes its time, and the end of waiting for a server that does not answer any more."""
import contextlib
import threading
import time

from light_snapshot_installer import database, errors

#: How often something is said (seconds).
HEARTBEAT = 5
#: A server that has answered nobody for so long (seconds) does not carry out what it was told, or will not say so.
SILENCE = 300
UNKNOWN_COLUMN = 1054
_STATE = 'SELECT state%s FROM information_schema.processlist WHERE id = %%s'
#: MariaDB alone says how far it is.
_SHARE = ', progress, stage, max_stage'


@contextlib.contextmanager
def told(connection, url, table, seconds, say):
    """While the body changes a table by `connection`, `say(text)` how it goes; `seconds`: the estimate, or None.

    Where the server has fallen silent the connection is cut, so that the body ends with database.Silent.
    """
    over = threading.Event()
    thread = threading.Thread(target=_watch, args=(over, connection, url, table, seconds, say))
    thread.daemon = True
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(1)


def _watch(over, connection, url, table, seconds, say):
    began = heard = time.time()
    while not over.wait(HEARTBEAT):
        try:
            text, heard = _state(connection, url), time.time()
        except database.Silent:
            text = 'its server does not answer'
        except errors.InstallerError as error:
            # It speaks: too many connections, say.
            text, heard = error.what, time.time()
        if over.is_set():
            return
        say('%s: %d s%s: %s' % (table, time.time() - began, ' of about %d s' % seconds if seconds else '', text))
        if time.time() - heard > SILENCE:
            database.hang_up(connection)
            return


def _state(connection, url):
    """How far the statement on another connection is, in words."""
    with database.session(url) as other:
        for more in (_SHARE, ''):
            try:
                rows = database.query(other, _STATE % more, (connection.thread_id(),), patience=database.CONNECT_SECONDS)
                break
            except Exception as error:
                if not more or database.error_code(error) != UNKNOWN_COLUMN:
                    raise
    if not rows:
        return 'it is over'
    text = rows[0][0] or 'at work'
    if more and rows[0][1]:
        text = '%d %%, stage %d of %d (%s)' % (rows[0][1], rows[0][2], rows[0][3], text)
    return text
