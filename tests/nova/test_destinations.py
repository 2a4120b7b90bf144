"""Where a server with layers may go: whoever sends one asks the other host first (nova's own classes, no service)."""

import oslo_messaging as messaging
import pytest
from webob import exc

from nova import exception
from nova import objects
from nova import servicegroup

from light_snapshot.engine import errors
from light_snapshot.nova import destinations
from light_snapshot.nova import refusals
from light_snapshot.nova import rpcapi
from light_snapshot.nova import state

from stand_in import Instance

WELL = {'version': '1', 'on_disk': '1', 'problems': []}


def remote(kind):
    return messaging.RemoteError(kind, 'words', 'trace')


#: What a host answers, and what is said of it.
ANSWERS = {
    'well': (WELL, None),
    'none': (remote('UnsupportedVersion'), 'light-snapshot does not run on the compute host none, or is too old there to say so'),
    'off': (dict(WELL, problems=['an unknown nova', 'more']), 'switched off on the compute host off (an unknown nova)'),
    'silent': (messaging.MessagingTimeout(), 'silent did not answer'),
    'broken': (remote('ValueError'), 'broken failed at being asked for its light-snapshot (ValueError)'),
    'unreachable': (messaging.MessageDeliveryFailure(), 'unreachable could not be asked for its light-snapshot (MessageDeliveryFailure)'),
}


class Context(object):
    def elevated(self):
        return self


def listed(monkeypatch, name, **methods):
    """A list of nova's objects that gives what a test says."""
    monkeypatch.setattr(objects, name, type(name, (object,), dict((key, staticmethod(method)) for key, method in methods.items())), raising=False)


@pytest.fixture
def asked(monkeypatch):
    """The hosts that were asked."""
    found = []

    def about_host(_self, _context, instance, host):
        assert instance.uuid == Instance.uuid
        found.append(host)
        answer = ANSWERS[host][0]
        if isinstance(answer, Exception):
            raise answer
        return answer
    monkeypatch.setattr(rpcapi.ComputeAPI, 'about_host', about_host)
    return found


@pytest.mark.parametrize('host', sorted(ANSWERS))
def test_a_host_is_taken_by_what_it_answers(asked, host):
    said = destinations.wrong(Context(), Instance(), host)
    assert asked == [host]
    if ANSWERS[host][1] is None:
        assert said is None and destinations.check(Context(), Instance(), host) is None
        return
    assert ANSWERS[host][1] in said
    for words in ('an old state of its disk', 'Nothing was changed.', 'choose another host'):
        assert words in said
    with pytest.raises(errors.Refused):
        destinations.check(Context(), Instance(), host)


def test_of_several_each_has_to_be_well(asked):
    assert destinations.first_wrong(Context(), Instance(), ['well'] * 40) is None and asked == ['well'] * 40
    assert 'does not run on the compute host none' in destinations.first_wrong(Context(), Instance(), ['none'] + ['well'] * 40)
    assert destinations.first_wrong(Context(), Instance(), []) is None


# ---- where nova sends a server

class Migration(object):
    def __init__(self, number, instance_uuid, dest_compute):
        self.id, self.instance_uuid, self.dest_compute = number, instance_uuid, dest_compute


def moving(monkeypatch, *migrations):
    def get_by_filters(_context, filters):
        assert filters == {'status': ['migrating'], 'source_compute': 'here'}
        return [one() if callable(one) else one for one in migrations]
    listed(monkeypatch, 'MigrationList', get_by_filters=get_by_filters)


def test_the_newest_migration_of_the_server_tells_where_it_goes(monkeypatch):
    moving(monkeypatch, Migration(7, Instance.uuid, 'new'), Migration(3, Instance.uuid, 'old'), Migration(9, 'other', 'elsewhere'))
    assert destinations.of_resize(Context(), Instance(), 'here') == 'new'


@pytest.mark.parametrize('known', [[], [Migration(9, 'other', 'elsewhere')], [lambda: 1 / 0]])
def test_a_server_that_goes_nobody_knows_where_stays(monkeypatch, known):
    moving(monkeypatch, *known)
    with pytest.raises(errors.Refused) as caught:
        destinations.of_resize(Context(), Instance(), 'here')
    assert 'does not say to which host' in str(caught.value) and 'Nothing was changed.' in str(caught.value)


# ---- nova-conductor and nova-api

@pytest.fixture
def enabled(monkeypatch):
    monkeypatch.setattr(state, 'read', lambda _context, uuids: dict((uuid, {'light_snapshot_enable': uuid == Instance.uuid}) for uuid in uuids))


def plain():
    made = Instance()
    made.uuid = 'plain'
    return made


def test_the_conductor_asks_each_host_that_it_considers(asked, enabled, monkeypatch):
    from nova.conductor.tasks import live_migrate
    name, task = '_call_livem_checks_on_host', live_migrate.LiveMigrationTask
    monkeypatch.setattr(task, name, lambda _self, *args: args)
    for _again in range(2):
        destinations.extend()
    made = object.__new__(task)
    made.context, made.instance = Context(), Instance()
    assert getattr(made, name)('well', 'more') == ('well', 'more') and asked == ['well']
    # This is what nova goes on to the next host for.
    with pytest.raises(exception.MigrationPreCheckError) as caught:
        getattr(made, name)('none', 'more')
    assert 'does not run on the compute host none' in str(caught.value)
    made.instance = plain()
    assert getattr(made, name)('none') == ('none',) and asked == ['well', 'none']


def test_what_the_conductor_asks_is_there_in_this_nova():
    from nova.conductor.tasks import live_migrate
    assert callable(live_migrate.LiveMigrationTask._call_livem_checks_on_host)


class Service(object):
    def __init__(self, host, binary='nova-compute', disabled=False):
        self.host, self.binary, self.disabled = host, binary, disabled


class Api(object):
    """As nova's."""

    def evacuate(self, context, instance, host, on_shared_storage, admin_password=None, force=None):
        return host

    def live_migrate(self, context, instance, block_migration, disk_over_commit, host_name, force=None):
        return host_name

    def resize(self, context, instance, flavor_id=None, clean_shutdown=True, host_name=None):
        return host_name


@pytest.fixture
def evacuate(asked, enabled, monkeypatch):
    monkeypatch.setattr(servicegroup.API, 'service_is_up', lambda _self, service: service.host != 'broken', raising=False)
    listed(monkeypatch, 'ServiceList', get_all=lambda _context: [
        Service('well'), Service('silent', disabled=True), Service('broken'), Service('none', 'nova-conductor'), Service('the old one')])
    guarded = refusals._guard_move(Api.evacuate, 'evacuate')

    def evacuate(instance, host, **more):
        instance.host = 'the old one'
        return guarded(Api(), Context(), instance, host, None, **more)
    return evacuate


def test_an_evacuation_to_a_host_with_ours(evacuate, asked):
    assert evacuate(Instance(), 'well') == 'well' and asked == ['well']


def test_an_evacuation_to_a_host_without_ours_is_refused(evacuate):
    with pytest.raises(exc.HTTPConflict) as caught:
        evacuate(Instance(), 'none', admin_password='x')
    assert 'Cannot evacuate server %s. ' % Instance.uuid in caught.value.explanation and 'none' in caught.value.explanation


@pytest.mark.parametrize('name,args', [('live_migrate', (None, False)), ('resize', ())])
def test_another_move_to_a_host_that_is_named(evacuate, asked, name, args):
    guarded, instance = refusals._guard_move(getattr(Api, name), name), Instance()
    instance.host = 'here'
    assert guarded(Api(), Context(), instance, *args, host_name='well') == 'well' and asked == ['well']
    with pytest.raises(exc.HTTPConflict) as caught:
        guarded(Api(), Context(), instance, *args, host_name='none')
    assert 'Cannot migrate server %s. ' % Instance.uuid in caught.value.explanation
    # Where nova chooses it is asked later; and of its own host nobody is.
    del asked[:]
    for host in (None, 'here'):
        assert guarded(Api(), Context(), instance, *args, host_name=host) == host
    assert asked == []


def test_a_plain_server_is_evacuated_anywhere(evacuate, asked):
    assert evacuate(plain(), 'none') == 'none' and evacuate(plain(), None) is None and asked == []


def test_where_nova_chooses_each_host_that_it_may_choose_is_asked(evacuate, asked, monkeypatch):
    assert evacuate(Instance(), None) is None and asked == ['well']
    monkeypatch.setitem(ANSWERS, 'well', ANSWERS['none'])
    with pytest.raises(exc.HTTPConflict) as caught:
        evacuate(Instance(), None)
    assert 'to a host that nova chooses' in caught.value.explanation


@pytest.mark.parametrize('mark,refused', [(None, False), ('True', True)])
def test_where_the_columns_cannot_be_read_the_mark_tells(evacuate, asked, monkeypatch, mark, refused):
    """Of a cell that came after the installation: nova's own work goes on there."""
    def read(*_args):
        raise RuntimeError('no such column')
    monkeypatch.setattr(state, 'read', read)
    instance = Instance(light_snapshot_enable=mark) if mark else Instance()
    if refused:
        with pytest.raises(exc.HTTPConflict):
            evacuate(instance, 'none')
    else:
        assert evacuate(instance, 'none') == 'none' and asked == []
