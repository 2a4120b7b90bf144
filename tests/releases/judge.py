"""One release: nova's own tests before the overlay and after it, our checks in between, and the way back."""

import collections
import json
import os
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from tests.releases import environment, node as nodes, table

SUITE = table.HERE / 'suite.py'
CHECK = table.HERE / 'check_hooks.py'
OVERLAY = environment.TREE / 'overlay' / 'dist-packages'
#: Ours that run beside a real nova, each with a pytest of its own: their fixtures know nothing of each other.
OURS = ('tests/glue', 'tests/nova', 'tests/nova_installed')
GOOD = ('ok', 'skip')
#: Seconds that one of nova's test modules may take; the longest takes a few minutes.
PATIENCE = 3600
#: The part of nova's tests that may fail whether we are there or not; of the releases so far it is below 0.3 per cent.
HOLLOW = 0.02


class Verdict:
    """What became of one release: counts, and every new failure as a text."""

    def __init__(self, version, python):
        self.version, self.python = version, python
        self.nova = self.ours = self.failed_before = 0
        self.failures, self.notes = [], []
        self.seconds, self.ran = 0.0, False

    @property
    def tests(self):
        return self.nova + self.ours


class Suites:
    """Runs nova's test modules of one environment, some at a time."""

    def __init__(self, env, names, jobs):
        self.env, self.names, self.jobs = env, names, jobs

    def run(self, kind, names=None, *options, only=None):
        """{module: {test: (outcome, why)}}; files and logs are kept in the environment's directory `kind`."""
        names = self.names if names is None else names

        def one(name):
            more = list(options)
            if only is not None:
                path = self._directory(kind) / (name + '.only')
                path.write_text(json.dumps(sorted(only[name])))
                more += ['--only', path]
            return name, self._process(kind, name, [name, *more])
        with ThreadPoolExecutor(self.jobs) as pool:
            found = dict(pool.map(one, names))
        clear(self.env)
        return found

    def listed(self):
        """The same of all modules with nothing run, by one process: to import nova is most of what each would do."""
        found = dict((name, {}) for name in self.names)
        if not found:
            return found    # --only has left none: ours alone are run
        for test, outcome in self._process('listed', 'all', [*self.names, '--list']).items():
            # A module may be a package, whose tests carry the names of what is in it.
            name = next((name for name in self.names if (test + '.').startswith(name + '.')), self.names[0])
            found[name][test] = outcome
        return found

    def _directory(self, kind):
        directory = self.env.directory / kind
        directory.mkdir(exist_ok=True)
        return directory

    def _process(self, kind, title, words):
        """{test: (outcome, why)} of one process of suite.py."""
        path, log = (self._directory(kind) / (title + suffix) for suffix in ('.jsonl', '.log'))
        path.unlink(missing_ok=True)
        try:
            code = self.env.run(SUITE, path, *words, log=log, timeout=PATIENCE).returncode
        except subprocess.TimeoutExpired:
            code = 'nothing within %d s' % PATIENCE
        outcomes = read(path)
        if code:
            outcomes['(%s)' % title] = ('error', 'the process ended with %s: %s' % (code, environment.tail(log)))
        return outcomes


def clear(env):
    """Remove what nova's tests leave: they write consoles and keys where nova keeps its state by default, beside its code."""
    for name in ('instances', 'keys'):
        shutil.rmtree(env.site / name, ignore_errors=True)


def read(path):
    """{test: (outcome, why)}; of a test that wrote twice (a tear-down that fails as well), the worst."""
    found = {}
    if path.exists():
        for line in path.read_text().splitlines():
            one = json.loads(line)
            known = found.get(one['test'])
            if known is None or known[0] in GOOD:
                found[one['test']] = (one['outcome'], one['why'])
    return found


def worse(before, after):
    """{test: what} that was good before and is not as good after, or that fails and was not there before."""
    found = {}
    for test, (outcome, _why) in before.items():
        if outcome in GOOD and test not in after:
            found[test] = 'no longer runs'
        elif outcome == 'ok' and after[test][0] == 'skip':
            found[test] = 'is skipped now: ' + after[test][1]
    for test, (outcome, why) in after.items():
        if outcome not in GOOD and before.get(test, ('ok', ''))[0] in GOOD:
            found[test] = why
    return found


def judge(env, verdict, how):
    """Fill in the verdict. Every fault is in it; what is raised besides is a fault of the matrix itself."""
    node = nodes.Node(env)
    node.make()
    clear(env)      # a run that was cut off
    if node.changed():
        raise environment.Missing('%s is not as it was made; remove it (%s)' % (
            env.directory, ', '.join(node.changed()[:5])))
    names, missing = table.modules(env.site, env.version, how.quick)
    verdict.failures += ['none of nova\'s test modules %s is there' % name for name in missing]
    suites = Suites(env, [name for name in names if not how.only or how.only in name], how.jobs)
    before = None if how.lazy else baseline(suites)
    signatures = env.directory / 'signatures.json'
    described = env.run('-B', CHECK, 'before', OVERLAY, signatures)
    if described.returncode:
        raise environment.Missing('nova\'s modules do not import: %s' % described.stderr[-600:])
    settings = node.settings()
    try:
        node.run('install')
        node.run('verify')
        verdict.failures += hook_faults(env, signatures)
        our_tests(env, verdict)
        after = suites.run('after')
        if not how.lazy:
            differing = again(suites, before, after, verdict)
    finally:
        try:
            node.run('rollback')
        except nodes.Failed as error:
            verdict.failures.append(str(error))
    verdict.nova = sum(len(outcomes) for outcomes in after.values())
    if node.settings() != settings:
        verdict.failures.append('after the rollback the node\'s /etc differs from before')
    if node.changed():
        verdict.failures.append('after the rollback nova\'s directory differs from before: %s' %
                                ', '.join(node.changed()[:5]))
        # What would run now is no nova without the overlay.
        return
    if how.lazy:
        before = only_what_matters(suites, after)
        differing = {name: worse(before[name], after[name]) for name in suites.names}
    verdict.failed_before = sum(1 for outcomes in before.values() for outcome, _why in outcomes.values()
                                if outcome not in GOOD + ('listed',))
    for name in suites.names:
        verdict.failures += ['%s: %s' % pair for pair in sorted(differing[name].items())]
    verdict.failures += hollow(verdict)
    verdict.ran = True


def hollow(verdict):
    """What fails with the overlay and without it tells nothing: of a nova that is not whole nothing is said."""
    if verdict.failed_before <= verdict.nova * HOLLOW:
        return []
    return ['%d of %d tests of nova\'s own fail without the overlay as well: this nova is not whole (docs/releases.md)'
            % (verdict.failed_before, verdict.nova)]


def baseline(suites):
    """The outcomes without the overlay, from an earlier run of the same nova, pins and modules if there is one."""
    stamp = suites.env.directory / 'before' / 'done'
    key = environment.digest(suites.env.key.encode(), SUITE.read_bytes())
    known = json.loads(stamp.read_text()) if stamp.exists() else {}
    todo = [name for name in suites.names if known.get(name) != key]
    suites.run('before', todo)
    known.update((name, key) for name in todo)
    stamp.write_text(json.dumps(known))
    return {name: read(suites.env.directory / 'before' / (name + '.jsonl')) for name in suites.names}


def again(suites, before, after, verdict):
    """{module: {test: what}} that is worse in two runs of its whole module; a test that is worse in one is flaky."""
    found = {name: worse(before[name], after[name]) for name in suites.names}
    doubtful = [name for name in suites.names if found[name]]
    for name, outcomes in suites.run('again', doubtful).items():
        second = worse(before[name], outcomes)
        for test in sorted(set(found[name]) - set(second)):
            verdict.notes.append('flaky, good in a second run: %s' % test)
        found[name] = {test: what for test, what in found[name].items() if test in second}
    return found


def only_what_matters(suites, after):
    """The outcomes without the overlay, when lazy: only what is not `ok` with it is run, the rest is listed."""
    listed = suites.listed()
    wanted = {name: [test for test in listed[name] if after[name].get(test, ('missing', ''))[0] != 'ok']
              for name in suites.names}
    ran = suites.run('before-quick', [name for name in wanted if wanted[name]], only=wanted)
    for name, outcomes in listed.items():
        for test, (outcome, why) in outcomes.items():
            if outcome == 'listed':
                # It is `ok` with the overlay, so that what it was without matters to nothing.
                outcomes[test] = ('ok', why)
        outcomes.update(ran.get(name, {}))
    return listed


def hook_faults(env, signatures):
    """What is wrong with the hooks in this nova."""
    done = env.run('-B', CHECK, 'after', signatures)
    if done.returncode:
        return ['the hooks could not be checked: %s' % done.stderr[-600:]]
    return ['hook: %s' % fault for fault in json.loads(done.stdout.splitlines()[-1])]


def our_tests(env, verdict):
    """Run our own tests that need a nova, or no nova."""
    for path in OURS:
        log = env.directory / (path.replace('/', '-') + '.log')
        code = env.run('-B', '-m', 'pytest', '-q', '-rf', '-p', 'no:cacheprovider', path, log=log).returncode
        counts = collections.Counter()
        for number, word in re.findall(r'(\d+) (passed|failed|error|skipped)', environment.tail(log, 1)):
            counts[word] += int(number)
        verdict.ours += sum(counts.values())
        if counts['skipped']:
            verdict.notes.append('%s: %d skipped' % (path, counts['skipped']))
        if code:
            failed = re.findall(r'^(?:FAILED|ERROR) (.*)$', log.read_text(errors='replace'), re.M)
            verdict.failures += failed or ['%s ends with %d: %s' % (path, code, environment.tail(log))]


def release(make, verdict, how):
    """Judge one release, whatever happens; returns the verdict.

    :param how: has `quick` (fewer modules), `lazy` (without the overlay run only what does not pass with it),
        `only` (a part of the modules' names, or None) and `jobs` (modules at a time)
    """
    began = time.monotonic()
    try:
        judge(make(), verdict, how)
    except (environment.Missing, nodes.Failed, OSError, subprocess.SubprocessError) as error:
        verdict.failures.append('%s' % error)
    verdict.seconds = time.monotonic() - began
    return verdict


def default_jobs():
    """How many of nova's modules run at a time."""
    return len(os.sched_getaffinity(0))
