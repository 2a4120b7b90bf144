"""Commands for the nova command line: `nova light-snapshot SERVER` and the like.

They use the requests and the look-up of servers that novaclient has, and nothing else of it: those are the same from
2.30, Liberty's, to the last release that has a command line.
"""
