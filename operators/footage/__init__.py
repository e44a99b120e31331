"""The sequencer's strips read into a Clip, and the job that has the networks read it.

May import common.
"""
