"""What the matrix runs: the releases, and nova's own test modules. Adding a release is adding a row."""

import collections
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent

#: version: nova's, on PyPI. python: the interpreter. mandatory: belongs to `make test` (--quick).
Release = collections.namedtuple('Release', 'version python mandatory')

RELEASES = (
    Release('15.1.5', '2.7', True),         # Ocata, the oldest on PyPI that nova still has
    Release('16.1.8', '2.7', False),        # Pike, the first with a list of routes, the last with rootwrap
    Release('20.6.1', '2.7', False),        # Train, the newest on Python 2
    Release('26.2.2', '3.11', True),        # Zed, which Debian 12 has
    Release('29.4.0', '3.11', False),
    Release('31.3.1', '3.12', False),
    Release('32.2.1', '3.12', False),
    Release('33.0.2', '3.12', False),
    Release('34.0.0', '3.13', False),
)

#: Names below nova.tests.unit, alternatives separated by '|': each line has to be there in one of them, unless it
#: says since which release. quick: also in `make test`, which runs libvirt's real driver of both releases besides.
Modules = collections.namedtuple('Modules', 'names since quick')

MODULES = (
    Modules('compute.test_compute', 0, False),
    Modules('virt.libvirt.test_driver', 0, False),
    Modules('policies', 21, False),
    Modules('compute.test_compute_mgr', 0, True),
    Modules('api.openstack.compute.test_servers|api.openstack.compute.test_serversV21', 0, False),
    Modules('objects.test_instance', 0, False),
    Modules('objects.test_objects', 0, True),
    Modules('db.main.test_migrations|db.test_migrations', 0, False),
    Modules('conductor.test_conductor', 0, True),
    Modules('test_policy', 0, True),
    Modules('virt.libvirt.test_imagebackend', 0, True),
    Modules('virt.libvirt.test_imagecache', 0, True),
)


def constraints(release):
    """The file with the pins of a release."""
    return HERE / 'constraints' / ('nova-%s-py%s.txt' % (release.version, release.python.replace('.', '')))


def chosen(names, quick):
    """The rows for the versions (or their beginnings: '26') given, all without any. Raises SystemExit."""
    if not names:
        return [row for row in RELEASES if row.mandatory or not quick]
    rows = []
    for name in names:
        found = [row for row in RELEASES if row.version == name or row.version.startswith(name + '.')]
        if not found:
            raise SystemExit('%s is not in the table of tests/releases/table.py: %s' % (
                name, ' '.join(row.version for row in RELEASES)))
        rows += found
    return rows


def modules(site, version, quick):
    """(names of nova's test modules to run, what is missing) in a directory that holds nova.

    :param version: nova's version, as text; one that begins with no number counts as the oldest
    """
    number = int(re.match(r'\d*', version).group() or 0)
    found, missing = [], []
    for row in MODULES:
        if quick and not row.quick:
            continue
        names = ['nova.tests.unit.' + name for name in row.names.split('|')]
        here = [name for name in names if (site / (name.replace('.', '/') + '.py')).is_file() or
                (site / name.replace('.', '/') / '__init__.py').is_file()]
        if here:
            found.append(here[0])
        elif number >= row.since:
            missing.append(row.names)
    return found, missing
