"""python3 -m bench.scale.seed CONFIGURATION... -- FIRST LAST PROJECT USER DAY: servers with a history, by nova's own objects, without booting any.

They are spread over the hosts in turns. Each has what nova keeps of a booted server, the mark, the counters and the columns that
nova-compute writes, and its directory on its host.
"""

import json
import sys
import uuid as uuids

#: Their names are of this one, so that each run has the same.
NAMESPACE = uuids.UUID('6c696768-7473-4e61-8073-686f74000000')
IMAGE = '6c696768-7473-4e61-8073-0000696d6167'
MIB, GIB = 128, 1


def uuid_of(number):
    return str(uuids.uuid5(NAMESPACE, 'scale-%d' % number))


def main():
    from nova.cmd import manage     # noqa: F401  first of all: nova replaces what others would have imported by then
    import nova.context
    from nova import config
    from nova import objects
    split = sys.argv.index('--')
    first, last, project, user, day = sys.argv[split + 1:]
    config.parse_args(['nova-seed'] + sys.argv[1:split], default_config_files=[])
    objects.register_all()
    import bench.scale
    from bench.scale import template
    context = nova.context.RequestContext(user, project, is_admin=True)
    cell = [one for one in objects.CellMappingList.get_all(context) if one.name == 'cell1'][0]
    place = bench.scale.TOP / ('template-' + first)
    made = template.Template(place, bench.scale.GUESTS, daily={'slot': day, 'taken': ''})
    if first == '0':
        for host in bench.scale.HOSTS:
            objects.HostMapping(context, host=host, cell_mapping=cell).create()
    for number in range(int(first), int(last)):
        _add(context, cell, made, number)


def _add(context, cell, made, number):
    import nova.context
    from nova import objects
    import bench.scale
    from light_snapshot.nova import state
    uuid, host = uuid_of(number), bench.scale.HOSTS[number % len(bench.scale.HOSTS)]
    made.copy(bench.scale.instances(host) / uuid, bench.scale.GUESTS)
    objects.InstanceMapping(context, instance_uuid=uuid, cell_mapping=cell, project_id=context.project_id, user_id=context.user_id,
                            queued_for_delete=False).create()
    with nova.context.target_cell(context, cell) as at:
        _instance(at, uuid, host, number, made).create()
        objects.BlockDeviceMapping(at, instance_uuid=uuid, source_type='image', destination_type='local', device_type='disk',
                                   boot_index=0, image_id=IMAGE, device_name='/dev/vda', delete_on_termination=True, tag=None).create()
        state.write(at, uuid, dict(state.of_record(made.record), snapshot_daily=True))


def _instance(context, uuid, host, number, made):
    import datetime
    from nova import objects
    from nova.network import model
    from light_snapshot.nova import counters
    from light_snapshot.nova import driver
    now = datetime.datetime.utcnow()
    flavor = objects.Flavor(id=1, name='scale', memory_mb=MIB, vcpus=1, root_gb=GIB, ephemeral_gb=0, flavorid='scale', swap=0,
                            rxtx_factor=1.0, vcpu_weight=0, disabled=False, is_public=True, extra_specs={}, description=None)
    # What nova notes of the image, in the numbers of an ordinary one.
    metadata = {'image_%s' % name: value for name, value in (
        ('min_ram', '0'), ('min_disk', '1'), ('disk_format', 'qcow2'), ('container_format', 'bare'), ('base_image_ref', IMAGE),
        ('hw_machine_type', 'pc'), ('hw_cdrom_bus', 'ide'), ('hw_disk_bus', 'virtio'), ('hw_input_bus', 'usb'),
        ('hw_pointer_model', 'usbtablet'), ('hw_video_model', 'virtio'), ('hw_vif_model', 'virtio'))}
    metadata.update({driver.MARK: driver.MARKED, counters.KEY: counters.written(made.counters), 'boot_roles': 'member,reader',
                     'owner_user_name': 'demo', 'owner_project_name': 'demo',
                     driver.DAILY: json.dumps(made.record.daily, sort_keys=True)})
    return objects.Instance(
        context, uuid=uuid, project_id=context.project_id, user_id=context.user_id, display_name='scale-%04d' % number,
        hostname='scale-%04d' % number, host=host, node=host, launched_on=host, vm_state='active', task_state=None, power_state=1,
        image_ref=IMAGE, flavor=flavor, instance_type_id=1, memory_mb=MIB, vcpus=1, root_gb=GIB, ephemeral_gb=0, launched_at=now,
        root_device_name='/dev/vda', availability_zone='nova', system_metadata=metadata, metadata={'of': 'scale'}, access_ip_v4=None,
        access_ip_v6=None, kernel_id='', ramdisk_id='', architecture=None, os_type=None, vm_mode=None, key_name=None, key_data=None,
        locked=False, locked_by=None, display_description='', reservation_id='r-scale', ephemeral_key_uuid=None, config_drive='',
        info_cache=objects.InstanceInfoCache(context, instance_uuid=uuid, network_info=model.NetworkInfo([])),
        pci_requests=objects.InstancePCIRequests(instance_uuid=uuid, requests=[]), numa_topology=None, cleaned=False,
        auto_disk_config=False, progress=0, shutdown_terminate=False, disable_terminate=False)


if __name__ == '__main__':
    main()
