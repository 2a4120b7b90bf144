"""When a server's daily snapshot is due: pure functions of the time, of the server's uuid, and of what was noted for it.
Imports nothing of nova.

A server's slot is a time of the day within the window; a stable hash of its uuid says which. So it has one slot each calendar
day, whatever the clock or the zone do to that day. Noted are two days ('YYYY-MM-DD' of the configured zone): that of the last
`slot` that was seen to, and the one on which the last snapshot was `taken`. A server is due when a later slot has come and none
was taken today. The two differ where a slot shortly before midnight is seen to shortly after it.

Python 2.7 knows no names of time zones. What every Python can tell is UTC, a fixed distance from it, and the host's own zone.
"""

from __future__ import absolute_import

import calendar
import datetime
import hashlib
import re
import time

DAY = 86400
HOUR = 3600
_START = re.compile(r'^([01]?[0-9]|2[0-3]):([0-5][0-9])\Z')
_OFFSET = re.compile(r'^([+-])([01][0-9]):([0-5][0-9])\Z')
_EPOCH = datetime.date(1970, 1, 1)


def _utc(_seconds):
    return 0


def _local(seconds):
    return calendar.timegm(time.localtime(seconds)) - int(seconds)


def zone(text):
    """What a time zone's clocks show.

    :param text: 'UTC', 'local' (the host's own zone, its summer time included), or a fixed distance such as '+08:00'
    :returns: a function from seconds since 1970 to the seconds that the zone's clocks are ahead of UTC then
    :raises ValueError: it is none of them
    """
    if text.lower() in ('utc', 'local'):
        return _utc if text.lower() == 'utc' else _local
    match = _OFFSET.match(text)
    if match is None:
        raise ValueError('%r is no time zone that light-snapshot knows: UTC, local (the zone of the host), or a distance '
                         'from UTC such as +08:00' % text)
    sign, hours, minutes = match.groups()
    ahead = (int(hours) * 60 + int(minutes)) * 60 * (-1 if sign == '-' else 1)
    return lambda _seconds: ahead


class Schedule(object):
    """One host's window.

    :param start: 'HH:MM', when it opens on the zone's clocks
    :param minutes: how long it is
    :param zone: see `zone`
    :raises ValueError: what is wrong with them, in words
    """

    def __init__(self, start, minutes, zone_name='UTC'):
        match = _START.match(start)
        if match is None:
            raise ValueError('%r is no time of the day such as 02:00' % start)
        if not 1 <= minutes <= 24 * 60:
            raise ValueError('a window of %d minutes is none: 1 to 1440' % minutes)
        self.start = (int(match.group(1)) * 60 + int(match.group(2))) * 60
        self.length = minutes * 60
        self._ahead = zone(zone_name)
        # What is later than this counts for the day on which it is taken: it must not push the next one out of the window.
        self._late = max(self.length, HOUR)

    # ---- the zone's calendar

    def day(self, now):
        """The calendar day at an instant (seconds since 1970): 'YYYY-MM-DD'."""
        return self._date(now).isoformat()

    def _date(self, now):
        return _EPOCH + datetime.timedelta(int((now + self._ahead(now)) // DAY))

    def _instant(self, date, second):
        """When the clocks of a day first show a time of the day; where they jump over it, as much later.

        :param second: of the day
        :returns: seconds since 1970
        """
        shown = (date - _EPOCH).days * DAY + second
        # As far ahead as the clocks were before a change on that day, and as they are after it.
        found = [shown - self._ahead(shown + step) for step in (-DAY, DAY)]
        right = [one for one in found if one + self._ahead(one) == shown]
        return min(right) if right else max(found)

    # ---- one server

    def slot(self, uuid):
        """The second of the day that is a server's own."""
        share = int(hashlib.sha256(uuid.encode('ascii')).hexdigest()[:12], 16)
        return (self.start + share * self.length // 2 ** 48) % DAY

    def latest(self, uuid, now):
        """The last slot of a server that has come: (when, in seconds since 1970; its calendar day)."""
        date, second = self._date(now), self.slot(uuid)
        for back in range(4):       # a zone may have skipped a whole day
            came = self._instant(date - datetime.timedelta(back), second)
            if came <= now:
                break
        return came, self.day(came)

    def due(self, uuid, noted, now):
        """When the slot came that has not been seen to yet; None where nothing is due.

        :param noted: {'slot', 'taken'}
        """
        came, day = self.latest(uuid, now)
        return came if noted['slot'] < day and noted['taken'] < self.day(now) else None

    def first(self, uuid, now):
        """What to note for a server that is seen for the first time: its next slot is the first to be taken."""
        return {'slot': self.latest(uuid, now)[1], 'taken': ''}

    def renewed(self, uuid, noted, since, now):
        """What to note instead for a server whose daily snapshots were switched on after the slot that is due had come: as for one
        that is seen for the first time, but none is taken twice a day. None where they were on by then.

        :param since: when they were switched on, in seconds since 1970. More than a day ahead, it is of a wrong clock.
        """
        came = self.due(uuid, noted, now)
        return dict(self.first(uuid, now), taken=noted['taken']) if came is not None and came < since <= now + DAY else None

    def note(self, uuid, now):
        """What to note with a snapshot that is taken now."""
        came, day = self.latest(uuid, now)
        return {'slot': day if now - came <= self._late else self.day(now), 'taken': self.day(now)}

    def mended(self, noted, now):
        """What to note instead of days that cannot be: the clock was set back by more than a day, and the server would get
        no snapshot until it is there again. Today then counts as seen to. None where nothing is wrong."""
        tomorrow = (self._date(now) + datetime.timedelta(1)).isoformat()
        return {'slot': self.day(now), 'taken': self.day(now)} if max(noted.values()) > tomorrow else None
