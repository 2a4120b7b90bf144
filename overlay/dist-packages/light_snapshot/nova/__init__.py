"""The glue between nova and the engine: API, RPC, state in the database, hooks.

Modules here say ``from __future__ import absolute_import``: `nova` is OpenStack's, also on Python 2.
"""
