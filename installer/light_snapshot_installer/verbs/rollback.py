"""`light-snapshot rollback`: the node as it was before the package came."""
from light_snapshot_installer import SHARE, cells, copying, errors, keeping, ledger, node as nodes, online
from light_snapshot_installer import payload, records, rights, schema, services, serving, sqlfiles, state as states, undo
from light_snapshot_installer.verbs import install

SUMMARY = 'take light-snapshot off this node: files, diversions, AppArmor links; the columns only if told so'


def options(parser):
    """Add this verb's options."""
    parser.add_argument('--drop-columns', action='store_true',
                        help='also drop the columns that this node added (on the last controller, after every other'
                             ' node was rolled back)')
    online.options(parser)
    parser.add_argument('--dry-run', action='store_true', help='print every change that would be made; make none')
    parser.add_argument('--wait', type=serving.seconds, default=serving.DEADLINE, metavar='SECONDS',
                        help='how long each service may take to serve again (default: %(default)s)')


def run(root, arguments, out, share=SHARE):
    """Do it; returns the exit code. Raises errors.Refused before anything is changed, or errors.InstallerError."""
    record = states.State(root)
    end = states.REMOVED if arguments.maintainer_script else states.ROLLED_BACK
    node = nodes.Node(root)
    refuse_live(root, node)
    word = online.allowed(root, arguments)
    ours = _columns_to_drop(share, node, record, word, out) if arguments.drop_columns else []
    entries = payload.plan(share, node)[0]
    copying.adopt(root, record, entries)
    install.refuse(root, record)
    off = not record['files'] and record['phase'] in (states.ABSENT, states.ROLLED_BACK, states.REMOVED)
    record.add_pending(name for name in services.running(root) if services.relevant(record['files'], name, root))
    restored = []
    # A removal of the package that dpkg gives up leaves what the operator wanted before; so does a second one.
    record['off'] = record.stays_off() or record.was_off() or not arguments.maintainer_script
    if not off:
        record.enter(states.ROLLING_BACK)
        out.step('removing %d files' % len(record['files']))
        try:
            copying.take_away(root, record, list(record['files']))
        finally:
            keeping.tell(record, out)
        for directory in copying.remove_directories(root, record):
            out.note('%s stays: it holds files that are not ours' % directory)
        record['directories'] = []
        restored = undo.undo_apparmor(root, record, out)
    # nova-compute took orders meanwhile, with our code in its memory.
    refuse_new(root, node, 'A nova-compute that still runs has our code, and must not restart.')
    try:
        install.restart_pending(root, node, record, arguments, out)
    except services.RestartDenied:
        # All that is ours to do is done.
        record.enter(end)
        raise
    refuse_new(root, node, 'nova-compute has restarted without our code: do not start, stop, reboot, move or delete these servers.')
    for name, url, statements, columns, estimates, tables in ours:
        hooks = ledger.Ledger(record, name, url, out.step, estimates)
        count = schema.drop(url, statements, columns, hooks, root.disk.acting, tables)
        out.step('%s: %d columns dropped' % (url, count))
    if record['columns']:
        out.note('%d columns that this node added stay in the database; nova works with them as without' %
                 len(record['columns']))
    record.enter(end)
    out.step('light-snapshot is off this node' if not off else 'light-snapshot was not on this node')
    return out.finish(errors.EXIT_OK, phase=record['phase'], restarted=record['restarted'], apparmor=restored,
                      columns_left=len(record['columns']))


def refuse_live(root, node):
    """Raise errors.Refused if a server on this host still has layers, or that cannot be seen: without us nova would boot its
    root disk."""
    live = [(uuid, problem) for uuid, alive, problem in records.read(root, node.instances_path()) if alive]
    if not live:
        return
    lines = ['\n    %s%s' % (uuid, ' (%s)' % problem if problem else '') for uuid, problem in live]
    commands = ['\n    openstack server light snapshot disable %s' % uuid for uuid, _problem in live]
    raise errors.Refused(
        '%d server(s) on this node still have live layers, which nova alone would lose:%s' % (
            len(live), ''.join(lines)),
        'Nothing was changed.',
        'commit them into their root disks, then run this again:%s' % ''.join(commands))


def refuse_new(root, node, state):
    """Raise errors.InstallerError if a server got layers since `refuse_live`; `state`: what that means now."""
    try:
        live = [uuid for uuid, alive, _problem in records.read(root, node.instances_path()) if alive]
    except records.Unreadable as error:
        raise errors.InstallerError('%s any more: servers may have got some while this went on' % error.what,
                                    'The files are off this node. ' + state,
                                    'run `light-snapshot install` now; make the directory readable for root, and run this again')
    if live:
        raise errors.InstallerError(
            '%d server(s) got live layers while this went on: %s' % (len(live), ', '.join(live)),
            'The files are off this node. ' + state,
            'run `light-snapshot install` now; then disable light snapshots on these servers, and run this again')


def _columns_to_drop(share, node, record, word, out):
    """[(cell, DatabaseUrl, statements, {(table, column)}, estimates, tables that may be copied)] of what this node added. Raises errors.Refused."""
    found = cells.find(node.config)
    statements = sqlfiles.read(share + '/sql', 'down')
    plan = []
    for name, url in found:
        servers = schema.enabled_servers(url)
        if servers:
            raise errors.Refused(
                'cell %s: %d server(s) still use light snapshots: %s%s' % (
                    name, len(servers), ', '.join(servers[:5]), '...' if len(servers) > 5 else ''),
                next_step='disable them: openstack server light snapshot disable <uuid>')
        ours = set((table, column) for _cell, server, database, table, column in record['columns']
                   if (server, database) == url.key)
        if ours:
            rights.check(name, url, sorted(set(table for table, _column in ours)))
            estimates = online.estimates(url, sorted(set(table for table, _column in ours)), 'drop')
            tables = online.copyable(name, estimates, word)
            for estimate in estimates:
                out.step('cell %s: %s' % (name, online.describe(estimate)))
            plan.append((name, url, statements, ours, estimates, tables))
    unreachable = set((server, database) for _cell, server, database, _t, _c in record['columns'])
    unreachable -= set(url.key for _name, url in found)
    if unreachable:
        raise errors.Refused('nova.conf no longer names databases that hold columns of ours: %s' % ', '.join(
            '%s on %s' % (database, server) for server, database in sorted(unreachable)),
                             next_step='drop them by hand with sql/0001-columns.down.sql, or roll back without'
                                       ' --drop-columns')
    return plan
