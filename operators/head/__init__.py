"""The artist's head: its objects, axes and sizes, and its mapping.

May import common.
"""
