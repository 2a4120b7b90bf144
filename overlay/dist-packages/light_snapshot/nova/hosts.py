"""GET /os-light-snapshots/hosts: which release of light-snapshot each compute host runs, and whether its hooks hold.

Each host that is up is asked when somebody asks us; nothing is kept, and nothing is reported from time to time.
"""

from __future__ import absolute_import

import logging

import oslo_messaging as messaging
from oslo_utils import timeutils

from nova import objects

from light_snapshot.nova import about
from light_snapshot.nova import asking
from light_snapshot.nova import everywhere
from light_snapshot.nova import places
from light_snapshot.nova import policy
from light_snapshot.nova import queries
from light_snapshot.nova import rpcapi
from light_snapshot.nova import schemas

LOG = logging.getLogger(__name__)

expected_errors = places.find('expected_errors')

ANSWERED = 'answered'
_UNKNOWN = {'version': None, 'on_disk': None, 'problems': []}


class HostsController(asking.Controller):
    """/os-light-snapshots/hosts"""

    @expected_errors((400, 403))
    @queries.checked(schemas.HOSTS_QUERY)
    def hosts(self, req):
        context = req.environ['nova.context']
        policy.authorize_project(context, 'hosts')
        return self.told(context)

    def told(self, context):
        """What this nova-api and every compute host tell of themselves."""
        begun = timeutils.now()
        cells, silent = places.in_each_cell(context.elevated(), self._look)
        calls = [(cell, one) for cell, found in cells for one in found]
        everywhere.each(self._ask, self._late, calls, begun)
        return {'api': about.told(), 'cells_left_out': silent,
                'hosts': sorted((one for _cell, one in calls), key=lambda one: one['host'])}

    def _look(self, context):
        """The compute hosts of a cell: (its context, [what is known of each so far])."""
        found = []
        for service in objects.ServiceList.get_all(context):
            if service.binary == 'nova-compute':
                one = dict(_UNKNOWN, host=service.host, status=None, reason=None)
                if not self.servicegroup.service_is_up(service):
                    one.update(status=everywhere.HOST_DOWN, reason='The compute host %s is down.' % service.host)
                found.append(one)
        return context, found

    @staticmethod
    def _late(_context, one):
        """A host is not asked any more."""
        if not one['status']:
            one.update(status=everywhere.HOST_SILENT, reason=everywhere.NOT_ASKED % one['host'] + ' Ask again.')

    def _ask(self, context, one):
        """Have a host tell of itself; it must not raise."""
        if one['status']:
            return
        try:
            told = self.rpcapi.about(context, one['host'])
            one.update(dict((name, told[name]) for name in _UNKNOWN), status=ANSWERED)
        except messaging.MessagingTimeout:
            one.update(status=everywhere.HOST_SILENT, reason='The compute host %s did not answer in time.' % one['host'])
        except messaging.RemoteError as error:
            if rpcapi.is_unknown(error):
                one.update(status=everywhere.HOST_OLDER, reason='The compute host %s has an older light-snapshot that does not'
                                                                ' tell its release, or none.' % one['host'])
            else:
                one.update(status=everywhere.FAILED, reason='The compute host %s failed: %s: %s' % (
                    one['host'], error.exc_type, error.value))
        except Exception as error:
            LOG.exception('light-snapshot: the compute host %s could not be asked for its release', one['host'])
            one.update(status=everywhere.FAILED, reason='The compute host %s could not be asked: %s' % (
                one['host'], type(error).__name__))
