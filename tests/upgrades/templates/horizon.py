# tests of upgrades
ALLOWED_HOSTS = ['*']
OPENSTACK_KEYSTONE_URL = 'http://127.0.0.1:5000/v3'
SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'
