# testbed
ALLOWED_HOSTS = ['*']
OPENSTACK_HOST = '$ip'
OPENSTACK_KEYSTONE_URL = 'http://$ip:5000/v3'
OPENSTACK_KEYSTONE_DEFAULT_ROLE = 'member'
OPENSTACK_KEYSTONE_DEFAULT_DOMAIN = 'Default'
SESSION_ENGINE = 'django.contrib.sessions.backends.signed_cookies'
CACHES = {'default': {'BACKEND': 'django.core.cache.backends.memcached.PyMemcacheCache', 'LOCATION': '$ip:11211'}}
