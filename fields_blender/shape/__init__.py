"""Track -> Track: despiking, calibration, smoothing, gaps, emotion, the artist's adjustments.

May import core and capture.
"""
