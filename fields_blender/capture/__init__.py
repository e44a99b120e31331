"""From footage to a raw Track: clip, video, face, head pose, the networks, the process they run in.

May import core.
"""
