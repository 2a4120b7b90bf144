"""Horizon's own test settings, with our enabled file loaded as on a node."""

import os
import sys
import tempfile

from openstack_dashboard import enabled

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLUGIN = os.path.join(ROOT, 'overlay', 'openstack-dashboard')

if PLUGIN not in sys.path:
    sys.path.insert(0, PLUGIN)
_ENABLED = os.path.join(PLUGIN, 'openstack_dashboard', 'local', 'enabled')
if _ENABLED not in enabled.__path__:
    enabled.__path__.append(_ENABLED)

from openstack_dashboard.test.settings import *  # noqa: E402,F401,F403

COMPRESS_ENABLED = False
SECRET_KEY = 'for tests only'
TIME_ZONE = 'UTC'
STATIC_ROOT = os.path.join(tempfile.gettempdir(), 'light-snapshot-dashboard-static')
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}
