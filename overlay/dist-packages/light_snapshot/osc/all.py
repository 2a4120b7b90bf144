"""openstack server light snapshot all"""

from cliff import lister

from light_snapshot.client import everywhere
from light_snapshot.osc import base


class All(base.Command, lister.Lister):

    def get_description(self):
        return everywhere.SUMMARY

    def get_parser(self, prog_name):
        parser = super(All, self).get_parser(prog_name)
        base.add(parser, *everywhere.OPTIONS)
        return parser

    def take_action(self, parsed_args):
        self._found = everywhere.take(self.compute, parsed_args)
        return ([title for _key, title in everywhere.COLUMNS],
                [[server.get(key) for key, _title in everywhere.COLUMNS] for server in self._found['servers']])

    def run(self, parsed_args):
        code = super(All, self).run(parsed_args)
        # Once they have been printed.
        everywhere.judge(self._found)
        return code
