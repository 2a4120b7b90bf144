"""The API's extension of nova 12 to 15, which loads it by our entry point of the group nova.api.v21.extensions."""

from __future__ import absolute_import

from nova.api.openstack import extensions

from light_snapshot.nova import api
from light_snapshot.nova import resource


class LightSnapshots(extensions.V21APIExtensionBase):
    """Light snapshots: actions of servers, the resource light-snapshots below each, and os-light-snapshots above all."""

    name = 'LightSnapshots'
    alias = 'light-snapshot'
    version = 1

    def __init__(self, extension_info):
        super(LightSnapshots, self).__init__(extension_info)
        api.extend()

    def get_resources(self):
        parent = {'member_name': 'server', 'collection_name': 'servers'}
        return [extensions.ResourceExtension('light-snapshots', resource.LightSnapshotsController(), parent=parent,
                                             member_name='light_snapshot'),
                extensions.ResourceExtension('os-light-snapshots', api.CloudController(), collection_actions={'hosts': 'GET'})]

    def get_controller_extensions(self):
        return [extensions.ControllerExtension(self, 'servers', api.ActionController())]
