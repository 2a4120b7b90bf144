"""Which nova this is, and ranges of releases as the tables of hooks and places write them: '12-', '-15', '16-20'."""

from __future__ import absolute_import

import logging

LOG = logging.getLogger(__name__)


def current():
    """The number of the nova that runs here (12 is Liberty, 26 is Zed); None where its package does not tell."""
    try:
        from nova import version
        return int(version.version_string().split('.')[0])
    except Exception as exc:
        # A nova run from a bare source tree has no metadata; pbr's own exceptions differ from release to release.
        LOG.warning('light-snapshot cannot tell the release of nova (%s); it goes by what it finds in it', exc)
        return None


def within(releases, number):
    """Whether release `number` is in the range `releases` (both ends belong to it).

    :param number: a release's number; None is in no range
    """
    first, _dash, last = releases.partition('-')
    return number is not None and int(first or 0) <= number <= int(last or number)
