"""Addresses under /project/light_snapshots/."""

from light_snapshot_dashboard import attach
from light_snapshot_dashboard.compat import re_path
from light_snapshot_dashboard.project import batch
from light_snapshot_dashboard.project import checks
from light_snapshot_dashboard.project import deletion
from light_snapshot_dashboard.project import gathered
from light_snapshot_dashboard.project import limits
from light_snapshot_dashboard.project import overview
from light_snapshot_dashboard.project import points_deletion
from light_snapshot_dashboard.project import tabs
from light_snapshot_dashboard.project import views
from light_snapshot_dashboard.project import ways

# Here and not when Django starts: Horizon loads this file together with all
# its own pages, when the first request comes. Its tables take their headers
# in the language of the moment at which they are loaded, so nothing may load
# them earlier.
attach.everything()

_SERVER = r'^(?P<instance_id>[^/]+)/'
_POINT = _SERVER + r'(?P<index>\d+)/'


def _page(address, view, name):
    return re_path(address, view.as_view(), name=name)


urlpatterns = [
    _page(r'^$', overview.IndexView, 'index'),
    _page(r'^points$', gathered.GatheredView, 'points'),
    _page(r'^points/delete$', points_deletion.DeleteView, 'points_delete'),
    _page(r'^look_again\.js$', tabs.ScriptView, 'script'),
    _page(r'^batch/enable$', batch.EnableView, 'batch_enable'),
    _page(r'^batch/take$', batch.TakeView, 'batch_take'),
    _page(r'^batch/recover$', batch.RecoverView, 'batch_recover'),
    _page(r'^batch/disable$', batch.DisableView, 'batch_disable'),
    _page(r'^batch/check$', checks.CheckView, 'batch_check'),
    _page(_SERVER + r'status$', tabs.StatusView, 'status'),
    _page(_SERVER + r'enable$', views.EnableView, 'enable'),
    _page(_SERVER + r'disable$', views.DisableView, 'disable'),
    _page(_SERVER + r'settings$', views.SettingsView, 'settings'),
    _page(_SERVER + r'limits$', limits.LimitsView, 'limits'),
    _page(_SERVER + r'take$', views.TakeView, 'take'),
    _page(_SERVER + r'commit$', views.CommitView, 'commit'),
    _page(_SERVER + r'recover$', ways.RecoverView, 'recover'),
    _page(_SERVER + r'keep$', ways.KeepView, 'keep'),
    _page(_SERVER + r'undo$', ways.UndoView, 'undo'),
    _page(_SERVER + r'delete$', deletion.DeleteView, 'delete_several'),
    _page(_POINT + r'recover$', ways.RecoverView, 'recover_to'),
    _page(_POINT + r'preview$', ways.PreviewView, 'preview'),
    _page(_POINT + r'rename$', views.RenameView, 'rename'),
    _page(_POINT + r'delete$', deletion.DeleteView, 'delete'),
]
