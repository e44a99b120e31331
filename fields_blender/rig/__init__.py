"""An artist's head and what follows the performance on it: formulas, mappings, matching, retargeting, added shapes,
key reduction.

May import core and geometry.
"""
