"""A stand-in for the engine, which notes what it is asked to do, and a server to do it to."""

import json

from nova.objects import base

from light_snapshot.engine import errors
from light_snapshot.nova import rpcapi


class Record(object):
    committed, store, index, daily, job = False, True, 7, None, None
    root = {'index': 3}

    def __init__(self):
        self.preview, self.retention = None, {'count': None, 'days': None}
        self.live, self.points, self.data = [{'index': 3}, {'index': 7}], {'3': {}}, {}


class Domain(object):
    @staticmethod
    def other_disks(targets):
        return [name for name in ('vda', 'vdb') if name not in targets]


class Held(object):
    held = True


class Engine(object):
    """Notes each call; `refuses` is the method that refuses, `holds` why its layers stay as they are."""

    directory, options = '/nowhere', {'lock_timeout': 0}

    def __init__(self):
        self.asked, self.refuses, self.on = [], None, True
        self.record, self.domain, self.found = Record(), Domain(), []
        self._lock, self.holds = Held(), None

    enabled = property(lambda self: self.record is not None)

    def running(self):
        return self.on

    def held(self):
        return self.holds

    def check_free(self):
        if self.holds:
            raise errors.Held(self.holds)

    def points(self):
        return [{'index': 3, 'frees': 7, 'safety': False, 'children': 0}]

    def targets(self):
        return ['vda']

    def size(self):
        return 12

    def written(self):
        return 5

    def progress(self):
        return {'operation': 'commit', 'done': 1, 'total': 4, 'percent': 25}

    def check(self, repair=False):
        self.asked.append(('check', repair))
        return [dict(one, repaired=repair) for one in self.found]

    def __getattr__(self, name):
        def method(*args, **kwargs):
            self.asked.append((name,) + args + tuple(sorted(kwargs.items())))
            if name == self.refuses:
                raise (errors.NotFound if name == 'delete' else errors.Refused)('%s is refused' % name)
        return method

    def done(self):
        """What was asked since the last time."""
        asked, self.asked = self.asked, []
        return asked


class Context(object):
    user_id, project_id = 'who', 'where'

    @staticmethod
    def update_store():
        pass


class Instance(object):
    uuid = '6f70656e-7374-4163-8b00-000000000001'

    display_name, project_id, user_id = 'web', 'its project', 'its owner'

    def __init__(self, task_state=None, **system_metadata):
        self.task_state, self.system_metadata, self.vm_state = task_state, system_metadata, 'active'

    def refresh(self):
        pass

    def save(self):
        pass


def came(answer):
    """An answer of a compute host as it comes to nova-api: through nova's serializer there, and ours here."""
    sent = json.loads(json.dumps(base.NovaObjectSerializer().serialize_entity(None, answer)))
    return rpcapi.Serializer().deserialize_entity(None, sent)
