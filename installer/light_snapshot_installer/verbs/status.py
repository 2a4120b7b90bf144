"""`light-snapshot status`: what is on this node, in a few lines."""
from light_snapshot_installer import SHARE, cells, errors, node as nodes, records, schema, services, sqlfiles
from light_snapshot_installer import state as states, version

SUMMARY = 'say in a few lines what is installed here, which services run and how many servers use it'


def options(_parser):
    """This verb has none of its own."""


def run(root, _arguments, out, share=SHARE):
    """Do it; returns 0 if light-snapshot is installed and nothing is pending, else 1."""
    record = states.State(root)
    node = nodes.Node(root)
    servers, unseen = _servers(root, node)
    live = [uuid for uuid, alive, _problem in servers if alive]
    broken = [uuid for uuid, _alive, problem in servers if problem]
    columns = _columns(share, node)
    active = services.running(root)
    running = dict((name, name in active) for name in services.SERVICES
                   if (services.installed(root, name) or name in active) and services.relevant(record['files'], name, root))
    out.say('package    %s' % version())
    out.say('on node    %s%s' % (record['phase'], ' (%s)' % record['version'] if record['version'] else ''))
    out.say('parts      %s' % (', '.join(node.parts) or 'none'))
    for name, text in sorted(columns.items()):
        out.say('columns    cell %s: %s' % (name, text))
    out.say('servers    %d with a record on this host, %d with live layers' % (len(servers), len(live)))
    for uuid in broken:
        out.say('           %s: its record cannot be read' % uuid)
    if unseen:
        out.say('           ' + unseen)
    for name, runs in running.items():
        pending = ', must restart' if name in record['pending'] else ''
        out.say('service    %s: %s%s' % (name, 'runs' if runs else 'does not run', pending))
    well = (record['phase'] == states.INSTALLED and not record['pending'] and not broken and not unseen
            and all(text == 'complete' for text in columns.values()))
    return out.finish(errors.EXIT_OK if well else errors.EXIT_FAILED, version=version(), phase=record['phase'],
                      installed_version=record['version'], parts=node.parts, columns=columns, servers=len(servers),
                      live=live, unreadable=broken, unseen=unseen, services=running, pending=record['pending'])


def _servers(root, node):
    """(records.read's rows, why there are none if they cannot be read)."""
    try:
        return records.read(root, node.instances_path()) if node.compute else [], ''
    except records.Unreadable as error:
        return [], error.what


def _columns(share, node):
    """{cell: 'complete', or what is wrong}."""
    if not node.controller:
        return {}
    try:
        found = cells.find(node.config)
        statements = sqlfiles.read(share + '/sql', 'up')
    except errors.InstallerError as error:
        return {'?': error.what}
    columns = {}
    for name, url in found:
        try:
            wrong = schema.problems(url, statements)
        except errors.InstallerError as error:
            columns[name] = error.what
        else:
            columns[name] = '%d of %d wrong or missing' % (len(wrong), len(statements)) if wrong else 'complete'
    return columns
