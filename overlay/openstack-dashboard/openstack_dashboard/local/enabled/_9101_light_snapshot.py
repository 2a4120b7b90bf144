"""Adds light snapshots to Horizon."""

# A panel, and not a mere FEATURE: Horizon 8 skips a file without one, and
# the panel is what gives the plugin's forms their addresses.
PANEL = 'light_snapshots'
PANEL_DASHBOARD = 'project'
PANEL_GROUP = 'compute'
ADD_PANEL = 'light_snapshot_dashboard.project.panel.LightSnapshots'

ADD_INSTALLED_APPS = ['light_snapshot_dashboard']

# Read by Horizon 14 and later. For earlier ones light_snapshot_dashboard.attach
# extends the tab groups.
_TAB = 'light_snapshot_dashboard.project.tabs.LightSnapshotsTab'
EXTRA_TABS = {
    'openstack_dashboard.dashboards.project.instances.tabs.'
    'InstanceDetailTabs': (_TAB,),
    'openstack_dashboard.dashboards.admin.instances.tabs.'
    'AdminInstanceDetailTabs': (_TAB,),
}
