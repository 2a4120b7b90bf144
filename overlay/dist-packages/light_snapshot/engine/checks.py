"""Whether a server's files are what its record says: chains, second names, leftovers, what libvirt knows.

What can be put right without guessing is put right when that is asked for: a second name that is missing is made again,
a mode is set, a file that nobody has open and the record does not know goes to the folder of discarded ones. A chain that
leads elsewhere, or a file that is gone, is only told: the bytes decide, and no program knows which.
"""

import os
import stat

from light_snapshot.engine import errors
from light_snapshot.engine import layout
from light_snapshot.engine import plans

ERROR = 'error'
WARNING = 'warning'


def finding(code, severity, name, message, repaired=False):
    return {'code': code, 'severity': severity, 'file': name, 'message': message, 'repaired': repaired}


def findings(record, files, domain=None, repair=False):
    """Walk everything that the record names, and everything that looks like ours in the directory.

    :param repair: put right what can be put right without guessing
    :returns: [{'code', 'severity' ('error' or 'warning'), 'file', 'message', 'repaired'}]; empty: all is well
    """
    walk = _Walk(record, files, domain, repair)
    walk.job()
    walk.chains()
    walk.second_names()
    walk.leftovers()
    walk.guest()
    return walk.found


class _Walk(object):
    def __init__(self, record, files, domain, repair):
        self.record, self.files, self.domain, self.repair = record, files, domain, repair
        self.state = record.state()
        self.found, self.written = [], files.written()

    def _add(self, code, severity, name, message, repair=None):
        """A finding; with `repair`, an act that puts it right, that is carried out if it was asked for."""
        repaired = False
        if repair is not None and self.repair:
            try:
                repair()
                repaired = True
            except (errors.EngineError, EnvironmentError) as exc:
                message = '%s It could not be put right: %s' % (message, exc)
        self.found.append(finding(code, severity, name, message, repaired))

    def job(self):
        """Asked to repair, the engine has settled before."""
        if self.record.job:
            self._add('unfinished', WARNING, None, 'An operation (%s) is under way or was cut off; it is finished or undone '
                      'before the next one.' % self.record.job['op'])

    # ---- chains

    def chains(self):
        wanted = plans.backing_files(self.state)
        if self.state['preview']:
            wanted.update(plans.backing_files(self.state['preview']['before']))
        for disk in self.record.disk_names:
            for name in sorted(wanted):
                self._file(layout.of(disk, name), wanted[name] and layout.of(disk, wanted[name]))

    def _file(self, name, backing):
        if not self.files.exists(name):
            self._add('missing', ERROR, name, 'The file is gone; what stands on it cannot be read. Restore it from a '
                      'backup of the host.')
            return
        if name in self.record.disk_names:
            return          # nova's own: its backing file is the image cache's
        mode = stat.S_IMODE(os.lstat(self.files.path(name)).st_mode)
        if mode & 0o077:
            self._add('mode', ERROR, name, 'Others can read the file (mode %o).' % mode,
                      lambda: os.chmod(self.files.path(name), 0o600))
        try:
            info = self.files.info(name, 'qcow2')
        except errors.EngineError as exc:
            self._add('unreadable', ERROR, name, 'It is no qcow2 image: %s' % exc)
            return
        told = info.get('backing-filename'), info.get('backing-filename-format')
        if told != (backing, self.record.format_of(backing)):
            self._add('backing', ERROR, name, 'It names the backing file %s (%s), and its record %s (%s). Nothing is guessed: '
                      'compare both before the server is started.' % (told + (backing, self.record.format_of(backing))))
            return
        if name not in self.written:
            self._image(name)

    def _image(self, name):
        try:
            counts = self.files.verify(name)
        except errors.EngineError as exc:
            self._add('image', ERROR, name, 'It could not be checked: %s' % exc)
            return
        if counts['corruptions'] or counts['check-errors']:
            self._add('image', ERROR, name, 'qemu-img check finds %d corruptions and %d errors in it.'
                      % (counts['corruptions'], counts['check-errors']))
        elif counts['leaks']:
            self._add('leaks', WARNING, name, '%d clusters of it are allocated and unused; no data is lost.'
                      % counts['leaks'], lambda: self.files.mend(name))

    # ---- names

    def second_names(self):
        for disk in self.record.disk_names:
            for entry in self.state['kept'].values():
                name = layout.of(disk, entry['file'])
                second = self.files.path(layout.kept(name))
                if self.files.exists(name) and not (os.path.exists(second)
                                                    and os.path.samefile(second, self.files.path(name))):
                    self._add('second-name', WARNING, layout.kept(name), 'The kept file has no second name in the folder %s.'
                              % layout.HISTORY, lambda name=name: self.files.keep(name))

    def leftovers(self):
        known = self._known()
        for folder in ('', layout.HISTORY):
            path = self.files.path(folder)
            for found in sorted(os.listdir(path)) if os.path.isdir(path) else ():
                name = os.path.join(folder, found)
                if layout.is_ours(name) and name not in known:
                    self._leftover(name)

    def _known(self):
        job, names = self.record.job or {}, set(self.record.files())
        if job.get('after'):
            names.update(entry['file'] for entry in job.get('new') or ())
        # Of a job under way it is not known yet what becomes of its files.
        for action in (job.get('cleanup') or (job.get('then') or {}).get('cleanup') or ()):
            names.add(action.get('file') or layout.DISK)
        names = set(os.path.basename(name) for name in names)
        disks = self.record.disk_names
        return set(layout.of(disk, name) for disk in disks for name in names) | \
            set(layout.kept(layout.of(disk, name)) for disk in disks for name in names)

    def _leftover(self, name):
        def away():
            if name in self.written:
                raise errors.EngineError('a process has it open.')
            if os.path.dirname(name):
                self.files.remove(name)
            else:
                self.files.discard(name)
        self._add('orphan', WARNING, name, 'The record names no file %s (%d bytes).' % (name, self.files.allocated(name)),
                  away)

    # ---- libvirt

    def guest(self):
        if self.domain is None or not self.domain.is_running():
            return
        wanted = plans.backing_files(self.state)
        for disk in self.record.disks:
            device = self.domain.on(disk['target'])
            name, chain = self.record.active, []
            while name is not None:
                chain.append(self.record.path(layout.of(disk['name'], name)))
                name = wanted.get(name)
            told = [path for path in device.chain() if os.path.dirname(path) == self.record.directory]
            if told != chain and not self.record.job:
                self._add('chain', ERROR, None, 'The server runs on %s, and its record says %s.'
                          % (' <- '.join(told), ' <- '.join(chain)))
            if device.has_job() and not self.record.job:
                self._add('block-job', ERROR, None, 'libvirt runs a block job on %s that is not of the record. '
                          'Let it end, or end it: `virsh blockjob DOMAIN %s`.' % (device.target, device.target))
