"""What follows what on an artist's head: formulas, mappings, matching, retargeting, key reduction.

May import core and geometry.
"""
