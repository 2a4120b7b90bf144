# Two commands do everything, set-up included:  make demo   make test
# As root, or as a user who may use sudo.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
PYTHON := /usr/bin/python3

.PHONY: help demo test test-e2e test-pythons deb bench setup testbed-up testbed-down clean

help:
	@echo 'make demo          the main job: a real server snapshotted and recovered through the installed package'
	@echo 'make test          every test, against the real cloud; says how long each part took'
	@echo 'make test-e2e      the end-to-end tests alone: on the testbed, or on the cloud that OS_* and LIGHT_SNAPSHOT_E2E_* name'
	@echo 'make test-pythons  the unit tests of what runs on a node on CPython 2.7, 3.6, 3.8 and 3.11 to 3.13 (ALLOW_MISSING=1)'
	@echo 'make deb           the package, in dist/'
	@echo 'make bench         what it costs, as ratios from one run'
	@echo 'make testbed-up    a real OpenStack (Debian 12, Zed) on 127.0.0.1;  make testbed-down stops it'

setup:
	@command -v $(PYTHON) >/dev/null || { $(SUDO) apt-get update && $(SUDO) apt-get install -y python3; }
	@$(SUDO) $(PYTHON) -m testbed install

demo: setup
	@$(SUDO) env KEEP="$(KEEP)" $(PYTHON) -m testbed.demo

test: setup
	@$(SUDO) env CI="$(CI)" $(PYTHON) -m tests.run

test-e2e: setup
	@[ -n "$(OS_AUTH_URL)$(OS_AUTH_TYPE)" ] || $(SUDO) $(PYTHON) -m testbed up
	@$(if $(SUDO),sudo -E) $(PYTHON) -m pytest -q -ra -p no:cacheprovider --durations=5 tests/e2e

test-pythons: setup
	@$(SUDO) env ALLOW_MISSING="$(ALLOW_MISSING)" PYENV_ROOT="$${PYENV_ROOT:-$$HOME/.pyenv}" $(PYTHON) -m tests.pythons

deb: setup
	@tools/build-deb dist

bench: setup
	@$(SUDO) $(PYTHON) -m bench

testbed-up:
	@$(SUDO) $(PYTHON) -m testbed up

testbed-down:
	@$(SUDO) $(PYTHON) -m testbed down

clean:
	rm -rf dist .venv* .pythons .cache .pytest_cache
	find . -name __pycache__ -prune -exec rm -rf '{}' +
