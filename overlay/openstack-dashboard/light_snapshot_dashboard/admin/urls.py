"""Addresses under /admin/light_snapshots/."""

from light_snapshot_dashboard.admin import daily
from light_snapshot_dashboard.admin import everything
from light_snapshot_dashboard.admin import overview
from light_snapshot_dashboard.compat import re_path

urlpatterns = [
    re_path(r'^$', overview.IndexView.as_view(), name='index'),
    re_path(r'^attention$', overview.AttentionView.as_view(), name='attention'),
    re_path(r'^daily$', daily.DailyView.as_view(), name='daily'),
    re_path(r'^take_all$', everything.TakeAllView.as_view(), name='take_all'),
]
