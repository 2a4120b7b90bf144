"""What somebody else wrote where our files are: it is kept before it is overwritten or removed (docs/installer.md, Files).

An edited file of ours goes to DIRECTORY. Where nova's own text stands in our place again (pip unpacked another nova there: it
knows nothing of dpkg's diversions), that is nova's from then on, and what was behind ours goes to DIRECTORY.
"""
import os

from light_snapshot_installer import bytecode, diversions, errors, paths

#: Apart from the files: services read whatever lies in rootwrap.d, policy.d or beside a package's metadata.
DIRECTORY = '/var/backups/light-snapshot'


def edited(root, path, facts):
    """True if the file at `path` is none that we put there, and not nova's own either; `facts`: the record's of it."""
    here, there = root.at(path), root.at(path + paths.SUFFIX)
    if not root.disk.is_file(here) or root.disk.same_file(here, there):
        return False
    digest = root.disk.sha256(here)
    if digest in [facts.get('sha256')] + facts.get('was', []):
        return False
    return not (root.disk.is_file(there) and root.disk.sha256(there) == digest)


def _novas(root, path, facts):
    """True if nova's own text is at `path`: it does not speak of us, as a shim does whose first line somebody took out."""
    if not edited(root, path, facts):
        return False
    text = root.disk.read(root.at(path))
    return b'light_snapshot' not in text and b'light-snapshot' not in text


def newer(root, path, facts):
    """True if a diverted file's place holds nova's own text, another one than is behind it, instead of ours."""
    return root.disk.is_file(root.at(path + paths.SUFFIX)) and _novas(root, path, facts)


def refuse(root, record, packaged_sums):
    """Raise errors.Refused if a file of nova's packages stands in our place: dpkg did not write it there, and which of the two
    nova is to run is not ours to guess. `packaged_sums`: checks.packaged_sums."""
    found = [path for path in sorted(diversions.ours(root)) if newer(root, path, record['files'].get(path, {}))]
    packaged = packaged_sums(root) if found else {}
    found = [path for path in found if path in packaged]
    if found:
        raise errors.Refused(
            "%d file(s) of nova's were written over ours, and differ from nova's own behind them:%s" % (len(found), ''.join(
                '\n    %s differs from %s%s' % (path, path, paths.SUFFIX) for path in found)),
            next_step="compare the two, for each; move the first over the second if that is what nova is to run, else remove the"
                      ' first; then run this again')


def foresee(root, state, path):
    """Write into the record what `take_over` of a diverted file will need."""
    if newer(root, path, state['files'][path]):
        before = state['bytecode'].get(path, {'saved': []})
        state['bytecode'][path] = bytecode.describe(root, path)
        state['bytecode'][path]['saved'] = sorted(set(state['bytecode'][path]['saved'] + before['saved']))
        return True
    return False


def take_over(root, state, path):
    """Let the file at a diverted path be nova's own, if it is `newer`, or nothing is behind it; `foresee` is in the record."""
    here, there = root.at(path), root.at(path + paths.SUFFIX)
    if not _novas(root, path, state['files'][path]):
        return
    if not root.disk.exists(there):
        root.disk.link(here, there)
        return
    _keep(root, state, path, path + paths.SUFFIX, "%s was written anew with nova's own text, which is what runs behind ours, or comes back with"
          ' a roll-back; what was behind ours before is kept as %s')
    for saved in state['bytecode'][path]['saved']:
        root.disk.remove(root.at(saved))
    root.disk.put_back(here, there)


def keep(root, state, path, then):
    """Keep the file at `path`, which is about to be overwritten or removed, if it was edited; `then`: what is there afterwards."""
    facts = state['files'][path]
    # Without nova's own behind it, what is not ours stays where it is (diversions.restore).
    left = facts['diverted'] and not root.disk.exists(root.at(path + paths.SUFFIX)) and _novas(root, path, facts)
    if edited(root, path, facts) and not left:
        _keep(root, state, path, path, '%s was not as light-snapshot put it there: what it was is kept as %s, and ' + then)


def _keep(root, state, path, source, text):
    target = '%s%s.%s' % (DIRECTORY, path, root.disk.sha256(root.at(source))[:12])
    # One that is there has these bytes: an earlier run was cut off.
    if not root.disk.is_file(root.at(target)):
        root.disk.make_directories(os.path.dirname(root.at(target)))
        root.disk.write(root.at(target), root.disk.read(root.at(source)), 0o600)
    state.kept.append(text % (path, target))


def tell(state, out):
    """Say what was kept, and where."""
    while state.kept:
        out.note(state.kept.pop(0))


def stored(root):
    """The paths of all that was kept on this node, by this run or another."""
    found = []
    for directory, _names, leaves in os.walk(root.followed(DIRECTORY)):
        found.extend(root.inside(os.path.join(directory, leaf)) for leaf in leaves)
    return sorted(found)
