"""Addresses under /project/light_snapshots/."""

from light_snapshot_dashboard import attach
from light_snapshot_dashboard.compat import re_path
from light_snapshot_dashboard.project import views

# Here and not when Django starts: Horizon loads this file together with all
# its own pages, when the first request comes. Its tables take their headers
# in the language of the moment at which they are loaded, so nothing may load
# them earlier.
attach.everything()

_SERVER = r'^(?P<instance_id>[^/]+)/'

urlpatterns = [
    # Horizon asks every panel for this one.
    re_path(r'^$', views.IndexView.as_view(), name='index'),
    re_path(_SERVER + r'enable$', views.EnableView.as_view(), name='enable'),
    re_path(_SERVER + r'disable$', views.DisableView.as_view(),
            name='disable'),
    re_path(_SERVER + r'settings$', views.SettingsView.as_view(),
            name='settings'),
    re_path(_SERVER + r'take$', views.TakeView.as_view(), name='take'),
    re_path(_SERVER + r'recover$', views.RecoverView.as_view(),
            name='recover'),
    re_path(_SERVER + r'(?P<index>\d+)/recover$', views.RecoverView.as_view(),
            name='recover_to'),
    re_path(_SERVER + r'(?P<index>\d+)/rename$', views.RenameView.as_view(),
            name='rename'),
]
