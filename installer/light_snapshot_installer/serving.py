"""Restarts services and waits until each serves again."""
import argparse
import collections
import re
import socket
import time

from light_snapshot_installer import cells, database, errors, ini, process, services, web

DEADLINE = 120
#: A process that lived this long after its start got past its imports and its configuration (seconds).
SETTLED = 5
HEARTBEAT = 5
_PAGES = {services.APACHE: ('/', '/horizon/', '/dashboard/')}


def seconds(text):
    """The value of --wait. Raises argparse.ArgumentTypeError."""
    if not re.match(r'[1-9]\d{0,5}$', text):
        raise argparse.ArgumentTypeError('%s is not a number of seconds, from 1' % text)
    return int(text)


class Watch(object):
    """What a service did before its restart, and the question whether it does it again."""

    def __init__(self, root, name, config, strays=()):
        """`strays`: processes of its that do not restart."""
        self.root, self.name, self.config = root, name, config
        self.strays = set(one.key for one in strays)
        own = self._own()
        self.old = set(one.key for one in own)
        self.pages = dict((page, status) for page, status in self._ask(own).items() if status and status < 500)
        self.leader = self.alive_since = self.heartbeat = None

    def _own(self):
        return [one for one in services.processes(self.root, self.name) if one.key not in self.strays]

    def _ask(self, own):
        """{(address, port, path): status} of every page that says that this service works."""
        if self.name != services.APACHE and self.name not in services.API:
            return {}
        listening = process.connections(self.root, [one.pid for one in own])[0]
        return dict(((address, port, path), web.status(address, port, path))
                    for address, port in listening for path in _PAGES.get(self.name, ('/',)))

    def missing(self):
        """What is still missing until the service serves, as text; '' when it serves."""
        own = self._own()
        if not own:
            return 'it has no process'
        leader = services.oldest(self.name, own)
        if leader.key in self.old:
            return 'its old process is still there'
        if leader.key != self.leader:
            # Also when an init system starts a failing service again and again: each new process begins from nothing.
            self.leader, self.alive_since, self.heartbeat = leader.key, time.time(), None
        if self.name in services.API or self.name == services.APACHE:
            return self._missing_pages(own)
        if self.name in services.LIBVIRT:
            return self._unsettled(1)
        return self._missing_report(own)

    def _unsettled(self, seconds):
        left = seconds - (time.time() - self.alive_since)
        return '' if left <= 0 else 'its new process is %.0f s old' % (seconds - left)

    def _missing_pages(self, own):
        answers = self._ask(own)
        if not answers:
            return 'it does not listen on any port'
        for key, before in sorted(self.pages.items()):
            # The operator may have changed the port since the service started: then any port will do.
            found = [answers[key]] if key in answers else [
                status for (_address, _port, path), status in answers.items() if path == key[2]]
            if not any(status and status < 500 for status in found):
                return 'http://%s:%d%s answered %s before and answers %s now' % (key + (before, found and found[0]))
        if not self.pages and not any(status is not None and status < 500 for status in answers.values()):
            return 'it answers %s' % ', '.join(sorted(set(str(status) for status in answers.values())))
        return ''

    def _missing_report(self, own):
        counts = report_counts(self.config, self.name)
        if counts is None:
            return self._missing_broker(own)
        if self.heartbeat is None:
            # Counted from after the new process is there: the old one may have reported while it stopped.
            self.heartbeat = counts
        if not counts:
            return 'no cell database lists it'
        # nova-compute reports through the queue and the conductor: what the old one asked for may be carried out only now, once the
        # conductor is up again. It waits for each answer, so that is one report.
        needed = 2 if self.name == services.COMPUTE else 1
        if counts < self.heartbeat + needed:
            return 'it has not reported to the database yet'
        return ''

    def _missing_broker(self, own):
        ports = broker_ports(self.config)
        remote = process.connections(self.root, [one.pid for one in own])[1]
        if ports and not any(port in ports for _address, port in remote):
            return 'it has no connection to the message broker (port %s)' % ', '.join(str(p) for p in sorted(ports))
        return self._unsettled(SETTLED)


def broker_ports(config):
    """The TCP ports of the message broker in nova's configuration; empty if it has none that we know."""
    url = config.get('DEFAULT', 'transport_url')
    if url:
        if not url.startswith(('rabbit', 'kombu', 'amqp')):
            return set()
        return set(int(port) for port in re.findall(r'(?:@|,|//)[^@,/:]*:(\d+)(?=[,/?]|$)', url)) or set([5672])
    if config.get('DEFAULT', 'rpc_backend', 'rabbit') not in ('rabbit', 'nova.openstack.common.rpc.impl_kombu'):
        return set()
    for section in ('oslo_messaging_rabbit', 'DEFAULT'):
        port = config.get(section, 'rabbit_port', '')
        if port.isdigit():
            return set([int(port)])
    return set([5672])


def report_counts(config, name):
    """How often service `name` of this host has reported to the cell databases; None without access to them."""
    if not cells.nova_connection(config):
        return None
    host = config.get('DEFAULT', 'host', socket.gethostname())
    total, seen = 0, False
    try:
        for _cell, url in cells.find(config):
            seen = True
            with database.session(url) as connection:
                rows = database.query(connection, 'SELECT report_count FROM services WHERE deleted = 0 AND host = %s'
                                                  ' AND `binary` = %s', (host, name))
                total += sum(row[0] for row in rows)
    except errors.InstallerError:
        return None
    return total if seen else None


def restart_all(root, names, config, out, maintainer_script=False, deadline=DEADLINE, journal=None):
    """Restart the services that run now, in order, and wait until each serves; returns the names restarted.

    `config`: nova's, as all but nova-compute read it. `journal`: a Journal of what was begun. One that does not run is left stopped
    (and done), unless it ran before a restart of ours that did not end well. Raises errors.InstallerError naming the service and its
    log, services.RestartDenied if policy-rc.d forbids it, and services.ByHand, after all others have restarted, if the init system
    does not know a process of one.
    """
    journal = journal or Journal()
    running = services.running(root, names)
    active = [name for name in services.SERVICES if name in running or (name in names and name in journal.restarting)]
    for name in names:
        if name not in active:
            journal.done(name)
    watches, left, restarted = [], collections.OrderedDict(), []
    for name in active:
        called, strays = services.units(root, name, running.get(name, ()))
        called = called or (journal.restarting.get(name, []) if name not in running else [])
        strays = journal.strays(name, strays)
        if strays:
            left[name] = strays
        if called:
            out.step('restarting %s' % name + (' (%s)' % ', '.join(called) if called != [name] else ''))
            restarted.append(name)
        for unit in called:
            root.disk.note('restart', unit)
        if not called or not root.disk.acting:
            if not strays:
                journal.done(name)
            continue
        watch = Watch(root, name, ini.load_nova(root, compute=True) if name == services.COMPUTE else config, strays)
        services.restart(root, name, called, maintainer_script, journal.begin)
        watches.append((watch, time.time()))
        _first_sign(watch, deadline)
    for watch, since in watches:
        _wait(watch, since, deadline, out)
        out.step('%s serves again, %.1f s after its restart' % (watch.name, time.time() - since))
        if watch.name not in left:
            journal.done(watch.name)
    if left and root.disk.acting:
        raise services.ByHand(left)
    if left:
        out.note(services.ByHand(left).what)
    return restarted


class Journal(object):
    """What of the record changes while services restart; without a record, nothing."""

    def __init__(self, record=None):
        self._record = record
        self.restarting = record['restarting'] if record else {}

    def begin(self, name, called):
        """A restart begins; it may not end."""
        if self._record:
            self.restarting[name] = called
            self._record.save()

    def done(self, name):
        """A service runs what is on the disk."""
        if self._record:
            self._record['pending'] = [other for other in self._record['pending'] if other != name]
            for key in ('restarting', 'by_hand'):
                self._record[key].pop(name, None)
            self._record.save()

    def strays(self, name, own):
        """Those of some processes that the init system does not know, and that are there since the first look."""
        if not self._record or not own:
            return list(own)
        known = self._record['by_hand'].setdefault(name, [list(one.key) for one in own])
        self._record.save()
        return [one for one in own if list(one.key) in known]


def _first_sign(watch, deadline):
    """Wait for the new process of one service before the next one restarts, so that a failure stops at one service."""
    end = time.time() + deadline
    while watch.missing() in ('it has no process', 'its old process is still there'):
        if time.time() > end:
            raise _failure(watch, deadline)
        time.sleep(0.2)


def _wait(watch, since, deadline, out):
    told = time.time()
    while True:
        missing = watch.missing()
        if not missing:
            return
        if time.time() - since > deadline:
            raise _failure(watch, deadline, missing)
        if time.time() - told >= HEARTBEAT:
            told = time.time()
            out.step('waiting for %s (%.0f s): %s' % (watch.name, told - since, missing))
        time.sleep(0.5)


def _failure(watch, deadline, missing=None):
    return errors.InstallerError(
        '%s does not serve %d s after its restart: %s' % (watch.name, deadline, missing or watch.missing()),
        services.BEHIND, 'read %s; %s' % (services.SERVICES[watch.name].log, services.EITHER_WAY))
