"""Runs the real installer on a directory that stands for a node: python on_node.py TREE ROOT VERB ...

TREE is this project, ROOT the node's `/`. The Python is the one that runs nova there: syntax checks and compiled files
are for it.
"""
import os
import sys

tree, root = sys.argv[1:3]
sys.path[0] = os.path.join(tree, 'installer')

from light_snapshot_installer import cli, paths  # noqa: E402

sys.exit(cli.main(sys.argv[3:], root=paths.Root(root), share=tree))
