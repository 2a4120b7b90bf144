"""A first installation whose services do not come back is taken off again, so that nova runs on as it did without it."""
from light_snapshot_installer import apparmor, copying, diversions, errors, keeping, paths, records, services, state as states

_EARLIER = ('It was not undone, because something of light-snapshot was on this node before, and servers may have layers. ')
_COLUMNS = 'Columns that were added stay: they are nullable, and nova works with them as without.'


def is_first(root):
    """True if an installation that begins now finds nothing of ours, also where the record is lost."""
    return not diversions.ours(root)


def after(error, root, node, record, restart, out):
    """Undo a first installation after `error`, of a service that did not come back; returns the error to raise.

    `restart(names)` restarts services, as install does. Nothing is undone while a server on this host has layers.
    """
    if not record['first']:
        return errors.InstallerError(error.what, _EARLIER + error.state, error.next_step)
    unsafe = live(root, node)
    if unsafe:
        return errors.InstallerError(error.what, 'It was not undone: %s. %s' % (unsafe, error.state), error.next_step)
    out.step('%s; undoing the installation' % error.what)
    # What began before our first file runs nova's own code, and goes on with it.
    record['pending'] = sorted(set(services.touched(root, record['files'])) | set(record['restarting']))
    record['by_hand'], record['off'] = {}, False
    record.enter(states.ROLLING_BACK)
    try:
        _take_off(root, record, out)
    except (errors.InstallerError, IOError, OSError) as second:
        return errors.InstallerError(
            '%s; and putting the files back failed: %s' % (error.what, getattr(second, 'what', None) or second),
            'Some files are in place and some are not; the record %s says how far it went.' % paths.STATE_FILE,
            'see to the cause, then run `light-snapshot install` or `light-snapshot rollback`: either finishes it')
    unsafe = live(root, node)
    if unsafe:
        return errors.InstallerError(
            '%s; and while that was undone: %s' % (error.what, unsafe),
            'The files are off this node. A nova-compute that still runs has our code, and must not restart.',
            'run `light-snapshot install` now')
    again = _restarted(record, restart)
    record['first'] = False
    record.enter(states.ABSENT)
    if again:
        return errors.InstallerError(
            '%s; and with every file put back: %s' % (error.what, '; '.join(one.what for one in again)),
            "The installation was undone: every file is as it was. What does not serve runs nova's own code, or none. " + _COLUMNS,
            again[0].next_step)
    return errors.InstallerError(
        error.what, 'The installation was undone: every file is as it was, and what had restarted serves again without'
        ' light-snapshot. ' + _COLUMNS,
        '%s; see to the cause, then run `light-snapshot install` again' % error.next_step.partition(';')[0])


def _take_off(root, record, out):
    try:
        copying.take_away(root, record, list(record['files']))
    finally:
        keeping.tell(record, out)
    copying.remove_directories(root, record)
    undo_apparmor(root, record, out)


def undo_apparmor(root, record, out):
    """Load the profiles again that we had disabled; returns their names."""
    if record['apparmor']['links']:
        record.add_pending(name for name in services.LIBVIRT if name in services.running(root))
    restored = apparmor.undo(root, record['apparmor'], record.save)
    if restored:
        out.step('AppArmor profiles enabled again: %s' % ', '.join(restored))
    if apparmor.active(root):
        apparmor.tell_astray(root, restored, True, out)
    # That they are to stay is not forgotten; what made them go is asked anew.
    if record['apparmor']['choice'] == apparmor.DISABLE:
        record['apparmor']['choice'] = ''
    return restored


def live(root, node):
    """Why files may not go from this host; '' if they may."""
    try:
        return layered(root, node)
    except errors.InstallerError as error:
        return error.what


def layered(root, node):
    """Which servers on this host have live layers, as text; '' without any. Raises records.Unreadable."""
    found = [uuid for uuid, alive, _problem in records.read(root, node.instances_path()) if alive]
    return '%d server(s) on this host have live layers, which nova alone would lose: %s' % (len(found), ', '.join(found)) if found else ''


def _restarted(record, restart):
    """Restart all that is pending, one after the other whatever becomes of it; returns the errors."""
    failed = []
    for name in [one for one in services.SERVICES if one in record['pending']]:
        try:
            restart([name])
        except errors.InstallerError as error:
            failed.append(error)
    return failed
