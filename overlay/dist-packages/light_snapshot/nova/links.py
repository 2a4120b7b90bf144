"""Where a restore point, and the next page of a list, are found: links as nova's own resources have them."""

from __future__ import absolute_import

from nova.api.openstack import common

try:
    from urllib.parse import urlencode
except ImportError:     # Python 2
    from urllib import urlencode


class Links(common.ViewBuilder):
    """nova's own way to a URL, its configured prefix included."""

    def points(self, req, server_id):
        """Gives a function that gives `self` and `bookmark` of a restore point, by its index."""
        # They differ in the last word alone, and there may be hundreds.
        last = '0'
        links = self._get_links(req, last, 'servers/%s/light-snapshots' % server_id)
        return lambda index: [dict(link, href=link['href'][:-len(last)] + str(index)) for link in links]

    def server(self, req, server_id):
        """The same of a server."""
        return self._get_links(req, server_id, 'servers')

    def following(self, req, parent, name, marker):
        """`next`: the request once more, from behind the marker; every other parameter stays.

        :param parent: what stands before `name` in the path, after the version and the project
        """
        query = [(key, value) for key, value in req.GET.items() if key != 'marker'] + [('marker', str(marker))]
        # What a parameter says several times keeps its order: it is one of sort keys.
        query = [(key.encode('utf-8'), value.encode('utf-8')) for key, value in sorted(query, key=lambda pair: pair[0])]
        return [{'rel': 'next', 'href': '%s?%s' % (self._get_href_link(req, name, parent), urlencode(query))}]
