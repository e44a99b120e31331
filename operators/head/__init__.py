"""The artist's head: its meshes, bones and measures, and what follows what on it.

May import common.
"""
