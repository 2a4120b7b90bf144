"""python3 -m tests.releases [--quick] [--lazy] [RELEASE ...]: nova's own tests, before our overlay and after it.

RELEASE is a version of the table in table.py, or its beginning; without any, all run. NOVA_SITE=DIRECTORY and
PYTHON=INTERPRETER in the environment run the nova in that directory instead (a copy of it). Needs root, as the
installer does. docs/releases.md says more.
"""

import argparse
import os
import sys

from tests.releases import environment, judge, table


def arguments():
    parser = argparse.ArgumentParser(prog='tests.releases', description=__doc__.partition('\n')[0])
    parser.add_argument('releases', nargs='*', metavar='RELEASE')
    parser.add_argument('--quick', action='store_true',
                        help='for `make test`: the mandatory releases, some of the modules, --lazy')
    parser.add_argument('--lazy', action='store_true',
                        help='first with the overlay; without it only what did not pass (what passed is no new failure)')
    parser.add_argument('--only', metavar='TEXT', help="of nova's test modules those whose name holds TEXT")
    parser.add_argument('--jobs', type=int, default=judge.default_jobs(), help='modules that run at a time')
    given = parser.parse_args()
    given.lazy = given.lazy or given.quick
    return given


def main():
    given = arguments()
    if os.geteuid() != 0:
        raise SystemExit('the installer needs root')
    site = os.environ.get('NOVA_SITE')
    if site:
        python = os.environ.get('PYTHON') or sys.executable
        verdict = judge.Verdict('', '')

        def make():
            made = environment.of_directory(site, python)
            verdict.version, verdict.python = made.version, made.python_version
            return made
        verdicts = [run(make, verdict, given)]
    else:
        verdicts = [run(lambda row=row: environment.of_release(row), judge.Verdict(row.version, row.python), given)
                    for row in table.chosen(given.releases, given.quick)]
    return finish(verdicts)


def run(make, verdict, given):
    """One release, with its failures told as soon as they are known."""
    print('=== nova %s' % (verdict.version or 'in ' + os.environ['NOVA_SITE']), flush=True)
    judge.release(make, verdict, given)
    for note in verdict.notes:
        print('note: %s' % note)
    for failure in verdict.failures:
        # Of a traceback the last line; all of it is in .releases/.
        what, _colon, why = failure.partition(': ')
        print('NEW FAILURE: %s: %s' % (what, (why.strip().splitlines() or [''])[-1][:300]))
    print('--- nova %s: %d tests, %d new failures, %.0f s' % (
        verdict.version, verdict.tests, len(verdict.failures), verdict.seconds), flush=True)
    return verdict


def finish(verdicts):
    """Print the table; the exit code of the whole."""
    row = '%-12s %7s %8s %8s %15s %13s %8s'
    print('\n' + row % ('release', 'Python', 'tests', 'of ours', 'failing before', 'new failures', 'seconds'))
    for one in verdicts:
        print(row % (one.version, one.python, one.tests, one.ours, one.failed_before, len(one.failures),
                     '%.0f' % one.seconds) + ('' if one.ran else '   DID NOT RUN'))
    failures = sum(len(one.failures) for one in verdicts)
    ran = [one for one in verdicts if one.ran]
    print('%d releases, %d tests, %d new failures' % (len(ran), sum(one.tests for one in verdicts), failures))
    return 0 if ran and len(ran) == len(verdicts) and not failures else 1


if __name__ == '__main__':
    sys.exit(main())
