#!/usr/bin/python
# -*- coding: utf-8 -*-
# Apache License 2.0 (see LICENSE)
"""Ansible's way to one server's light snapshots: docs/api.md, through openstacksdk."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r'''
---
module: light_snapshot
short_description: Take, delete and go back to light snapshots of an OpenStack server
description:
  - Takes a light snapshot of a server, changes its description, deletes it, or has the server go back to it.
  - A restore point is found by its I(name). So C(present) takes one where there is none of that name, and changes nothing where there
    is; give each a name of its own, with a date for instance.
  - The cloud's nodes need the package light-snapshot, and the server needs light snapshots switched on
    (C(openstack server light snapshot enable)).
author:
  - light-snapshot
requirements:
  - python >= 3.6
  - openstacksdk, on the host that runs the module
options:
  server:
    description: Name or ID of the server. An administrator names another project's server by its ID.
    type: str
    required: true
  state:
    description:
      - C(present) - a restore point of this I(name) is there, with this I(description) if one is given.
      - C(absent) - no restore point of this I(name), or of this I(index), is there. Those that stand on it keep their bytes.
      - C(recovered) - the server goes back to a restore point. B(What was written to its disks since is lost), unless a safety snapshot
        keeps it. A running server loses its power and is started again. What was written since cannot be compared, so that this always
        counts as a change.
    type: str
    choices: [present, absent, recovered]
    default: present
  name:
    description:
      - Name of the restore point.
      - Where several have it, C(present) and C(recovered) take the newest, and C(absent) deletes all of them.
    type: str
  index:
    description: Index of the restore point, for C(absent) and C(recovered).
    type: int
  use_root:
    description: Go back to the root disk, for C(recovered). Without I(name), I(index) and this, to the last snapshot.
    type: bool
    default: false
  description:
    description: Description of the restore point, for C(present).
    type: str
  quiesce:
    description: Have the guest agent freeze the guest's file systems for the snapshot that is taken.
    type: bool
    default: false
  safety:
    description:
      - Keep what the disks hold now as a restore point first, for C(recovered).
      - Without it the cloud decides - yes where the server keeps its snapshots, else no.
    type: bool
  wait:
    description: Wait until the work is done, and fail if it failed.
    type: bool
    default: true
  timeout:
    description: Give up waiting after so many seconds.
    type: int
    default: 1800
  cloud:
    description: Name of a cloud in C(clouds.yaml), or a dictionary as an entry there. Without it, and without I(auth), what the
      environment (C(OS_*)) says.
    type: raw
  auth:
    description: What the authentication plugin takes, such as I(auth_url), I(username), I(password) and I(project_name).
    type: dict
  auth_type:
    description: Name of the authentication plugin.
    type: str
  region_name:
    description: Name of the region.
    type: str
  interface:
    description: Which endpoint of the compute service to use.
    type: str
    choices: [admin, internal, public]
    default: public
    aliases: [endpoint_type]
  validate_certs:
    description: Whether the cloud's certificate is checked. Without it, what the cloud's configuration says.
    type: bool
    aliases: [verify]
  ca_cert:
    description: File of the authority that the cloud's certificate is checked against.
    type: str
    aliases: [cacert]
  api_timeout:
    description: Seconds that one request to the cloud may take.
    type: int
attributes:
  check_mode:
    description: Says what would change, and asks the cloud only for what there is.
    support: full
  diff_mode:
    description: The restore point before and after.
    support: full
'''

EXAMPLES = r'''
- name: A restore point before the upgrade
  light_snapshot.openstack.light_snapshot:
    cloud: mycloud
    server: web
    name: before-upgrade-7.2
    description: database stopped
    quiesce: true

- name: Go back to it
  light_snapshot.openstack.light_snapshot:
    cloud: mycloud
    server: web
    name: before-upgrade-7.2
    state: recovered

- name: It is not needed any more
  light_snapshot.openstack.light_snapshot:
    cloud: mycloud
    server: web
    name: before-upgrade-7.2
    state: absent

- name: Upgrade, and go back if that fails
  block:
    - name: A restore point
      light_snapshot.openstack.light_snapshot:
        server: web
        name: before-{{ release }}
      delegate_to: localhost
    - name: Upgrade
      ansible.builtin.import_tasks: upgrade.yml
  rescue:
    - name: What there was before
      light_snapshot.openstack.light_snapshot:
        server: web
        name: before-{{ release }}
        state: recovered
        safety: true
      delegate_to: localhost
'''

RETURN = r'''
server:
  description: ID of the server.
  type: str
  returned: always
light_snapshot:
  description: The restore point that is there now, that was deleted, or that the server went back to. In check mode, of one that would be
    taken, its name and description.
  type: dict
  returned: when there is one
  sample: {"index": 3, "parent": 2, "name": "before-upgrade-7.2", "state": "last", "size": 65536, "consistency": "quiesced"}
light_snapshots:
  description: All restore points of the server afterwards, oldest first.
  type: list
  elements: dict
  returned: always
'''

import time     # noqa: E402  Ansible wants its documentation first
import traceback     # noqa: E402

from ansible.module_utils.basic import AnsibleModule, missing_required_lib     # noqa: E402

try:
    import openstack
    from openstack import exceptions
    MISSING = None
except ImportError:
    MISSING = traceback.format_exc()

#: Seconds between two looks at a server whose work is waited for.
INTERVAL = 1.0
#: From this microversion on, the events of a server's action carry the error's words.
DETAILS = '2.84'
SHOWN = ('name', 'description')

ARGUMENTS = dict(
    server=dict(type='str', required=True),
    state=dict(type='str', choices=['present', 'absent', 'recovered'], default='present'),
    name=dict(type='str'),
    index=dict(type='int'),
    use_root=dict(type='bool', default=False),
    description=dict(type='str'),
    quiesce=dict(type='bool', default=False),
    safety=dict(type='bool'),
    wait=dict(type='bool', default=True),
    timeout=dict(type='int', default=1800),
    cloud=dict(type='raw'),
    auth=dict(type='dict', no_log=True),
    auth_type=dict(type='str'),
    region_name=dict(type='str'),
    interface=dict(type='str', choices=['admin', 'internal', 'public'], default='public', aliases=['endpoint_type']),
    validate_certs=dict(type='bool', aliases=['verify']),
    ca_cert=dict(type='str', aliases=['cacert']),
    api_timeout=dict(type='int'),
)


class Failed(Exception):
    """The message is for the user."""


class Server(object):
    """One server's light snapshots, in the cloud that the user named."""

    def __init__(self, connection, wanted):
        self.compute = connection.compute
        found = self.compute.find_server(wanted, ignore_missing=True)
        if found is None:
            raise Failed('There is no server with the name or ID %s.' % wanted)
        self.id = found.id

    def _ask(self, method, path, body=None, microversion=None):
        answer = self.compute.request('/servers/%s%s' % (self.id, path), method, json=body, microversion=microversion)
        exceptions.raise_from_response(answer)
        return answer

    def listing(self):
        """What there is: `light_snapshots`, oldest first, `enabled`, and how things stand."""
        return self._ask('GET', '/light-snapshots').json()

    def take(self, name, description, quiesce):
        """:returns: (the new restore point's index, the request)"""
        answer = self._ask('POST', '/action', {'createSnapshot': {
            'name': name, 'description': description or '', 'quiesce': quiesce}})
        return answer.json()['light_snapshot']['index'], _request_id(answer)

    def describe(self, index, description):
        self._ask('PUT', '/light-snapshots/%d' % index, {'light_snapshot': {'description': description}})

    def delete(self, index):
        return _request_id(self._ask('DELETE', '/light-snapshots/%d' % index))

    def recover(self, target):
        return _request_id(self._ask('POST', '/action', {'recoverInstance': target}))

    def wait(self, request_id, timeout):
        """Until the server has no task under way.

        :raises Failed: the work failed, or goes on after `timeout` seconds
        """
        deadline = time.time() + timeout
        while True:
            task = self._ask('GET', '').json()['server'].get('OS-EXT-STS:task_state')
            if not task:
                break
            if time.time() >= deadline:
                raise Failed('After %d seconds server %s is still busy (%s). The work goes on; look at the server\'s events, and '
                             'run the task again when it is done.' % (timeout, self.id, task))
            time.sleep(INTERVAL)
        why = self._failure(request_id)
        if why:
            raise Failed(why)

    def _failure(self, request_id):
        """What went wrong with a request, in words; None if nothing did, or nobody can tell."""
        for microversion in (DETAILS, None) if request_id else ():
            try:
                action = self._ask('GET', '/os-instance-actions/%s' % request_id, microversion=microversion).json()['instanceAction']
            except exceptions.SDKException:
                continue        # a cloud that is older, or an action that is not there
            failed = [event for event in action.get('events') or [] if event.get('result') == 'Error']
            if failed or action.get('message') == 'Error':
                words = [event['details'] for event in failed if event.get('details')]
                return words[0] if words else 'The work failed; look at the events of server %s.' % self.id
            return None
        return None


def _request_id(answer):
    return answer.headers.get('x-openstack-request-id') or answer.headers.get('x-compute-request-id')


class States(object):
    """What is to be done for each state; `change` is False in check mode."""

    def __init__(self, server, params, change):
        self.server, self.params, self.change = server, params, change

    def run(self):
        """:returns: what the module answers"""
        listing = self.server.listing()
        points = listing['light_snapshots']
        if not listing['enabled'] and self.params['state'] != 'absent':
            raise Failed('Light snapshots are not enabled for server %s. Nothing was changed. Enable them first: openstack server '
                         'light snapshot enable %s' % (self.server.id, self.server.id))
        changed, point, before, after = getattr(self, self.params['state'])(points)
        if changed and self.change:
            points = self.server.listing()['light_snapshots']
        result = {'changed': changed, 'server': self.server.id, 'diff': {'before': before, 'after': after}, 'light_snapshots': points}
        if point is not None:
            now = [one for one in points if one['index'] == point.get('index')]
            result['light_snapshot'] = (now or [point])[0]
        return result

    def _named(self, points):
        """The restore points that the user means, oldest first."""
        index, name = self.params['index'], self.params['name']
        if index is not None:
            return [point for point in points if point['index'] == index]
        return [point for point in points if point['name'] == name]

    def _wait(self, request_id):
        if self.params['wait']:
            self.server.wait(request_id, self.params['timeout'])

    def present(self, points):
        wanted = {'name': self.params['name'], 'description': self.params['description'] or ''}
        found = self._named(points)
        if not found:
            if not self.change:
                return True, wanted, {}, wanted
            index, request_id = self.server.take(wanted['name'], wanted['description'], self.params['quiesce'])
            self._wait(request_id)
            return True, dict(wanted, index=index), {}, wanted
        point, before = found[-1], dict((key, found[-1][key]) for key in SHOWN)
        if self.params['description'] is None or point['description'] == wanted['description']:
            return False, point, before, before
        if self.change:
            self.server.describe(point['index'], wanted['description'])
        return True, dict(point, description=wanted['description']), before, wanted

    def absent(self, points):
        found = self._named(points)
        if not found:
            return False, None, {}, {}
        if self.change:
            # The newest first: what stands on another one goes before it.
            for number, point in enumerate(reversed(found)):
                request_id = self.server.delete(point['index'])
                if self.params['wait'] or number + 1 < len(found):      # the next deletion needs an idle server
                    self.server.wait(request_id, self.params['timeout'])
        before = dict(('%d' % point['index'], dict((key, point[key]) for key in SHOWN)) for point in found)
        return True, found[-1], before, {}

    def recovered(self, points):
        target, point = self._target(points)
        if self.params['safety'] is not None:
            target['safety'] = self.params['safety']
        if self.change:
            self._wait(self.server.recover(target))
        here = [one['index'] for one in points if one['current']]
        return True, point, {'stands_on': here[0] if here else None}, {'stands_on': point['index']}

    def _target(self, points):
        """(what the request says, the restore point that it means)"""
        name, index = self.params['name'], self.params['index']
        if not points:
            raise Failed('Server %s has no restore points to go back to. Nothing was changed.' % self.server.id)
        if name is None and index is None:
            state = 'root' if self.params['use_root'] else 'last'
            # Where there is no last snapshot, the root disk is what there is.
            found = [point for point in points if point['state'] in (state, 'root')]
            found.sort(key=lambda point: (point['state'] == state, point['index']))
            return {'use_root': True} if self.params['use_root'] else {}, (found or points)[-1]
        found = self._named(points)
        if not found:
            raise Failed('Server %s has no restore point %s. Nothing was changed.' % (
                self.server.id, index if index is not None else 'named %s' % name))
        return {'snap_index': found[-1]['index']}, found[-1]


def connect(params):
    """:returns: openstacksdk's connection to the cloud that the parameters name"""
    given = dict((key, params[key]) for key in ('auth', 'auth_type', 'region_name', 'api_timeout') if params[key] is not None)
    given['interface'] = params['interface']
    for ours, theirs in (('validate_certs', 'verify'), ('ca_cert', 'cacert')):
        if params[ours] is not None:
            given[theirs] = params[ours]
    cloud = params['cloud']
    if isinstance(cloud, dict):
        return openstack.connect(**dict(cloud, **given))
    return openstack.connect(cloud=cloud, **given)


def refuse(params):
    """What is wrong with the parameters beside what Ansible itself can tell; None if nothing is."""
    if (params['name'] is not None) + (params['index'] is not None) + params['use_root'] > 1:
        return 'name, index and use_root exclude each other.'
    if params['state'] == 'present' and (params['index'] is not None or params['use_root']):
        return 'index and use_root are for the states absent and recovered; present finds a restore point by its name.'
    if params['state'] == 'absent' and params['use_root']:
        return 'use_root is for the state recovered.'
    if params['state'] != 'recovered' and params['safety'] is not None:
        return 'safety is for the state recovered.'
    if params['state'] != 'present' and (params['quiesce'] or params['description'] is not None):
        return 'quiesce and description are for the state present.'
    if params['name'] == '':
        return 'name is empty: restore points without a name cannot be told apart.'
    return None


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS, supports_check_mode=True,
        required_if=[('state', 'present', ('name',)), ('state', 'absent', ('name', 'index'), True)])
    wrong = refuse(module.params)
    if wrong:
        module.fail_json(msg=wrong)
    if MISSING:
        module.fail_json(msg=missing_required_lib('openstacksdk'), exception=MISSING)
    try:
        result = States(Server(connect(module.params), module.params['server']), module.params, not module.check_mode).run()
    except Failed as failed:
        module.fail_json(msg=str(failed))
    except exceptions.SDKException as failed:
        module.fail_json(msg=getattr(failed, 'details', None) or str(failed))
    module.exit_json(**result)


if __name__ == '__main__':
    main()
