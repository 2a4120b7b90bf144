"""The query parameters of our resources, held against a schema."""

from __future__ import absolute_import

import functools

from nova.api.validation import validators
from webob import exc

from light_snapshot.nova import places


def checked(schema):
    """Decorator of a controller's method: 400 for a query that the schema does not take, an unknown parameter among it.

    :param schema: of {parameter: [text]}
    """
    def decorate(method):
        validated = (places.find('query_schema') or _by_hand)(schema)(method)

        @functools.wraps(method)
        def decoded(self, req, **kwargs):
            try:
                req.GET.dict_of_lists()
            except UnicodeDecodeError:
                raise exc.HTTPBadRequest(explanation='The query is not in UTF-8.')
            return validated(self, req, **kwargs)
        return decoded
    return decorate


def _by_hand(schema):
    """What nova itself does from 15 on."""
    def decorate(method):
        def validated(self, req, **kwargs):
            validators._SchemaValidator(schema, req.is_legacy_v2()).validate(req.GET.dict_of_lists())
            return method(self, req, **kwargs)
        return validated
    return decorate
