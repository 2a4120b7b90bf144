"""POST /os-light-snapshots: a snapshot of every server that uses them (snapshotAll).

One query a cell for the servers, one for the services, and one call a host, which is told its servers and takes them a few at a time
(`together`). Hosts are asked beside each other; those that are down are not asked.
"""

from __future__ import absolute_import

import logging

import oslo_messaging as messaging
from oslo_utils import timeutils

from nova import objects
from nova.api import validation
from nova.api.openstack import wsgi

from light_snapshot.nova import asking
from light_snapshot.nova import beside
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import rpcapi
from light_snapshot.nova import schemas
from light_snapshot.nova import state

LOG = logging.getLogger(__name__)

expected_errors = places.find('expected_errors')

# Seconds of a request after which no further host is asked, so that it ends within a minute (see rpcapi.ALL_TIMEOUT), which is what
# clients and proxies wait for. For a cell that does not answer nova alone waits a minute: the hosts of the others have so long then.
ASKED_WITHIN, ASKED_AT_LEAST = 35, 5

ACCEPTED, SKIPPED, FAILED = 'accepted', 'skipped', 'failed'
HOST_DOWN, HOST_OLDER, HOST_SILENT = 'host_down', 'host_older', 'host_silent'


class EverywhereController(asking.Controller):
    """/os-light-snapshots"""

    @wsgi.response(202)
    @expected_errors((400, 403))
    @validation.schema(schemas.ALL)
    def create(self, req, body):
        context = req.environ['nova.context']
        policy.authorize_project(context, 'all')
        return {'light_snapshot_all': self.take(context, body['snapshotAll'] or {})}

    def take(self, context, options):
        """Have every host take snapshots of its servers; what is said of each server."""
        args = {'name': options.get('name', ''), 'description': options.get('description', ''),
                'quiesce': options.get('quiesce', False)}
        # Whoever the policy lets do this does it to everybody's servers.
        elevated, begun = context.elevated(), timeutils.now()
        cells, silent = places.in_each_cell(elevated, lambda cell: self._look(cell, options.get('daily', False)))
        each(self._ask, self._late, [(cell, host, servers, args) for cell, hosts in cells for host, servers in hosts], begun)
        servers = [server for _cell, hosts in cells for _host, found in hosts for server in found]
        LOG.info('light-snapshot: a light snapshot of all: %d servers, of which %d are accepted', len(servers),
                 len([one for one in servers if one['status'] == ACCEPTED]))
        return {'request_id': context.request_id, 'cells_left_out': silent,
                'servers': [_shown(one) for one in sorted(servers, key=lambda one: (one['name'] or '', one['id']))]}

    def _look(self, context, daily):
        """The servers of a cell: (its context, [(host to be asked or None, its servers)])."""
        found = state.enabled(context, daily)
        services = dict((one.host, one) for one in objects.ServiceList.get_all(context) if one.binary == 'nova-compute')
        hosts, others, up = {}, [], {}
        for server in found:
            host = server['host']
            if host and host not in up:
                up[host] = host in services and self.servicegroup.service_is_up(services[host])
            if server['vm_state'] not in asking.STATES:
                _say(server, SKIPPED, 'The server is %s, and has to be %s.' % (server['vm_state'], ' or '.join(asking.STATES)))
            elif not host:
                _say(server, SKIPPED, 'The server is on no compute host.')
            elif not up[host]:
                _say(server, HOST_DOWN, 'The compute host %s is down.' % host)
            else:
                hosts.setdefault(host, []).append(server)
                continue
            others.append(server)
        return context, list(hosts.items()) + [(None, others)]

    def _ask(self, context, host, servers, args):
        """Have one host take snapshots of these of its servers; what becomes of it is said of each."""
        if host is None:
            return
        try:
            answer = self.rpcapi.snapshot_all(context, host, [server['id'] for server in servers], args)
        except messaging.MessagingTimeout:
            status, why = HOST_SILENT, ('The compute host %s did not answer in time. It may still take the snapshot: look at '
                                        'the server\'s events.' % host)
        except messaging.RemoteError as error:
            if rpcapi.is_unknown(error):
                status, why = HOST_OLDER, asking.NOT_THERE[True] % host
            else:
                status, why = FAILED, 'The compute host %s failed: %s: %s' % (host, error.exc_type, error.value)
        except Exception as error:
            LOG.exception('light-snapshot: the compute host %s could not be asked for snapshots of all of its servers', host)
            status, why = FAILED, 'The compute host %s could not be asked: %s' % (host, type(error).__name__)
        else:
            # A host that refuses does so for all of its servers, and for no state of theirs.
            status, why = (FAILED, answer['message']) if answer.get('code') else (None, None)
        for server in servers:
            if status:
                _say(server, status, why)
            elif server['id'] in answer['accepted']:
                _say(server, ACCEPTED, None)
            else:
                _say(server, SKIPPED, 'One of an earlier request for all servers is under way or waits for its turn.')

    @staticmethod
    def _late(_context, host, servers, _args):
        """A host is not asked any more."""
        for server in servers if host is not None else ():
            _say(server, HOST_SILENT, NOT_ASKED % host + ' No snapshot of this server was begun: ask again.')


def _say(server, status, reason):
    server.update(status=status, reason=reason)


def _shown(server):
    return dict((key, server[key]) for key in ('id', 'name', 'host', 'status', 'reason'))


#: What is said of a host that there was no time for.
NOT_ASKED = 'The compute host %s was not asked: others, or a cell, did not answer, and the time for the whole request was over.'


def each(function, late, calls, begun):
    """function(*call) for each of them, some at a time, and late(*call) once their time is over. Neither must raise.

    :param begun: when the request came, by `timeutils.now`
    """
    watch = timeutils.StopWatch(max(ASKED_WITHIN - (timeutils.now() - begun), ASKED_AT_LEAST))
    watch.start()
    beside.each(lambda *call: (late if watch.expired() else function)(*call), calls)
