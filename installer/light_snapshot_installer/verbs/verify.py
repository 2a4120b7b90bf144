"""`light-snapshot verify`: whether this node is exactly what the package makes of it."""
from light_snapshot_installer import SHARE, checks, drift, errors, extended, held, node as nodes, payload, state as states, version

SUMMARY = 'check every file, diversion, column, AppArmor profile and running service; change nothing'


def options(parser):
    """Add this verb's options."""
    parser.add_argument('--quiet', action='store_true', help='print only what is not ok')
    parser.add_argument('--diff', action='store_true', help='show how each file of ours that was changed differs, in colour on'
                                                            ' a terminal')


def run(root, arguments, out, share=SHARE):
    """Do it; returns 0 if every row is ok or a note, else 1."""
    record = states.State(root)
    node = nodes.Node(root)
    rows = []
    if not node.parts and not record['files']:
        rows.append((checks.NOTE, 'node', 'no part of OpenStack is here, and nothing is installed'))
    elif not record['files']:
        rows.extend(checks.check_record(record, version()))
        rows.extend(checks.check_diversions(root, record))
    else:
        entries, skipped = payload.plan(share, node)
        rows.extend(checks.check_record(record, version()))
        kept = held.files(root, node, record)
        rows.extend([(checks.NOTE, 'node', held.text(kept))] if kept else [])
        rows.extend(checks.check_files(root, record, entries, kept))
        bare = list(extended.check(node))
        rows.extend(bare)
        rows.extend((checks.NOTE, target, 'left out: ' + reason) for target, reason in skipped if target not in [row[1] for row in bare])
        rows.extend(checks.check_diversions(root, record, kept))
        rows.extend(checks.check_bytecode(root, record))
        rows.extend(checks.check_columns(share, node))
        rows.extend(checks.check_apparmor(root, node, record))
        rows.extend(checks.check_services(root, record))
    failed = [row for row in rows if row[0] == checks.FAIL]
    out.table([row for row in rows if row[0] != checks.OK] if arguments.quiet else rows)
    if arguments.diff and record['files']:
        for text in drift.lines(root, entries, out.colour()):
            out.say(text)
    out.say('%d checks, %d failed: %s' % (len(rows), len(failed), 'NOT well' if failed else 'all is well'))
    code = errors.EXIT_FAILED if failed else errors.EXIT_OK
    return out.finish(code, version=version(), parts=node.parts, failed=len(failed),
                      checks=[dict(zip(('result', 'subject', 'detail'), row)) for row in rows])
