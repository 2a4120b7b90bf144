"""Asking several compute hosts beside each other."""

from __future__ import absolute_import

import threading

# How many are asked at the same time.
AT_ONCE = 16


def each(function, calls):
    """function(*call) for each of them, some at a time; returns once all are over. It must not raise."""
    waiting = list(calls)

    def work():
        while True:
            try:
                call = waiting.pop()
            except IndexError:
                return
            function(*call)
    threads = [threading.Thread(target=work, name='light-snapshot') for _number in range(min(AT_ONCE, len(waiting)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
