"""Adds the administrator's page of light snapshots to Horizon."""

PANEL = 'light_snapshots'
PANEL_DASHBOARD = 'admin'
PANEL_GROUP = 'compute'
ADD_PANEL = 'light_snapshot_dashboard.admin.panel.LightSnapshots'
