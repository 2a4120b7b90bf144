"""`light-snapshot install`: columns, files, AppArmor, services; again after an upgrade or a crash."""
import argparse
import time

from light_snapshot_installer import SHARE, apparmor, cells, checks, copying, diversions, errors, held, interpreter, keeping, ledger
from light_snapshot_installer import node as nodes, online, paths, payload, rights, schema, services, serving, sqlfiles
from light_snapshot_installer import state as states, undo, version

SUMMARY = 'put light-snapshot onto this node, or bring it to the state of the installed package'

_COLUMNS_STAY = 'Columns that were added stay: they are nullable, and nova works with them as without.'


def options(parser):
    """Add this verb's options."""
    parser.add_argument('--apparmor', choices=apparmor.CHOICES,
                        help='keep: leave the profiles of libvirtd, virtqemud and virt-aa-helper alone; confine: the same, but only'
                             ' where this libvirt lets guests under them commit their layers; disable: disable all three (default:'
                             ' what was chosen last, else APPARMOR= in /etc/default/light-snapshot, else confine where that can be,'
                             ' else disable)')
    online.options(parser)
    # What dpkg's triggers ask for while nova's packages are not configured yet: the rest follows in a second run.
    parser.add_argument('--only-files', action='store_true', help=argparse.SUPPRESS)
    # What dpkg asks for when the package's removal did not end: it stays, and what the operator had said before holds again.
    parser.add_argument('--removal-failed', action='store_true', help=argparse.SUPPRESS)
    parser.add_argument('--dry-run', action='store_true', help='print every change that would be made; make none')
    parser.add_argument('--wait', type=serving.seconds, default=serving.DEADLINE, metavar='SECONDS',
                        help='how long each service may take to serve again (default: %(default)s)')


def run(root, arguments, out, share=SHARE):
    """Do it; returns the exit code. Raises errors.InstallerError."""
    record = states.State(root)
    node = nodes.Node(root)
    if arguments.removal_failed and record.was_off():
        record.enter(states.ROLLED_BACK)
    if arguments.maintainer_script and record.stays_off() and not _needed(root, node, record, out):
        out.note('light-snapshot was rolled back on this node on %s and stays off; `light-snapshot install` puts it'
                 ' back%s' % (time.strftime('%Y-%m-%d %H:%M', time.localtime(record['time'])), '' if record['phase'] == states.ROLLED_BACK
                              else ', `light-snapshot rollback` does what is left to do'))
        return out.finish(errors.EXIT_OK, phase=record['phase'])
    record['off'] = False
    interpreter.check(root, node)
    entries, skipped = payload.plan(share, node)
    if arguments.only_files:
        return place_files(root, node, record, entries, out)
    kept = held.files(root, node, record)
    if kept:
        out.note(held.text(kept))
    if not node.parts and not record['files']:
        out.note('no part of OpenStack was found on this node: nothing is installed. Run `light-snapshot install`'
                 ' once nova or Horizon is here')
    else:
        out.step('this node: %s' % (', '.join(node.parts) or 'no part of OpenStack any more'))
    for target, reason in skipped:
        out.note('%s is left out: %s' % (target, reason))
    payload.check_syntax(entries)
    refuse(root, record, entries)
    fresh = record['phase'] in (states.ABSENT, states.ROLLED_BACK, states.REMOVED)
    pending = list(record['pending'])
    if fresh:
        record['first'] = undo.is_first(root)
    # Of an installation that was cut off; asked before its files get other times.
    began = services.touched(root, record['files']) if record['first'] else []
    wanted = choice(root, node, arguments, record, out)
    add_columns(share, node, record, online.allowed(root, arguments), out)
    try:
        changed = install_files(root, record, entries, kept, out)
    except (errors.InstallerError, IOError, OSError) as error:
        unsafe = '' if fresh else undo.live(root, node) or began and 'these services began with some of them: %s' % ', '.join(began)
        # What the run that was cut off noted runs nova's own code; what a restart of ours took down has to be started.
        stays = pending if fresh else [name for name in pending if name in record['restarting']]
        raise _undone(root, record, record['first'], stays, error, unsafe)
    interpreter.remember(root)
    record['parts'], record['version'] = node.parts, version()
    record.add_pending(services.stale(root, record['files']))
    set_apparmor(root, node, record, wanted, out)
    record.enter(states.INSTALLED)
    restart_or_undo(root, node, record, arguments, out)
    out.step('light-snapshot %s is installed: %d files, %d changed now' % (
        record['version'], len(record['files']), len(changed)))
    return out.finish(errors.EXIT_OK, version=record['version'], phase=record['phase'], parts=node.parts,
                      files=len(record['files']), changed=changed, restarted=record['restarted'])


def _needed(root, node, record, out):
    """True if servers got layers since the operator's roll-back began: a nova that starts without us would lose them.

    Where that cannot be seen it may be so as long as a nova-compute with our code runs on, and not any more after that.
    """
    under_way = record['phase'] == states.ROLLING_BACK
    # What is pending has had our code in its memory.
    if not under_way and not record['pending']:
        return False
    try:
        what = undo.layered(root, node)
    except errors.InstallerError as error:
        process = _extended(root, record)
        if not process:
            out.note('%s; no nova-compute with the code of light-snapshot is left, so that the roll-back stands' % error.what)
            return False
        what = 'a nova-compute with the code of light-snapshot still runs (process %d), and %s' % (process.pid, error.what)
    if what:
        out.note('the roll-back of this node %s, and %s: light-snapshot is put back. Run `light-snapshot rollback` again when that is seen to' % (
            'did not end' if under_way else 'could not restart %s' % ', '.join(record['pending']), what))
    return bool(what)


def _extended(root, record):
    """The process of nova-compute that has had our code since before the roll-back; None without one."""
    if services.COMPUTE not in record['pending']:
        return None
    known = record['by_hand'].get(services.COMPUTE)
    for one in services.processes(root, services.COMPUTE):
        if list(one.key) in known if known else one.start < record['time']:
            return one
    return None


def refuse(root, record, entries=()):
    """Raise errors.Refused, before anything is changed, if files of ours cannot be put or removed, or stand in for others'."""
    copying.check_writable(root, [entry.target for entry in entries] + list(record['files']))
    diversions.refuse(root, set(diversions.ours(root)).union(entry.target for entry in entries if entry.kind == 'shim').union(
        path for path, facts in record['files'].items() if facts['diverted']))
    keeping.refuse(root, record, checks.packaged_sums)


def add_columns(share, node, record, word, out):
    """The six columns, on a controller, in every cell database; all are looked at before any is changed.

    `word`: a server that can only copy a large table may do that. Raises errors.Refused before anything is changed, if not, or if
    nova's account may not change the tables.
    """
    if not node.controller:
        return
    found = cells.find(node.config)
    if not found:
        out.note('nova keeps its data in neither MariaDB nor MySQL on this node: no column was added')
        return
    statements = sqlfiles.read(share + '/sql', 'up')
    schema.check_before(found, statements)
    lacking = [(name, url, schema.missing(url, statements)) for name, url in found]
    for name, url, tables in lacking:
        rights.check(name, url, tables)
    ahead = [(name, online.estimates(url, tables, 'add')) for name, url, tables in lacking]
    copied = [online.copyable(name, estimates, word) for name, estimates in ahead]
    for (name, url), (_name, estimates), tables in zip(found, ahead, copied):
        for estimate in estimates:
            out.step('cell %s: %s' % (name, online.describe(estimate)))
        hooks = ledger.Ledger(record, name, url, out.step, estimates)
        count = schema.add(name, url, statements, hooks, record.root.disk.acting, tables)
        out.step('cell %s (%s): %d columns added, %d in place' % (name, url, count, len(statements)))


def place_files(root, node, record, entries, out):
    """Put in place what is missing or differs, and nothing more: no column, no profile, no restart, and nothing goes.

    A new nova is unpacked, and its services start as soon as its packages are configured. Returns the exit code.
    """
    payload.check_syntax(entries)
    if not any(_differs(root, record, entry) for entry in entries):
        return out.finish(errors.EXIT_OK, changed=[])
    refuse(root, record, entries)
    out.step('nova or Horizon was unpacked: putting light-snapshot in place before its services start')
    try:
        changed = install_files(root, record, entries, list(record['files']), out)
    except (errors.InstallerError, IOError, OSError) as error:
        # What is there is whole and stays: nova's services are about to start.
        raise _undone(root, record, False, [], error)
    record['parts'], record['version'] = node.parts, version()
    record.enter(states.INSTALLED)
    return out.finish(errors.EXIT_OK, changed=changed)


def install_files(root, record, entries, kept, out):
    """Copy what is planned, take away what an older version left, but for `kept`; returns the targets that changed."""
    copying.adopt(root, record, entries)
    copying.prepare(root, record, entries)
    targets = set(entry.target for entry in entries).union(kept)
    obsolete = [path for path in record['files'] if path not in targets]
    # Before the first change: which services will have to restart, should this run be cut off.
    touched = [entry.target for entry in entries if _differs(root, record, entry)] + obsolete
    record.add_pending(name for name in services.running(root) if services.relevant(touched, name, root, record['files']))
    record.enter(states.INSTALLING)
    out.step('copying %d files' % len(entries))
    try:
        changed = copying.place(root, record, entries)
        if obsolete:
            out.step('removing %d files that this node needs no more' % len(obsolete))
            copying.take_away(root, record, obsolete)
    finally:
        keeping.tell(record, out)
    copying.remove_directories(root, record, targets)
    if obsolete and not any('/nova/' in target for target in targets):
        # All of nova that we extended is gone.
        copying.prune(root, obsolete)
    copying.compile_all(root, record)
    copying.placed(record)
    return changed


def _differs(root, record, entry):
    try:
        return root.disk.sha256(root.at(entry.target)) != record['files'][entry.target]['sha256']
    except (IOError, OSError, KeyError):
        return True


def _undone(root, record, first, pending, error, unsafe=''):
    """Undo a half-done copy of a `first` installation, unless that is `unsafe` (why), and return the error to raise; `pending` have
    to restart all the same."""
    what = getattr(error, 'what', None) or str(error)
    step = getattr(error, 'next_step', '') or 'see to the cause, then run `light-snapshot install` again'
    if record['phase'] != states.INSTALLING:
        return errors.InstallerError(what, 'No file was changed, and no service was restarted. ' + _COLUMNS_STAY, step)
    if first and unsafe:
        return errors.InstallerError(what, 'Some files are in place and some are not, and they were not taken away again: %s. No service was'
                                     ' restarted.' % unsafe, step)
    if not first:
        return errors.InstallerError(
            what, 'The files on this node are partly of the new version and partly of the old one; running services'
                  ' were not touched.', step)
    try:
        copying.take_away(root, record, list(record['files']))
        copying.remove_directories(root, record)
        record['pending'], record['first'] = pending, False
        record.enter(states.ABSENT)
    except (errors.InstallerError, IOError, OSError) as second:
        return errors.InstallerError(
            '%s; and putting the files back failed: %s' % (what, getattr(second, 'what', None) or second),
            'Some files are in place and some are not; the record %s says how far it went. No service was restarted.' % (
                paths.STATE_FILE),
            'see to the cause, then run `light-snapshot install` or `light-snapshot rollback`: either finishes it')
    return errors.InstallerError(what, 'Every file was put back as it was; no service was restarted. ' + _COLUMNS_STAY, step)


def choice(root, node, arguments, record, out):
    """One of apparmor.CHOICES: the command line, else the last choice, else the defaults file, else the least that this node
    can do with; '' as long as there is nothing to choose here.

    Raises errors.Refused if guests cannot be confined here; where they could when that was chosen, that is only noted.
    """
    wanted = arguments.apparmor or record['apparmor']['choice'] or nodes.defaults(root).get('DEFAULT', 'APPARMOR', '')
    if not wanted:
        return least(root, node, out)
    if wanted not in apparmor.CHOICES:
        raise errors.InstallerError('APPARMOR=%s in /etc/default/light-snapshot is none of %s' % (
            wanted, ', '.join(apparmor.CHOICES)), next_step='correct it, then run `light-snapshot install` again')
    if wanted == apparmor.CONFINE and node.compute and apparmor.active(root):
        able = apparmor.can_confine(root)
        what = ('virt-aa-helper could not be asked' if able is None else 'the profiles that this libvirt writes for guests'
                ' deny writes to what is below a layer, so that commits fail')
        if not able and record['apparmor']['choice'] == apparmor.CONFINE:
            out.note('AppArmor: %s (it was otherwise when confine was chosen)' % what)
        elif not able:
            raise errors.Refused('guests cannot be confined here: %s' % what, next_step='take libvirt 12.1 or later, or choose'
                                 ' --apparmor=disable')
    return wanted


def least(root, node, out):
    """What is done where nobody has said it: the profiles stay where guests can live under them, else they are disabled, aloud."""
    if not (node.compute and apparmor.active(root) and apparmor.profiles(root)):
        return ''
    ahead = apparmor.to_disable(root)
    if not ahead:
        return apparmor.DISABLE
    if apparmor.can_confine(root):
        return apparmor.CONFINE
    out.note('AppArmor: NOBODY HAS CHOSEN, and this libvirt refuses later commits of layers under its profiles, so these are disabled: %s.'
             ' Guests that are started from now on are NOT CONFINED. `light-snapshot install --apparmor=keep` puts the profiles back'
             % ', '.join(ahead))
    return apparmor.DISABLE


def set_apparmor(root, node, record, wanted, out):
    """Follow the choice on a compute node where AppArmor runs."""
    record['apparmor']['choice'] = wanted
    if not (node.compute and apparmor.active(root)):
        return
    record_of = record['apparmor']
    ahead = apparmor.to_disable(root) if wanted == apparmor.DISABLE else record_of['links'] + record_of['directories']
    if not ahead:
        return
    # libvirtd asks at its start whether it is confined, and confines its guests by the answer.
    record.add_pending(name for name in services.LIBVIRT if name in services.running(root))
    change = apparmor.disable if wanted == apparmor.DISABLE else apparmor.undo
    changed = change(root, record_of, record.save)
    if changed:
        out.step('AppArmor profiles %s: %s' % (
            'disabled' if wanted == apparmor.DISABLE else 'enabled again', ', '.join(changed)))
    apparmor.tell_astray(root, changed, wanted != apparmor.DISABLE, out)


def restart_or_undo(root, node, record, arguments, out):
    """Restart what is pending; a first installation is undone where a service does not come back."""
    try:
        restart_pending(root, node, record, arguments, out)
    except services.RestartDenied:
        record['first'] = False
        record.save()
        raise
    except errors.InstallerError as error:
        raise undo.after(error, root, node, record, lambda names: restart_pending(root, node, record, arguments, out, names), out)
    record['first'] = False
    record.save()


def restart_pending(root, node, record, arguments, out, only=None):
    """Restart what the record says is pending (`only`: of these); the record shrinks as each serves again."""
    names = [name for name in services.SERVICES if name in record['pending'] and (only is None or name in only)]
    record['restarted'] = []
    record['restarted'] = serving.restart_all(root, names, node.config, out, arguments.maintainer_script,
                                              arguments.wait, serving.Journal(record))
    record.save()
