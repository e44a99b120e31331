"""Meshes as arrays: alignment, warps, surfaces, sparse solves.

May import core.
"""
