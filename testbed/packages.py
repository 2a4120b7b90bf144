"""The Debian packages that `install` installs: one list for each purpose."""

# OpenStack Zed and what it stands on.
STACK = """
    mariadb-server rabbitmq-server memcached apache2
    keystone glance placement-api neutron-server
    nova-api nova-conductor nova-scheduler nova-compute nova-consoleproxy
    openstack-dashboard openstack-dashboard-apache
    python3-openstackclient python3-openstacksdk python3-novaclient python3-keystoneauth1 python3-pymysql
    libvirt-daemon-system libvirt-clients python3-libvirt qemu-system-x86 qemu-utils
    iproute2 openssh-client procps sudo
""".split()

# The guest: its kernel, its programs, and what builds its image.
GUEST = """
    linux-image-cloud-amd64 busybox-static qemu-guest-agent
    cpio kmod e2fsprogs
""".split()

# Building and checking the project's own Debian package.
BUILD = """
    build-essential debhelper dh-python fakeroot lintian python3-all python3-setuptools shellcheck
""".split()

# The project's tests, and the browser that the Horizon tests and the demo drive.
TESTS = """
    apparmor chromium faketime fonts-noto-cjk gettext locales python3-debian python3-dev python3-pytest python3-venv tmux
""".split()

# What libvirt's Python binding for Python 2.7 is built with (tools/libvirt-python27).
BINDING = """
    build-essential libvirt-dev pkg-config
""".split()

# Volumes and interfaces for servers: `testbed.devices` installs them, and nothing else needs them.
DEVICES = """
    cinder-api cinder-scheduler cinder-volume neutron-linuxbridge-agent
""".split()

ALL = sorted(set(STACK + GUEST + BUILD + TESTS + BINDING))
