"""nova-api's way to our endpoint on a compute host."""

from __future__ import absolute_import

import oslo_messaging as messaging

from nova import rpc
from nova.objects import base as objects_base

from light_snapshot.nova import names
from light_snapshot.nova import places

FIRST = '1.0'
# `check`, the operations of names.NEW, and recover's `safety`.
SECOND = '1.1'
# `snapshot_all`.
THIRD = '1.2'
# `about`.
NEWEST = '1.3'

# Seconds that a host has to say which servers it takes on, which it says before it looks at any of them, and what it runs.
ALL_TIMEOUT = 20


def is_new(method, operation=None, args=None, **_others):
    """Whether an older light-snapshot, which speaks 1.0, cannot do this. What it can do is asked for in 1.0."""
    return method == 'check' or operation in names.NEW or 'safety' in (args or {})


def is_unknown(error):
    """Whether a host's error says that it does not know what it is asked for."""
    return 'UnsupportedVersion' in str(error.exc_type) or 'NoSuchMethod' in str(error.exc_type)


class Serializer(objects_base.NovaObjectSerializer):
    """nova's, for questions with objects in them and answers that hold none (see `manager.Plain`)."""

    def deserialize_entity(self, context, entity):
        """The answer as it came."""
        return entity


class ComputeAPI(object):
    """Calls `manager.Endpoint`. Each waits for its answer: it comes once the checks and the instant are done."""

    # Of the process: nova 14 and 15 open connections for each that is made, and close none.
    _router = None

    def _made(self):
        # Made at the first call: nova's RPC is set up after the routes are built.
        if ComputeAPI._router is None:
            target = messaging.Target(topic='compute', namespace='light_snapshot', version=FIRST)
            client = rpc.get_client(target, serializer=Serializer())
            router = places.find('rpc_router')
            ComputeAPI._router = router(client) if router is not None else client
        return ComputeAPI._router

    def _call(self, context, instance, method, **kwargs):
        version = SECOND if is_new(method, **kwargs) else FIRST
        client = places.rpc_client(self._made(), context, instance)
        cctxt = client.prepare(server=instance.host, version=version)
        return cctxt.call(context, method, instance=instance, **kwargs)

    def points(self, context, instance):
        return self._call(context, instance, 'points')

    def describe(self, context, instance, index, name, description):
        return self._call(context, instance, 'describe', index=index, name=name, description=description)

    def check(self, context, instance):
        return self._call(context, instance, 'check')

    def operate(self, context, instance, operation, args):
        return self._call(context, instance, 'operate', operation=operation, args=args)

    def snapshot_all(self, context, host, uuids, args):
        """One call for all of a host's servers.

        :param context: one that reaches the host's cell
        """
        return self._call_host(context, host, THIRD, 'snapshot_all', uuids=uuids, args=args)

    def about(self, context, host):
        """Which release of light-snapshot a host runs.

        :param context: one that reaches the host's cell
        """
        return self._call_host(context, host, NEWEST, 'about')

    def about_host(self, context, instance, host):
        """The same of a host in the cell of a server, asked as nova asks it about that server."""
        client = places.rpc_client(self._made(), context, instance)
        return client.prepare(server=host, version=NEWEST, timeout=ALL_TIMEOUT).call(context, 'about')

    def _call_host(self, context, host, version, method, **kwargs):
        client = places.rpc_client_of_host(self._made(), context, host)
        return client.prepare(server=host, version=version, timeout=ALL_TIMEOUT).call(context, method, **kwargs)
