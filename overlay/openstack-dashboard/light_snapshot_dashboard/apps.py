"""The Django application."""

from django import apps


class LightSnapshotDashboard(apps.AppConfig):
    """Holds the plugin's pages, templates and translations.

    It does nothing when Django starts: see project/urls.py.
    """

    name = 'light_snapshot_dashboard'
