# Two commands do everything, set-up included:  make demo   make test
# As root, or as a user who may use sudo.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON3 := /usr/bin/python3

.PHONY: help demo test test-e2e test-pythons test-releases test-faults test-operations test-live test-installer test-upgrades test-browser test-horizon8 test-mysql test-piuparts test-autopkgtest deb docs bench bench-scale setup testbed-up testbed-down clean

help:
	@echo 'make demo          the main job: a real server snapshotted and recovered through the installed package'
	@echo 'make test          every test, against the real cloud; says how long each part took'
	@echo 'make test-e2e      the end-to-end tests alone: on the testbed, or on the cloud that OS_* and LIGHT_SNAPSHOT_E2E_* name'
	@echo 'make test-browser  Horizon in Chromium, all of it: the story, the keyboard, axe, both languages, both widths (docs/horizon.md)'
	@echo 'make test-horizon8 the tests of our pages on Horizon 8, whose source is in HORIZON_SOURCE (docs/horizon.md)'
	@echo 'make test-pythons  the unit tests of what runs on a node on CPython 2.7, 3.6, 3.8 and 3.11 to 3.13 (ALLOW_MISSING=1)'
	@echo 'make test-releases the own tests of nova, in many releases of it, before the overlay and after it (docs/releases.md)'
	@echo 'make test-faults   processes, disks and power that go at each step of each operation, on a real guest (docs/faults.md)'
	@echo 'make test-installer the installer cut off at every point: killed, without power, without space, and run again'
	@echo 'make test-upgrades apt upgrades, reinstalls, downgrades and purges real nova, libvirt and Horizon under the package (300 MB once)'
	@echo 'make test-mysql    sql/ and the installer on a real MySQL, which Debian unstable has (60 MB, unpacked in .cache/)'
	@echo 'make test-piuparts  piuparts on the package, in a clean Debian 12 and in one with nova and Horizon'
	@echo 'make test-autopkgtest debian/tests in a clean Debian 12, but for the demo, which needs a machine of its own'
	@echo 'make test-operations what nova can do to a server, in each state of light snapshots, on two hosts (docs/operations.md)'
	@echo 'make test-live     the engine on guests that write for ever, or whose QEMU does not answer'
	@echo 'make deb           the package, in dist/'
	@echo 'make docs          docs/policy.sample.yaml and the manual of the openstack commands, out of the code'
	@echo 'make bench         what it costs, as ratios from one run'
	@echo 'make bench-scale   what it costs among 1,000 servers on 20 simulated hosts, against 100 (docs/scale.md)'
	@echo 'make testbed-up    a real OpenStack (Debian 12, Zed) on 127.0.0.1;  make testbed-down stops it'

setup:
	@command -v $(PYTHON3) >/dev/null || { $(SUDO) apt-get update && $(SUDO) apt-get install -y python3; }
	@$(SUDO) $(PYTHON3) -m testbed install

demo: setup
	@$(SUDO) env KEEP="$(KEEP)" $(PYTHON3) -m testbed.demo

test: setup
	@$(SUDO) env CI="$(CI)" $(PYTHON3) -m tests.run

# RELEASES='15.1.5 26' chooses; NOVA_SITE=DIRECTORY PYTHON=INTERPRETER is for a nova that PyPI does not have.
test-releases: setup
	@$(SUDO) env NOVA_SITE="$(NOVA_SITE)" PYTHON="$(PYTHON)" $(PYTHON3) -m tests.releases $(OPTIONS) $(RELEASES)

test-live: setup
	@$(SUDO) $(PYTHON3) -m testbed up
	@$(SUDO) $(PYTHON3) -m tests.environments .venv
	@$(SUDO) .venv/bin/python -m pytest -q -ra -p no:cacheprovider --durations=5 tests/live

test-installer: setup
	@$(SUDO) $(PYTHON3) -m tests.environments .venv .venv27
	@$(MAKE) --no-print-directory -j2 points-on-.venv points-on-.venv27

# Each in one process: the two Pythons go side by side.
points-on-%:
	@$(SUDO) env INSTALLER_POINTS=$(or $(INSTALLER_POINTS),all) $*/bin/python -m pytest -q -ra -p no:cacheprovider tests/installer/test_crashes.py

# The root that it works in is made once and kept: LIGHT_SNAPSHOT_UPGRADES=DIRECTORY.
test-upgrades: setup
	@command -v debootstrap >/dev/null || $(SUDO) apt-get install -y --no-install-recommends debootstrap
	@$(SUDO) $(PYTHON3) -m tests.environments .venv
	@$(SUDO) env LIGHT_SNAPSHOT_UPGRADES="$(LIGHT_SNAPSHOT_UPGRADES)" .venv/bin/python -m pytest -q -ra -x -s -p no:cacheprovider tests/upgrades

# The tests of the columns, which `make test` runs on MariaDB.
test-mysql: setup
	@$(SUDO) $(PYTHON3) -m tests.environments .venv
	@$(SUDO) tools/mysql-server .cache/mysql
	@$(SUDO) env LIGHT_SNAPSHOT_MYSQL=.cache/mysql .venv/bin/python -m pytest -q -ra -p no:cacheprovider \
	    tests/installer/test_schema.py tests/installer/test_online.py tests/installer/test_rights.py

test-piuparts: setup
	@command -v piuparts debootstrap >/dev/null || $(SUDO) apt-get install -y --no-install-recommends debootstrap piuparts
	@$(SUDO) tools/piuparts
	@$(SUDO) tools/piuparts --nova

test-autopkgtest: setup
	@command -v autopkgtest debootstrap >/dev/null || $(SUDO) apt-get install -y --no-install-recommends autopkgtest debootstrap
	@$(SUDO) tools/autopkgtest command nova

# OPTIONS='--operation TEXT' or '--only TEXT' for some cells, --sample for those that `make test` runs, --workers N.
test-faults: setup
	@$(SUDO) $(PYTHON3) -m tests.faults $(OPTIONS)

# OPTIONS='--operation TEXT' or '--state TEXT' for some cells, --sample for a few, --workers N. The second host is brought up and down.
test-operations: setup
	@$(SUDO) $(PYTHON3) -m testbed up
	@$(SUDO) $(PYTHON3) -m tests.operations $(OPTIONS)

test-e2e: setup
	@[ -n "$(OS_AUTH_URL)$(OS_AUTH_TYPE)" ] || $(SUDO) $(PYTHON3) -m testbed up
	@$(SUDO) $(PYTHON3) -m tests.environments .venv .venv27-novaclient
	@$(if $(SUDO),sudo -E) .venv/bin/python -m pytest -q -ra -p no:cacheprovider --durations=5 tests/e2e

test-browser: setup
	@$(SUDO) $(PYTHON3) -m testbed up
	@$(SUDO) $(PYTHON3) -m tests.environments .venv
	@$(SUDO) .venv/bin/python -m pytest -q -ra -p no:cacheprovider --durations=5 tests/browser

# HORIZON_SOURCE=DIRECTORY is a tree of the public source's tag 8.0.1, which PyPI does not have.
test-horizon8: setup
	@$(SUDO) env HORIZON_SOURCE="$(HORIZON_SOURCE)" $(PYTHON3) -m tests.horizon8

test-pythons: setup
	@$(SUDO) env ALLOW_MISSING="$(ALLOW_MISSING)" PYENV_ROOT="$${PYENV_ROOT:-$$HOME/.pyenv}" $(PYTHON3) -m tests.pythons

deb: setup
	@tools/build-deb dist

docs: setup
	@$(SUDO) $(PYTHON3) -m tests.environments .venv
	@$(SUDO) .venv/bin/python tools/policy-sample docs/policy.sample.yaml
	@$(SUDO) .venv/bin/python tools/client-manual debian/light-snapshot-client.1

bench: setup
	@$(SUDO) $(PYTHON3) -m bench

# OPTIONS=--help lists the counts.
bench-scale: setup
	@$(SUDO) $(PYTHON3) -m testbed up
	@$(SUDO) $(PYTHON3) -m bench.scale $(OPTIONS)

testbed-up:
	@$(SUDO) $(PYTHON3) -m testbed up

testbed-down:
	@$(SUDO) $(PYTHON3) -m testbed down

clean:
	rm -rf dist .venv* .pythons .releases .cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf '{}' +
