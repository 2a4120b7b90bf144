"""Where a server with layers goes, light-snapshot has to run: nova alone starts it there from `disk`, an old state, and writes to the
file that its restore points stand on. Whoever is about to send one asks the other host first:

- a resize or a cold migration: nova-compute at the source (moves.py), before it commits anything;
- a live migration: nova-conductor, for each host that it considers; and nova-compute at the source, before anything is copied;
- an evacuation: nova-api (refusals.py), since neither the source nor the destination can. It asks for the others, too, where the user
  names the host.
"""

from __future__ import absolute_import

import functools
import logging

import oslo_messaging as messaging

from nova import exception
from nova import objects

from light_snapshot.engine import errors
from light_snapshot.nova import beside
from light_snapshot.nova import rpcapi

LOG = logging.getLogger(__name__)


def check(context, instance, host):
    """See that a host can have a server that has layers.

    :param host: the name of its nova-compute
    :raises Refused: it cannot, or cannot be asked; the words say that nothing was changed
    """
    why = wrong(context, instance, host)
    if why:
        raise errors.Refused(why)


def wrong(context, instance, host):
    """Why a host cannot have a server that has layers, in words; None if it can."""
    try:
        told = rpcapi.ComputeAPI().about_host(context, instance, host)
    except messaging.MessagingTimeout:
        why = 'the compute host %s did not answer whether light-snapshot runs there' % host
    except messaging.RemoteError as error:
        if rpcapi.is_unknown(error):
            why = 'light-snapshot does not run on the compute host %s, or is too old there to say so' % host
        else:
            why = 'the compute host %s failed at being asked for its light-snapshot (%s)' % (host, error.exc_type)
    except Exception as error:
        LOG.exception('light-snapshot: the compute host %s could not be asked for its release', host)
        why = 'the compute host %s could not be asked for its light-snapshot (%s)' % (host, type(error).__name__)
    else:
        if not told['problems']:
            return None
        why = 'light-snapshot is switched off on the compute host %s (%s)' % (host, told['problems'][0])
    return ('Server %s has light snapshots, and %s: nova alone would start it there from an old state of its disk. Nothing was changed. '
            'Install light-snapshot there, choose another host, or disable the server\'s light snapshots first (this removes them).'
            % (instance.uuid, why))


def first_wrong(context, instance, hosts):
    """Why the first that is found of some hosts cannot have a server that has layers; None if all can. They are asked beside each other."""
    found = []

    def ask(host):
        why = None if found else wrong(context, instance, host)
        if why:
            found.append(why)
    beside.each(ask, [(host,) for host in hosts])
    return found[0] if found else None


def of_resize(context, instance, here):
    """The host that a server is on its way to.

    :param here: the source, which asks
    :raises Refused: nova knows of no resize or migration that is under way, or cannot be asked
    """
    # A list: before nova 13 a word that has come through the conductor would be taken for its letters.
    filters, found = {'status': ['migrating'], 'source_compute': here}, []
    try:
        migrations = objects.MigrationList.get_by_filters(context.elevated(), filters)
        found = [one for one in migrations if one.instance_uuid == instance.uuid]
    except Exception:
        LOG.exception('light-snapshot: nova could not be asked where %s goes', instance.uuid)
    if not found:
        raise errors.Refused('nova does not say to which host server %s goes, so that nobody can ask there for light-snapshot. Nothing was '
                             'changed. Try again, or ask your operator.' % instance.uuid)
    # One that a crash has left may stand beside it.
    return max(found, key=lambda one: one.id).dest_compute


# ---- in nova-conductor

def extend():
    """Have nova-conductor ask each host that it considers for a live migration. (nova-compute at the source asks once more, late.)"""
    try:
        from nova.conductor.tasks import live_migrate
        task = live_migrate.LiveMigrationTask
        if not hasattr(task._call_livem_checks_on_host, 'light_snapshot_hook'):
            task._call_livem_checks_on_host = _checked(task._call_livem_checks_on_host)
    except Exception as exc:
        LOG.warning('light-snapshot: nova-conductor will not ask whether light-snapshot runs where a server is to migrate to: %s. The '
                    'host that it is on does.', exc)


def _checked(original):
    @functools.wraps(original)
    def checked(self, destination, *args, **kwargs):
        from light_snapshot.nova import state       # it builds on what imports this
        if state.is_enabled(self.context, self.instance):
            try:
                check(self.context, self.instance, destination)
            except errors.EngineError as exc:
                LOG.warning('light-snapshot: %s', exc)
                # nova goes on to the next host then, if it was not told which.
                raise exception.MigrationPreCheckError(reason=str(exc))
        return original(self, destination, *args, **kwargs)
    checked.light_snapshot_hook = True
    return checked
