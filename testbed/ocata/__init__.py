"""A second cloud beside the testbed's Zed: nova 15.1.5 (Ocata) on Python 2.7, with a real nova-compute.

Run from the repository's root: ``python3 -m testbed.ocata install|up|package|status|down|reset``.  See README.md.
"""
