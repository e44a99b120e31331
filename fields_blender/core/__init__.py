"""Names, units and arrays that everything is made of: Track, Curves, rotations, regions, safe file readers.

Imports no other room.
"""
