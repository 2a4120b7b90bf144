"""What the watch and the sampler wrote down, and what must not be in it."""
import collections
import os

#: Where nova-compute shows that it runs with our hooks: nova's own file behind each shim, and what extends it.
DRIVER = 'nova/virt/libvirt/driver.py'
BEHIND = ('nova/compute/manager.py', DRIVER)
ORIGINAL = '.light-snapshot-orig'
OVERLAY = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'overlay', 'dist-packages')
HOOKS = 'light_snapshot/nova/hooks.py'
#: Written anew on each node from templates, by nobody's package.
NOT_PACKAGED = ('openstack_dashboard/local/',)


class Process:
    """One process: `key` is PID.TICKS, `modules` {path: (mark, time)} of all that it runs, its parent's included; `own`: how many not."""

    def __init__(self, key, command):
        self.key, self.command, self.modules, self.own = key, command, collections.OrderedDict(), 0

    @property
    def ticks(self):
        """When it began."""
        return int(self.key.split('.')[1])

    def is_service(self, name):
        """Whether it is one of that service's."""
        return any(os.path.basename(word) == name for word in self.command.split()[:3])

    def marks(self, top):
        """{mark: [paths]} of the modules below a directory ('nova/')."""
        found = collections.defaultdict(list)
        for path, (mark, _moment) in self.modules.items():
            if path.startswith(top) and not path.startswith(NOT_PACKAGED):
                found[mark].append(path)
        return dict(found)


def processes(directory):
    """Every process that the watch wrote down, in the order of their start."""
    found = {}
    for name in sorted(os.listdir(directory)):
        _read(directory, name, found)
    return sorted(found.values(), key=lambda one: one.ticks)


def _read(directory, key, found):
    if key in found:
        return found[key]
    with open(os.path.join(directory, key)) as stream:
        lines = stream.read().splitlines()
    one = found[key] = Process(key, lines[0] if lines else '')
    for line in lines[1:]:
        words = line.split(' ', 2)
        if words[0] == 'fork':
            parent = _read(directory, words[1], found)
            one.modules.update((path, value) for path, value in parent.modules.items() if value[1] <= float(words[2]))
        else:
            one.modules.setdefault(words[2], (words[1], float(words[0])))
            one.own += 1
    return one


def latest(found, service):
    """The process of a service that began last, without what only forked to run another program."""
    return [one for one in found if one.is_service(service) and one.own][-1]


def shims(one):
    """The paths among nova's at which this process runs a file of ours: nova's own came after it, or nothing of nova's did yet."""
    found = set(path[:-len(ORIGINAL)] for path in one.modules if path.endswith(ORIGINAL))
    return found | set(path for path in newest(one) if os.path.exists(os.path.join(OVERLAY, path)))


def newest(one):
    """The module of nova's that this process ran last, in a list; [] if none."""
    return [path for path in one.modules if path.startswith('nova/')][-1:]


def mixed(one):
    """What a process runs of two builds at once, as text; '' if nothing."""
    tops = [('nova/', shims(one)), ('light_snapshot/', ()), ('light_snapshot_dashboard/', ()), ('openstack_dashboard/', ()), ('horizon/', ())]
    said = []
    for top, ours in tops:
        marks = collections.defaultdict(list)
        for mark, paths in one.marks(top).items():
            # Our shim and our file for privsep have our mark, and lie among nova's.
            paths = [path for path in paths if path not in ours and not path.endswith('/light_snapshot.py')]
            if paths:
                marks[mark] = paths
        if len(marks) > 1:
            said.append('%s of %s' % (top, ' and '.join('%s (%d, e.g. %s)' % (mark, len(paths), ', '.join(paths[-3:]))
                                                     for mark, paths in sorted(marks.items()))))
    return '; '.join(said)


def unhooked(one):
    """What of nova-compute's code this process runs without our hooks, as text; '' if nothing.

    Many a process ends, or is forked, in the middle of its imports. Of nova nothing comes between a shim and the file behind it,
    and the driver comes once the manager is complete.
    """
    if not one.is_service('nova-compute'):
        return ''
    wrong = [path for path in BEHIND if path in one.modules and path + ORIGINAL not in one.modules and [path] != newest(one)]
    if DRIVER in one.modules and HOOKS not in one.modules:
        wrong.append(HOOKS)
    return ', '.join(wrong)


Seen = collections.namedtuple('Seen', 'command start end')


class Samples:
    """What the sampler saw: `services` {PID.TICKS: Seen}, `looks`, `gap` (the longest time between two, seconds), `files`."""

    def __init__(self, path):
        self.services, self.looks, self.gap, self.files = {}, 0, 0.0, []
        with open(path) as stream:
            for line in stream:
                moment, word, rest = line.rstrip('\n').split(' ', 2)
                getattr(self, '_' + word)(float(moment), rest)

    def _start(self, moment, rest):
        key, _, command = rest.partition(' ')
        self.services[key] = Seen(command, moment, None)

    def _end(self, moment, rest):
        self.services[rest] = self.services[rest]._replace(end=moment)

    def _file(self, moment, rest):
        name, state = rest.split(' ')
        self.files.append((moment, name, state))

    def _looks(self, _moment, rest):
        count, gap = rest.split(' ')
        self.looks += int(count)
        self.gap = max(self.gap, float(gap))


def faults(found, hooks_needed=lambda moment: True):
    """Every fault of a run, as lines of text. `hooks_needed(moment)`: whether layers were on the host then."""
    lines = []
    for one in found:
        text = mixed(one)
        if text:
            lines.append('MIXED: process %s (%s) runs %s' % (one.key, one.command, text))
        text = unhooked(one)
        if text and hooks_needed(max(moment for _mark, moment in one.modules.values())):
            lines.append('NO HOOKS: process %s (%s): %s' % (one.key, one.command, text))
    return lines


def marks_of(found, service):
    """The builds of nova that processes of a service ran, in order of their start."""
    answer = []
    for one in (one for one in found if one.is_service(service) and one.own and one.marks('nova/')):
        mark = max(one.marks('nova/').items(), key=lambda item: len(item[1]))[0]
        answer.extend([mark] if answer[-1:] != [mark] else [])
    return answer
