"""The engine: layers of one server's root disk, on libvirt, QEMU and files. It knows no nova.

``docs/engine.md`` in the source tree says what is on disk and what each state of a job means.
"""
