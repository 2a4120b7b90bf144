"""The services: cinder's three, and neutron's agent."""
from .. import services


def _cinder(name, **more):
    return services.Service(name, "/var/run/cinder/%s.pid" % name, name, "/var/log/cinder/%s.log" % name, **more)


API = _cinder("cinder-api", path="/")
AGENT = services.Service("neutron-linuxbridge-agent", "/var/run/neutron/neutron-linuxbridge-agent.pid", "neutron-linuxbridge-agent",
                         "/var/log/neutron/neutron-linuxbridge-agent.log")
REPORTING = (_cinder("cinder-scheduler"), _cinder("cinder-volume"), AGENT)
ALL = (API,) + REPORTING


def mine():
    """Return the services that `up` started, in the order in which they are to be stopped."""
    return [service for service in reversed(ALL) if service.ours()]
