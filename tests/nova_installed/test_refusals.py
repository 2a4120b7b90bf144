"""What nova's own API refuses for a server with layers: see test_api.py."""

import webob

import nova.context
from nova.compute import api as compute_api

from light_snapshot.nova import refusals

from api_case import POINT, PROJECT, UUID, ApiCase

#: What is asked of nova's compute API -> arguments beyond the context and the server.
ASKED = {'snapshot': ('image',), 'backup': ('image', 'daily', 1), 'shelve': ()}


class RefusalsTest(ApiCase):
    def setUp(self):
        super(RefusalsTest, self).setUp()
        self.context = nova.context.RequestContext('fake', PROJECT)
        self.host.more = {'points': [dict(POINT, kept=False)], 'preview': None}

    def refused(self, name):
        """The words with which nova's own method, as it is in force, refuses it."""
        error = self.assertRaises(webob.exc.HTTPConflict, getattr(compute_api.API(), name), self.context,
                                  self._get(None, self.context, UUID), *ASKED[name])
        return error.explanation

    def goes_on(self, name):
        """Whether the same comes to nova."""
        guarded = refusals._guard_image(lambda *args: args, name)
        instance = self._get(None, self.context, UUID)
        return guarded('api', self.context, instance, *ASKED[name]) == ('api', self.context, instance) + ASKED[name]

    def test_no_image_is_begun_during_a_preview(self):
        self.host.more['preview'] = 0
        for name in ASKED:
            self.assertIn('restore point 0 as a preview. Nothing was changed. Keep the preview or undo it', self.refused(name), name)
        self.assertIn('Cannot shelve server', self.refused('shelve'))
        self.assertIn('Cannot make a backup of server', self.refused('backup'))

    def test_history_is_lost_by_a_shelve_alone(self):
        self.host.more['points'].append(dict(POINT, kept=True))
        self.assertIn('keeps 1 light snapshots', self.refused('shelve'))
        self.assertTrue(self.goes_on('snapshot') and self.goes_on('backup'))

    def test_the_rest_goes_on(self):
        self.assertTrue(all(self.goes_on(name) for name in ASKED))
        del self.host.more['preview']       # an older light-snapshot
        self.assertTrue(all(self.goes_on(name) for name in ASKED))
        self.columns['light_snapshot_enable'] = False
        self.host.points = None             # nobody is asked about a plain server
        self.assertTrue(all(self.goes_on(name) for name in ASKED))

    def test_a_host_that_cannot_be_asked_is_one(self):
        self.replace(refusals.asking.servicegroup.API, 'service_is_up', lambda *_args: False)
        for name in ASKED:
            self.assertIn('is down', self.refused(name))
