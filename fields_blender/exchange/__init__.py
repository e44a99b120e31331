"""Recordings of other tools, in and out: Live Link Face, ARKit, Audio2Face, phones, FLAME.

May import core, shape and flame.
"""
