"""openstack server light snapshot check"""

from cliff import lister

from light_snapshot.client import actions
from light_snapshot.client import findings
from light_snapshot.osc import base


class Check(base.ActionCommand, lister.Lister):
    action = actions.CHECK

    def take_action(self, parsed_args):
        compute = self.compute
        self._found = findings.of(self.act(compute, compute.server(parsed_args.server)['id'], parsed_args))
        return ([title for _key, title in findings.COLUMNS],
                [[finding.get(key) for key, _title in findings.COLUMNS] for finding in self._found])

    def run(self, parsed_args):
        code = super(Check, self).run(parsed_args)
        # Once they have been printed.
        findings.judge(self._found, parsed_args)
        return code
