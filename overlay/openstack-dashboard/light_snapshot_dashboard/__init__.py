"""Light snapshots in Horizon."""

import django

# Django 3.2 and later find the configuration by themselves, and warn about
# this name.
if django.VERSION < (3, 2):
    default_app_config = 'light_snapshot_dashboard.apps.LightSnapshotDashboard'
