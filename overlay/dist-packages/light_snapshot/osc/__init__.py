"""Commands for the openstack command line: `openstack server light snapshot ...`.

They use cliff and the session that the client has opened, and nothing else of
it: those two are the same from the Liberty client on.
"""
