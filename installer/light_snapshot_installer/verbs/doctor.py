"""`light-snapshot doctor`: what is wrong here, and what to do about each of it."""
from light_snapshot_installer import SHARE, bundle, checks, diagnosis, errors, extended, held
from light_snapshot_installer import node as nodes, payload, rollout, state as states, version

SUMMARY = 'look at everything that can be wrong on this node, and say what to do; change nothing'

_INSTALL = 'run `light-snapshot install`; it puts right what is missing and restarts what has to'
_NOVAS = "bring nova's own file back (apt install --reinstall its package), then run `light-snapshot install`"


def options(parser):
    """Add this verb's options."""
    parser.add_argument('--bundle', metavar='FILE', help='also write a support bundle without secrets: a tar.gz file, 0600')


def run(root, arguments, out, share=SHARE):
    """Do it; returns 0 if nothing has to be done, else 1."""
    record = states.State(root)
    node = nodes.Node(root)
    findings = examine(root, node, record, share)
    failed = [finding for finding in findings if finding.result == checks.FAIL]
    for finding in findings:
        if finding.result != checks.OK:
            out.say('%-4s  %s: %s%s' % (finding.result, finding.area, '' if finding.subject == finding.area else
                                        finding.subject + ': ', finding.detail))
            if finding.advice:
                out.say('      do: %s' % finding.advice)
    document = {'version': version(), 'phase': record['phase'], 'parts': node.parts, 'failed': len(failed),
                'findings': [dict(finding._asdict()) for finding in findings]}
    if arguments.bundle:
        bundle.write(root, node, arguments.bundle, document)
        out.say('support bundle: %s (look into it before you pass it on)' % arguments.bundle)
    areas = sorted(set(finding.area for finding in findings))
    out.say('%s looked at: %d findings, %d of them have to be seen to' % (
        ', '.join(areas), len([one for one in findings if one.result != checks.OK]), len(failed)))
    return out.finish(errors.EXIT_FAILED if failed else errors.EXIT_OK, **document)


def examine(root, node, record, share):
    """Every finding, those of `verify` first."""
    findings = list(installed(root, node, record, share))
    if not record['files']:
        return findings
    answer = diagnosis.ask(root, node, share) if node.code else {}
    for rows in (diagnosis.check_hooks(node, answer), diagnosis.check_chains(root, node, answer),
                 diagnosis.check_space(root, node), diagnosis.check_daily(root, node, answer), diagnosis.check_cloud(node),
                 rollout.check(root, node, version())):
        findings.extend(rows)
    return findings


def installed(root, node, record, share):
    """What `verify` finds, with advice."""
    kept = held.files(root, node, record)
    groups = [('record', checks.check_record(record, version())), ('diversions', checks.check_diversions(root, record, kept))]
    if kept:
        groups.append(('files', [(checks.NOTE, 'node', held.text(kept))]))
    if record['files']:
        entries = payload.plan(share, node)[0]
        groups[1:1] = [('files', checks.check_files(root, record, entries, kept)), ('hooks', extended.check(node))]
        groups.extend([('compiled', checks.check_bytecode(root, record)), ('schema', checks.check_columns(share, node)),
                       ('apparmor', checks.check_apparmor(root, node, record)), ('services', checks.check_services(root, record))])
    for area, rows in groups:
        for result, subject, detail in rows:
            yield diagnosis.Finding(area, result, subject, detail, advice(area, result, detail))


def advice(area, result, detail):
    """What to do about a row of `verify`."""
    if result == checks.NOTE:
        return {'services': 'start it, if it should run'}.get(area, '') if detail == 'is not running' else ''
    if result == checks.OK:
        return ''
    if area == 'hooks':
        return extended.ADVICE
    if detail in (checks.NOVAS_MISSING, checks.NOT_NOVAS):
        return _NOVAS
    if 'owner or mode' in detail:
        return 'chown root:root and chmod 644 it; nobody else may change what root and nova run'
    if 'everybody may write' in detail:
        return 'take that right away (chmod o-w), and see whether nova\'s files there are still its own (dpkg --verify)'
    if area == 'schema' and any(text in detail for text in ('does not let us in', 'does not answer')):
        return 'see that the database is up and lets nova itself in'
    return _INSTALL
