"""A directory that stands for a compute host whose nova is an environment's, with dpkg's database of its own."""

import shutil

from tests.releases import environment

ON_NODE = environment.table.HERE / 'on_node.py'


class Failed(Exception):
    """The installer did not do what it was asked; says how."""


class Node:
    """The node, on which the real installer runs under the environment's own Python."""

    def __init__(self, env):
        self.env, self.top = env, env.root

    def make(self):
        """Make everything but nova anew. If an earlier run was cut off with the overlay in place, that goes first."""
        if (self.top / 'var/lib/light-snapshot').exists():
            self.run('rollback')
        for directory in ('etc', 'proc', 'run', 'usr/bin', 'var'):
            shutil.rmtree(self.top / directory, ignore_errors=True)
        for directory in ('var/lib/dpkg/info', 'var/lib/dpkg/updates', 'var/lib/nova/instances', 'var/log', 'run',
                          'proc', 'usr/bin', 'etc/nova'):
            (self.top / directory).mkdir(parents=True)
        (self.top / 'var/lib/dpkg/status').touch()
        (self.top / 'etc/nova/nova.conf').write_text('[DEFAULT]\n')
        # What tells the installer that this is a compute host; nothing runs it.
        (self.top / 'usr/bin/nova-compute').write_text('#!/bin/sh\n')
        (self.top / 'usr/bin/nova-compute').chmod(0o755)

    def run(self, *verb):
        """Run one verb of the installer. Raises Failed, with what it said."""
        done = self.env.run('-B', ON_NODE, environment.TREE, self.top, *verb)
        if done.returncode:
            raise Failed('light-snapshot %s ends with %d: %s' % (
                ' '.join(verb), done.returncode, (done.stdout + done.stderr).strip()[-800:]))

    def changed(self):
        """The paths in which nova's directory is not as it was made."""
        return environment.differing(self.env.site, self.env.pristine)

    def settings(self):
        """What is in /etc, where the installer may have files too."""
        return environment.tree_of(self.top / 'etc')
