"""docs/openapi.yaml as a judge: requests are generated out of it, right and wrong ones, and answers held against it.

What is generated depends on the seed alone. Of the libraries that do this none is on every Python and beside every nova that our
tests run with. CPython 2.7 and 3.6 or later.
"""

from __future__ import absolute_import

import collections
import io
import json
import os
import random
import re

import jsonschema
import yaml

try:
    from urllib.parse import quote, urlencode
except ImportError:     # Python 2
    from urllib import quote, urlencode

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'docs', 'openapi.yaml')

#: right: whether the document allows the request. body: bytes or None.
Request = collections.namedtuple('Request', 'operation method path query body right')

#: What no schema can say: a right request may be a 400 for these words of its message.
BEYOND_SCHEMAS = ('exclude each other', 'to go on from (marker)', 'more sort_dir than sort_key')

TEXTS = (u'', u'x', u'true', u'0', u'-1', u'7', u'99999999999999999999', u'1.5', u'None', u'x' * 255, u'x' * 256, u'x' * 5000, u'\x00',
         u'\u00e9\u4e2d', u'\U0001f600', u"' OR 1=1 --", u'%s%n', u'../..', u'2026-01-02', u'\u0663', u'a\nb', u'null')
JUNK = TEXTS + (None, True, False, -1, 0, 1, 2 ** 31, 2 ** 63, -2 ** 64, 1.5, 1e300, [], {}, [None], {u'a': 1}, u'\ud800')
#: Of all texts above, those that have a format.
_FORMATS = {'date-time': (u'2026-01-02T03:04:05Z', u'2026-01-02T03:04:05+08:00', u'1970-01-01T00:00:00Z', u'2026-01-02'),
            'uuid': (u'6f70656e-7374-4163-8b00-000000000002', u'00000000-0000-0000-0000-000000000000')}


class Contract(object):
    """The document; `{method, path}` of each operation stand in `operations`, but for those that are nova's own (x-of-nova)."""

    def __init__(self, path=PATH):
        with io.open(path, encoding='utf-8') as handle:
            self.document = yaml.safe_load(handle)
        self.operations = [(method, path, self._operation(item, method)) for path, item in sorted(self.document['paths'].items())
                           for method in ('get', 'post', 'put', 'delete') if method in item and not item[method].get('x-of-nova')]

    def _operation(self, item, method):
        operation = dict(item[method])
        operation['parameters'] = [self.resolve(one) for one in item.get('parameters', []) + operation.get('parameters', [])]
        return operation

    def resolve(self, node):
        """A node with every $ref in it replaced by what it stands for."""
        if isinstance(node, dict):
            if '$ref' in node:
                found = self.document
                for word in node['$ref'].lstrip('#/').split('/'):
                    found = found[word]
                return self.resolve(found)
            return dict((key, self.resolve(value)) for key, value in node.items())
        return [self.resolve(one) for one in node] if isinstance(node, list) else node

    def schema(self, node):
        """A schema of the document as JSON schema, which has `null` instead of `nullable`."""
        return _plain(self.resolve(node))

    # ---- answers

    def faults(self, request, status, text):
        """What is wrong with an answer, as a list of texts.

        :param status: the HTTP status
        :param text: the body as text
        """
        documented = request.operation['responses']
        if status >= 500:
            # Documented, for a host that breaks; no request may bring it about.
            return ['the status %d, for a request' % status]
        if str(status) not in documented:
            return ['the status %d is not documented' % status]
        found = []
        if status == 400 and request.right and not any(words in text for words in BEYOND_SCHEMAS):
            found.append('a right request is refused')
        if status < 400 and not request.right:
            found.append('a wrong request is taken')
        if status in (403, 404, 409) and not request.right and _is_object(request.body):
            found.append('a wrong request is not told so')
        content = self.resolve(documented[str(status)]).get('content')
        if not text:
            # An action answers with nothing, or with what it says of itself.
            if content and not (status == 202 and request.path.endswith('/action')):
                found.append('the body is empty')
            return found
        if not content:
            return found + ['there is a body: %s' % text[:100]]
        try:
            body = json.loads(text)
        except ValueError:
            return found + ['the body is no JSON: %s' % text[:100]]
        validator = jsonschema.Draft4Validator(self.schema(content['application/json']['schema']))
        return found + ['the body: %s' % error.message for error in validator.iter_errors(body)]

    # ---- requests

    def requests(self, seed, count, **places):
        """So many requests of each operation.

        :param places: {parameter of a path: [texts that a request may have there]}
        """
        rng = random.Random(seed)
        for method, path, operation in self.operations:
            for _number in range(count):
                yield self._request(rng, method, path, operation, places)

    def _request(self, rng, method, path, operation, places):
        for name, values in sorted(places.items()):
            # The parts of a path are given: what may stand there is for the service to say, with a 404.
            path = path.replace('{%s}' % name, quote(rng.choice(values).encode('utf-8'), safe=''))
        query, right = self._query(rng, operation)
        body = None
        if 'requestBody' in operation:
            schema = self.schema(operation['requestBody']['content']['application/json']['schema'])
            value = valid(rng, schema)
            for _mutation in range(rng.choice((0, 0, 1, 1, 2))):
                value = broken(rng, value)
            right = right and jsonschema.Draft4Validator(schema).is_valid(value)
            body = json.dumps(value).encode('ascii')
            if rng.random() < 0.05:
                body, right = rng.choice((b'', b'{', b'{"light_snapshot": {}', b'[1', b'nul')), False
        return Request(operation, method.upper(), path, query, body, right)

    def _query(self, rng, operation):
        """(the query as text, whether it is right)"""
        pairs, right = [], True
        known = dict((one['name'], self.schema(one['schema'])) for one in operation['parameters'] if one['in'] == 'query')
        for name in sorted(known):
            if rng.random() < 0.25:
                pairs += [(name, text) for text in _texts(rng, known[name])]
        if known and rng.random() < 0.3:
            pairs.append((rng.choice(sorted(known) + ['colour', 'all_tenants', u'\u00e9']), rng.choice(TEXTS + _FORMATS['date-time'])))
        for name in set(name for name, _text in pairs):
            right = right and name in known and _fits([text for one, text in pairs if one == name], known[name])
        rng.shuffle(pairs)
        return urlencode([(name.encode('utf-8'), text.encode('utf-8')) for name, text in pairs]), right


def _is_object(body):
    """Whether a request's body is a JSON object: of anything else nova itself says 404 to an action."""
    return body is not None and body.startswith(b'{') and body.endswith(b'}')


def _plain(node):
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    # A property may be called so, too: that is no text.
    node = dict((key, _plain(value)) for key, value in node.items() if key != 'description' or isinstance(value, dict))
    if node.pop('nullable', False) is True:
        if 'enum' in node:
            node['type'] = 'null'
        else:
            node['type'] = [node['type'], 'null']
    return node


# ---- values

def valid(rng, schema):
    """A value that a schema takes."""
    if 'oneOf' in schema:
        return valid(rng, rng.choice(schema['oneOf']))
    if 'enum' in schema:
        return rng.choice(schema['enum'])
    kinds = schema['type'] if isinstance(schema['type'], list) else [schema['type']]
    return _MAKERS[rng.choice(kinds)](rng, schema)


def _object(rng, schema):
    names = sorted(schema.get('properties', {}))
    wanted = [name for name in names if name in schema.get('required', ()) or rng.random() < 0.5]
    if len(wanted) < schema.get('minProperties', 0):
        wanted = names
    return dict((name, valid(rng, schema['properties'][name])) for name in wanted)


def _integer(rng, schema):
    least, most = schema.get('minimum', -10), schema.get('maximum', 2 ** 31)
    return rng.choice((least, most, rng.randint(least, most), min(most, least + rng.randint(0, 5))))


def _string(rng, schema):
    fits = [text for text in TEXTS if len(text) <= schema.get('maxLength', 300) and re.search(schema.get('pattern', ''), text)]
    return rng.choice(fits)


def _array(rng, schema):
    return [valid(rng, schema['items']) for _number in range(rng.randint(1, schema.get('maxItems', 3)))]


_MAKERS = {'object': _object, 'integer': _integer, 'string': _string, 'array': _array, 'null': lambda _rng, _schema: None,
           'boolean': lambda rng, _schema: rng.choice((True, False))}


def broken(rng, value):
    """The same value with something else somewhere in it; it need not be wrong."""
    if isinstance(value, dict):
        changed, name = dict(value), rng.choice(sorted(value) or ['a'])
        way = rng.randint(0, 5)
        if way == 0:
            changed.pop(name, None)
        elif way == 1:
            changed[rng.choice((u'a', u'name', u'enable', u'light_snapshot', u'createSnapshot', u'\u00e9', u''))] = rng.choice(JUNK)
        elif way == 2:
            return rng.choice(JUNK)
        else:
            changed[name] = broken(rng, changed.get(name))
        return changed
    if isinstance(value, list) and value and rng.random() < 0.5:
        return [broken(rng, value[0])] + value[1:]
    return rng.choice(JUNK)


# ---- queries

def _texts(rng, schema):
    """One parameter's values, as its schema takes them."""
    if schema.get('format') in _FORMATS:
        return [rng.choice(_FORMATS[schema['format']])]
    value = valid(rng, schema)
    return [u'%s' % one for one in (value if isinstance(value, list) else [value])]


def _fits(texts, schema):
    """Whether a schema takes a parameter that was given so often."""
    if schema['type'] == 'array':
        return len(texts) <= schema['maxItems'] and all(_fits([text], schema['items']) for text in texts)
    if len(texts) != 1:
        return False
    text = texts[0]
    if schema['type'] == 'integer':
        return bool(re.match(r'^[0-9]{1,9}\Z', text))
    if schema.get('format') in _FORMATS:
        return text in _FORMATS[schema['format']]
    return jsonschema.Draft4Validator(schema).is_valid(text)
