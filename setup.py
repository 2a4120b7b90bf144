"""Metadata of light-snapshot. The Debian package takes PKG-INFO and entry_points.txt from here (debian/rules)."""
import os

from debian.changelog import Changelog
from setuptools import find_packages, setup

HERE = os.path.dirname(os.path.abspath(__file__))
CODE = os.path.join('overlay', 'dist-packages')
ENTRY_POINTS = os.path.join(HERE, CODE, 'light_snapshot.egg-info', 'entry_points.txt')


def entry_points():
    """The text of the entry points, as the overlay ships them."""
    with open(ENTRY_POINTS) as stream:
        return stream.read()


def version():
    """The version that debian/changelog names."""
    with open(os.path.join(HERE, 'debian', 'changelog')) as stream:
        return str(Changelog(stream, max_blocks=1).version)


setup(
    name='light-snapshot',
    version=version(),
    description='External disk snapshots for the servers of an OpenStack cloud',
    license='Apache-2.0',
    python_requires='>=2.7,!=3.0.*,!=3.1.*,!=3.2.*,!=3.3.*,!=3.4.*,!=3.5.*',
    package_dir={'': CODE},
    packages=find_packages(os.path.join(HERE, CODE), include=('light_snapshot', 'light_snapshot.*')),
    entry_points=entry_points(),
)
