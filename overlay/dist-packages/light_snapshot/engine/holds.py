"""Who goes on with a server's disks as they are, though the server is off: its layers stay as they are then. A part of
`engine.Engine`."""

from light_snapshot.engine import errors

SAVED = ('libvirt keeps the saved memory of this server (it is suspended), and goes on from it with the disks as they were: its layers '
         'were not touched. Resume the server (hard reboot it where nova does not call it suspended), then try again.')


class Holds(object):
    """What `Engine` asks before it changes anything."""

    def held(self):
        """Why the layers have to stay as they are, in words; None: they need not."""
        if self._held is not None:
            return self._held
        with errors.explained():
            return SAVED if self.domain is not None and self.domain.is_saved() else None

    def check_free(self):
        """:raises Held: the layers have to stay as they are"""
        why = self.held()
        if why is not None:
            raise errors.Held(why)
