"""Puts light-snapshot onto an OpenStack node, checks it and takes it off again.

Runs on Python 2.7 and on 3.6 and later, as root, and imports nothing of nova or of the code that it installs.
"""
import io
import os
import re

#: The directory with `installer/`, `overlay/` and `sql/`: /usr/share/light-snapshot on a node, else the source tree.
SHARE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def version():
    """The version of this package, from the file `version` that the build leaves, else from debian/changelog."""
    built = os.path.join(SHARE, 'version')
    if os.path.exists(built):
        with io.open(built, encoding='utf-8') as stream:
            return stream.read().strip()
    with io.open(os.path.join(SHARE, 'debian', 'changelog'), encoding='utf-8') as stream:
        return re.search(r'\(([^)]+)\)', stream.readline()).group(1)
