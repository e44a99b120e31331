"""FLAME's expression basis, model files and heads.

May import core, geometry and rig.
"""
