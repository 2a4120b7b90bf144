"""Puts the payload in place and takes it away again, through the record, so that a crash can be finished."""
import os

from light_snapshot_installer import bytecode, diversions, errors, files, keeping, payload


def prepare(root, state, entries):
    """Write into the record everything that `place` is going to do.

    A file that is there and not ours (not in the record, other bytes, another's name) will be diverted, whatever it is.
    """
    diverted = diversions.ours(root)
    for entry in entries:
        digest = files.sha256(entry.source)
        known = state['files'].get(entry.target)
        here = root.at(entry.target)
        foreign = entry.target in diverted or entry.kind == 'shim' or (
            known is None and root.disk.exists(here) and root.disk.sha256(here) != digest)
        if known is not None:
            foreign = foreign or known['diverted']
        if foreign and entry.target not in state['bytecode']:
            # Where dpkg has lost the diversion, and the record is lost as well, what is there is ours.
            aside = not root.disk.exists(here) or diversions.lost(root, entry.target)
            describe = bytecode.describe_aside if aside else bytecode.describe
            state['bytecode'][entry.target] = describe(root, entry.target)
        was = [one for one in [known['sha256']] + known.get('was', []) if one not in ('', digest)] if known else []
        state['files'][entry.target] = {'sha256': digest, 'diverted': foreign}
        if was:
            state['files'][entry.target]['was'] = sorted(set(was))
        if foreign:
            keeping.foresee(root, state, entry.target)
        for directory in missing_directories(root, os.path.dirname(entry.target)):
            if directory not in state['directories']:
                state['directories'].append(directory)
        cache = os.path.join(os.path.dirname(entry.target), '__pycache__')
        if not root.exists(cache) and cache not in state['directories']:
            state['directories'].append(cache)


def missing_directories(root, path):
    """The parts of a path that do not exist, parents first."""
    missing = []
    while not root.exists(path):
        missing.insert(0, path)
        path = os.path.dirname(path)
    return missing


def check_writable(root, targets):
    """Raise errors.Refused if one of these files could be neither put in place nor removed: its file system is read-only."""
    for directory in sorted(set(os.path.dirname(target) for target in targets)):
        while not root.exists(directory):
            directory = os.path.dirname(directory)
        if not os.access(root.at(directory), os.W_OK):
            raise errors.Refused('%s cannot be written to' % directory, next_step='mount it writable, then run this again')


def place(root, state, entries, progress=lambda done, total: None):
    """Copy every entry to its place, in order; returns the targets that changed.

    nova's own files stay whole at their path until one rename replaces them.
    """
    changed = []
    for number, entry in enumerate(entries):
        target = root.at(entry.target)
        record = state['files'][entry.target]
        # A directory that the record names may exist already: an earlier run was interrupted.
        for directory in missing_directories(root, os.path.dirname(entry.target)):
            root.disk.make_directory(root.at(directory))
        if record['diverted']:
            keeping.take_over(root, state, entry.target)
            diversions.divert(root, entry.target, [record['sha256']] + record.get('was', []))
            if entry.target in state['bytecode']:
                bytecode.put_aside(root, state['bytecode'][entry.target])
        root.disk.remove(files.staged(target))
        if not root.disk.is_file(target) or root.disk.sha256(target) != record['sha256']:
            keeping.keep(root, state, entry.target, "the package's version is in its place")
            bytecode.forget(root, entry.target)
            root.disk.copy(entry.source, target)
            changed.append(entry.target)
        progress(number + 1, len(entries))
    return changed


def placed(state):
    """Everything is in place: no file of an older version of ours is left."""
    for facts in state['files'].values():
        facts.pop('was', None)


def compile_all(root, state):
    """Compile what was placed: services run as users that may not write compiled files themselves."""
    for path in sorted(state['files']):
        if path.endswith('.py'):
            bytecode.sweep(root, path)
            if not bytecode.caches(root.disk, root.at(path)):
                bytecode.compile_source(root, path)


def take_away(root, state, targets):
    """Remove files that the record says we placed, nova's own ones coming back in one rename each.

    What turns the rest on goes first: the shims and Horizon's `enabled` files, then everything else. The record is
    saved as it shrinks.
    """
    def switch(path):
        return state['files'][path]['diverted'] or '/local/enabled/' in path

    for group in ([path for path in targets if switch(path)], [path for path in targets if not switch(path)]):
        for path in sorted(group):
            record = state['files'][path]
            if record['diverted'] and keeping.foresee(root, state, path):
                state.save()
                keeping.take_over(root, state, path)
            keeping.keep(root, state, path, "%s is in its place" % ("nova's own file" if record['diverted'] else 'nothing'))
            if record['diverted']:
                diversions.restore(root, path, record['sha256'])
                bytecode.put_back(root, path, state['bytecode'][path])
            else:
                bytecode.forget(root, path)
                root.disk.remove(root.at(path))
            root.disk.remove(files.staged(root.at(path)))
        # A service that starts after a power loss finds either all of what it needs or nothing that needs it.
        root.disk.settle()
    for path in targets:
        state['files'].pop(path)
        state['bytecode'].pop(path, None)
    state.save()


def remove_directories(root, state, needed=()):
    """Remove the directories that we made and that hold nothing more, but for those of the targets `needed`; returns those that
    hold files of others."""
    def holds(directory):
        here = os.path.dirname(directory) if os.path.basename(directory) == '__pycache__' else directory
        return any(target.startswith(here + '/') for target in needed)

    left, empty = [], [directory for directory in state['directories'] if not holds(directory)]
    if not empty:
        return []
    for directory in sorted(empty, key=len, reverse=True):
        here = root.at(directory)
        if os.path.basename(directory) == '__pycache__' and root.disk.is_directory(here):
            own = os.path.dirname(directory) in state['directories']
            for name in root.disk.names(here) if own else []:
                root.disk.remove(os.path.join(here, name))
        if root.disk.remove_directory(here):
            state['directories'].remove(directory)
        else:
            left.append(directory)
    state.save()
    return left


def prune(root, targets):
    """Remove the directories of nova's that hold nothing any more now that `targets` are gone: nova is gone as well, and
    dpkg left them because of our files."""
    for directory in sorted(set(os.path.dirname(target) for target in targets), key=len, reverse=True):
        while '/nova/' in directory + '/':
            root.disk.remove_directory(root.at(directory + '/__pycache__'))
            if not root.disk.remove_directory(root.at(directory)):
                break
            directory = os.path.dirname(directory)


def adopt(root, state, entries):
    """Rebuild a lost record from the diversions and from files that have our name or our very bytes."""
    diverted = diversions.ours(root)
    digests = dict((entry.target, files.sha256(entry.source)) for entry in entries)
    for path in diverted:
        if path not in state['files']:
            state['files'][path] = {'sha256': digests.get(path, ''), 'diverted': True}
            state['bytecode'][path] = bytecode.describe_aside(root, path)
    for entry in entries:
        if entry.target in state['files'] or not os.path.isfile(root.at(entry.target)):
            continue
        digest = files.sha256(root.at(entry.target))
        named = 'light_snapshot' in entry.target.replace('-', '_')
        if named or (digest == digests[entry.target] and not payload.is_shim(entry.source)):
            # Of other bytes nobody knows whose they are.
            state['files'][entry.target] = {'sha256': digests[entry.target], 'diverted': False}
            directory = os.path.dirname(entry.target)
            while '/light_snapshot' in directory:
                for name in (directory, directory + '/__pycache__'):
                    if name not in state['directories']:
                        state['directories'].append(name)
                directory = os.path.dirname(directory)
