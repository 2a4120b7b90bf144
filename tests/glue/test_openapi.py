"""docs/openapi.yaml says of each request what the schemas say that nova-api holds it against."""

import os
import random
import sys

import jsonschema
import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'openapi'))
import contract  # noqa: E402

from light_snapshot.nova import schemas  # noqa: E402

API = contract.Contract()
BODIES = {'enableSnapshot': schemas.ENABLE, 'disableSnapshot': schemas.DISABLE, 'createSnapshot': schemas.CREATE,
          'recoverInstance': schemas.RECOVER, 'previewInstance': schemas.PREVIEW, 'keepPreview': schemas.KEEP,
          'undoPreview': schemas.UNDO, 'commitSnapshot': schemas.COMMIT, 'storeSnapshot': schemas.STORE,
          'dailySnapshot': schemas.DAILY, 'retainSnapshots': schemas.RETAIN, 'checkSnapshots': schemas.CHECK,
          'Take': schemas.TAKE, 'Update': schemas.UPDATE, 'snapshotAll': schemas.ALL}
QUERIES = {'listPoints': schemas.POINTS_QUERY, 'summary': schemas.SUMMARY_QUERY, 'hosts': schemas.HOSTS_QUERY}


def same(node):
    """A schema in one spelling: what has no order is sorted, and a null's enum is its type."""
    if isinstance(node, dict):
        node = dict((key, same(value)) for key, value in node.items())
        for key in ('type', 'required', 'enum'):
            if isinstance(node.get(key), list):
                node[key] = sorted(node[key], key=str) if len(node[key]) > 1 or key != 'type' else node[key][0]
        if node.get('type') == 'null':
            node.pop('enum', None)
        return node
    return [same(one) for one in node] if isinstance(node, list) else node


@pytest.mark.parametrize('name', sorted(BODIES))
def test_a_body(name):
    written = API.schema({'$ref': '#/components/schemas/' + name})
    assert same(written) == same(BODIES[name])
    assert written['additionalProperties'] is False


def test_each_schema_of_ours_is_documented():
    ours = [value for name, value in vars(schemas).items() if name.isupper() and not name.startswith('_')]
    documented = list(BODIES.values()) + list(QUERIES.values())
    assert len(ours) == len(documented) and all(any(one is other for other in documented) for one in ours)
    acts = [path for method, path, _operation in API.operations if path.endswith('/action')]
    assert len(acts) == 1
    one_of = API.document['paths'][acts[0]]['post']['requestBody']['content']['application/json']['schema']['oneOf']
    assert sorted(one['$ref'].rpartition('/')[2] for one in one_of) == sorted(set(BODIES) - set(['Take', 'Update', 'snapshotAll']))


def as_nova_has_it(schema):
    """A parameter's schema as nova's validation of queries takes it: texts, in a list."""
    item, most = (schema['items'], schema['maxItems']) if schema['type'] == 'array' else (schema, 1)
    if item['type'] == 'integer':
        assert (item['minimum'], item['maximum']) == (0, 10 ** 9 - 1)
        item = {'type': 'string', 'pattern': '^[0-9]{1,9}$'}
    return {'type': 'array', 'items': item, 'maxItems': most}


@pytest.mark.parametrize('name', sorted(QUERIES))
def test_a_query(name):
    (operation,) = [one for _method, _path, one in API.operations if one['operationId'] == name]
    written = dict((one['name'], as_nova_has_it(API.schema(one['schema']))) for one in operation['parameters']
                   if one['in'] == 'query')
    assert same({'type': 'object', 'properties': written, 'additionalProperties': False}) == same(QUERIES[name])


def test_each_answer_is_documented():
    for method, path, operation in API.operations:
        for status, answer in operation['responses'].items():
            answer = API.resolve(answer)
            assert answer['description'] and (int(status) < 400 or answer['content']), (method, path, status)
        assert '403' in operation['responses'] and '401' in operation['responses']


def test_what_asks_a_compute_host_may_fail_there_and_may_not_know():
    asking = set(path for _method, path, _operation in API.operations if path.startswith('/servers/'))
    assert len(asking) == 3
    for _method, path, operation in API.operations:
        found = dict((status, answer['$ref'].rpartition('/')[2]) for status, answer in operation['responses'].items()
                     if status in ('400', '403', '404', '409', '500'))
        wanted = {'409': 'Conflict', '500': 'Failed'} if path in asking else {}
        assert dict((status, found[status]) for status in found if status in ('409', '500')) == wanted, path
        assert set(found[status] for status in found if status < '409') == {'Error'}
    words = API.document['components']['responses']
    assert 'unless it says otherwise' in words['Conflict']['description'] and 'not known' in words['Failed']['description']


def test_each_part_is_used_and_what_nova_answers_is_left_to_nova():
    used, parts = set(), API.document['components']

    def look(node):
        for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            look(value)
        if isinstance(node, dict) and '$ref' in node:
            used.add(node['$ref'])
    look(API.document)
    assert used == set('#/components/%s/%s' % (kind, name) for kind in parts if kind != 'securitySchemes' for name in parts[kind])
    novas = set(path for path, item in API.document['paths'].items() if item.get('get', {}).get('x-of-nova'))
    assert novas == {'/servers/{server_id}', '/servers/detail'}
    assert not novas & set(path for _method, path, _operation in API.operations)


def test_what_is_generated_is_right_and_wrong_and_always_the_same():
    made = list(API.requests('seed', 200, server_id=['s'], index=['1']))
    again = list(API.requests('seed', 200, server_id=['s'], index=['1']))
    assert [one[1:] for one in made] == [one[1:] for one in again]
    assert [one[1:] for one in made] != [one[1:] for one in API.requests('other', 200, server_id=['s'], index=['1'])]
    for method, path, operation in API.operations:
        of_it = [one for one in made if one.operation is operation or one.operation == operation]
        assert of_it and any(one.right for one in of_it)
        if 'requestBody' in operation or any(one['in'] == 'query' for one in operation['parameters']):
            assert any(not one.right for one in of_it), (method, path)


def test_a_generated_value_is_one_that_the_schema_takes():
    rng = random.Random(7)
    for name in sorted(BODIES):
        for _number in range(50):
            value = contract.valid(rng, API.schema({'$ref': '#/components/schemas/' + name}))
            jsonschema.Draft4Validator(BODIES[name]).validate(value)


@pytest.mark.parametrize('status, text, right, fault', [
    (500, '{}', True, 'the status 500'), (503, '{}', True, 'the status 503'), (418, '{}', True, 'not documented'), (200, '{}', True, 'the body'),
    (200, 'x', True, 'no JSON'), (200, '', True, 'empty'), (400, '{"badRequest": {"code": 400, "message": "m"}}', True, 'right'),
    (400, '{"badRequest": {"code": 400, "message": "m"}}', False, None), (400, '{}', False, 'the body'),
    (400, '{"badRequest": {"code": 400, "message": "There is no restore point 7 to go on from (marker)."}}', True, None),
    (200, '{"light_snapshots": []}', False, 'wrong request is taken'), (409, '{"a": {"code": 409, "message": ""}}', True, None)])
def test_the_judge(status, text, right, fault):
    (operation,) = [one for _method, _path, one in API.operations if one['operationId'] == 'listPoints']
    found = API.faults(contract.Request(operation, 'GET', '/x', '', None, right), status, text)
    assert (not found) if fault is None else any(fault in one for one in found)
