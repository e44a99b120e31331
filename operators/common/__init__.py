"""What all rooms share: wording, preferences, devices, the frame rate, shape keys from arrays, long jobs.

May import fields_blender only.
"""
