"""The sequencer's strips read into a Clip.

May import common.
"""
