"""light-snapshot: fast external disk snapshots for the servers of an existing OpenStack."""
