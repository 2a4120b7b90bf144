"""Generated requests to the running service: no 5xx, no answer that docs/openapi.yaml does not tell of, and the server stays well."""

import json
import os
import sys
import uuid
from pathlib import Path

import pytest

import story
from testbed import shell

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'openapi'))
import contract  # noqa: E402

#: Of each operation; right ones are carried out, each until it is done.
COUNT = int(os.environ.get('LIGHT_SNAPSHOT_E2E_REQUESTS', 40))
API = contract.Contract()


def send(cloud, request):
    """(status, body as text) of a generated request's answer."""
    path = request.path + ('?' + request.query if request.query else '')
    answer = cloud.call('compute', request.method, path, request.body, headers={'Content-Type': 'application/json'})
    text = answer.body if isinstance(answer.body, str) else '' if answer.body is None else json.dumps(answer.body)
    return answer.status, text


def run(cloud, seed, places, accepted=lambda request: None, count=COUNT):
    seen, faults = set(), []
    for request in API.requests(seed, count, **places):
        status, text = send(cloud, request)
        seen.add((request.operation['operationId'], status))
        faults += ['%s %s: %d, %s' % (request[1:], text[:300], status, fault)
                   for fault in API.faults(request, status, text)]
        if status == 202:
            accepted(request)
    assert faults == []
    return seen


@pytest.fixture(scope='module')
def kept(demo, package):
    """A server that keeps its snapshots and has some."""
    one = story.Server.create(demo, 'openapi')
    one.act('enableSnapshot', {'store': True})
    for number in range(3):
        one.snapshot(name='n%d' % number)
    yield one
    directory = one.directory
    one.delete()
    assert not directory.exists()


@pytest.fixture
def ready(demo, kept):
    """To be called once a request was accepted: the server can take the next one."""
    def accepted(request):
        if request.operation['operationId'] == 'snapshotAll':
            return      # goes on in the background, and what comes meanwhile may be refused
        demo.wait_server(kept.uuid, ('ACTIVE', 'SHUTOFF'))
        if kept.body()['light_snapshot_enabled'] is False:
            kept.act('enableSnapshot', {'store': True})
        if kept.listing()['preview'] is not None:
            kept.act('keepPreview')     # during one everything else is refused
    return accepted


def is_well(kept):
    """Whatever was asked for: nothing is under way in the end, and nothing is broken."""
    assert shell.poll(lambda: kept.body()['OS-EXT-STS:task_state'] is None, 60), kept.body()
    assert kept.check() == []


def test_the_owner_s_requests(demo, kept, ready):
    indices = [str(index) for index in sorted(kept.points())]
    places = {'server_id': [kept.uuid] * 9 + [str(uuid.uuid4()), 'x', 'é', 'x' * 300], 'index': indices + ['77', 'x', '-1', '³']}
    seen = run(demo, 'owner', places, ready)
    for _method, _path, operation in API.operations:
        name = operation['operationId']
        # A show or a rename of what a generated deletion has taken away is a 404; snapshotAll and hosts are no owner's.
        assert {(name, 200), (name, 202), (name, 403 if name in ('snapshotAll', 'hosts') else 404)} & seen, name
    assert {('takePoint', 202), ('takePoint', 400), ('listPoints', 200), ('listPoints', 400), ('act', 202), ('act', 400)} <= seen
    is_well(kept)


def test_somebody_else_s_requests_change_nothing(other, kept):
    def state():
        # But for its active layer, to which the guest writes on.
        listing = {name: value for name, value in kept.listing().items() if name not in ('size', 'written')}
        return listing, kept.columns(), (kept.directory / 'light-snapshot.json').read_text()
    before = state()
    seen = run(other, 'other', {'server_id': [kept.uuid], 'index': ['0', '1', '2']})
    assert not {(name, status) for name, status in seen if status < 400 and name != 'summary'}
    assert state() == before


def test_an_administrator_s_requests(admin, kept, ready):
    # The owner's in front of a server that is there; these are few, with repairs and snapshots of all servers among them.
    seen = run(admin, 'administrator', {'server_id': [kept.uuid] * 3 + [str(uuid.uuid4())], 'index': ['0', '1']}, ready, COUNT // 4)
    assert {('summary', 200), ('hosts', 200), ('snapshotAll', 202), ('snapshotAll', 400)} <= seen
    is_well(kept)
    listed = admin.must('compute', 'GET', '/os-light-snapshots?all_projects=1')
    (one,) = [server for server in listed['servers'] if server['id'] == kept.uuid]
    body, points = kept.body(), kept.points()
    assert one['count'] == body['light_snapshot_count'] == len(points) and one['host']
    assert one['kept_bytes'] == body['light_snapshot_kept_bytes']
    assert one['last_at'] == body['light_snapshot_last_at'] == max((point['created_at'] for point in points.values()), default=None)
