"""A real OpenStack Zed from Debian 12's packages on 127.0.0.1, for the demo, the tests and the benchmarks.

Run from the repository's root: ``python3 -m testbed install|up|status|down|reset``.  See README.md beside this file.
"""
