"""The support bundle: one tar file, readable by root alone, without secrets."""
import io
import json
import os
import re
import tarfile
import time

from light_snapshot_installer import errors, ini, paths, redact, run, services

#: Of a log: how much of its end is read (bytes), and how many of the lines that matter are kept.
TAIL = 4 * 1024 * 1024
LINES = 500
_MATTERS = re.compile(r'light.?snapshot|Traceback|\bERROR\b|\bCRITICAL\b')


def write(root, node, path, report):
    """Write the bundle to `path`, which may not exist yet; `report` is doctor's JSON document.

    Raises errors.InstallerError if there is something, or it cannot be written.
    """
    config = ini.load_nova(root, compute=node.compute)
    redaction = redact.Redaction(config)
    parts = [('doctor.json', as_json(redaction, report)), ('nova.conf', redaction.config(config)),
             ('packages.txt', redaction.text(packages(root))), ('state.json', record(root, redaction))]
    for name, service in services.SERVICES.items():
        lines = log(root.at(service.log))
        if lines:
            parts.append(('log/%s.log' % name, redaction.text(lines)))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise errors.InstallerError('the support bundle cannot be written: %s' % error,
                                    next_step='name a file that does not exist, in a directory that does')
    with os.fdopen(descriptor, 'wb') as stream:
        with tarfile.open(fileobj=stream, mode='w:gz') as tar:
            for name, text in parts:
                data = text.encode('utf-8')
                facts = tarfile.TarInfo('light-snapshot-support/' + name)
                facts.size, facts.mode, facts.mtime = len(data), 0o600, int(time.time())
                tar.addfile(facts, io.BytesIO(data))


def as_json(redaction, document):
    """The text of a document without its secrets."""
    return json.dumps(redaction.data(document), indent=1, sort_keys=True) + u'\n'


def record(root, redaction):
    """The installer's record, which may be damaged."""
    text = read(root.at(paths.STATE_FILE))
    try:
        return as_json(redaction, json.loads(text))
    except ValueError:
        return redaction.text(text)


def read(path):
    """A text file; '' if it is not there."""
    if not os.path.isfile(path):
        return u''
    with io.open(path, encoding='utf-8', errors='replace') as stream:
        return stream.read()


def log(path):
    """The last lines of a log that matter here: ours, and errors."""
    if not os.path.isfile(path):
        return u''
    with io.open(path, 'rb') as stream:
        stream.seek(max(0, os.path.getsize(path) - TAIL))
        text = stream.read(TAIL).decode('utf-8', 'replace')
    return u''.join(line + u'\n' for line in [one for one in text.splitlines() if _MATTERS.search(one)][-LINES:])


def packages(root):
    """The versions of what matters, as dpkg knows them."""
    code, said = run.run(['dpkg-query', '--admindir=' + root.at('/var/lib/dpkg'), '-W', '*nova*', '*libvirt*', 'qemu-*',
                          '*horizon*', '*openstack-dashboard*', 'light-snapshot', 'apparmor', 'python3', 'python'], check=False)
    return u'' if code == 127 else u'' + said
