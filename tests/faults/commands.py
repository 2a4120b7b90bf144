"""Commands, and waiting."""

import os
import subprocess
import time


class HarnessError(Exception):
    """The harness itself could not do its part: no verdict on the engine."""


def run(*words, check=True):
    """A command's output.

    :raises HarnessError: with what it said, when it fails
    """
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, LC_ALL='C', PATH='/usr/sbin:/usr/bin:/sbin:/bin'))
    if check and done.returncode:
        raise HarnessError('%s ended with %d: %s' % (' '.join(words), done.returncode, done.stderr.decode('utf-8', 'replace')))
    return done.stdout


def wait(condition, seconds, pause=0.01):
    """Poll until `condition()` is true; its value, or None when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            return None
        time.sleep(pause)
