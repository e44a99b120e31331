"""Rows of a mapping, mirrored to the other side of the face."""

from dataclasses import replace

from . import formula, rig_names, sources
from .mapping import BoneChannel, Channel


def mirrored_channel(channel: Channel | BoneChannel) -> Channel | BoneChannel:
    """The row for the other side of the face; mirrored twice it is the row itself."""
    if isinstance(channel, BoneChannel):
        source = sources.mirrored_source(channel.source)[0]
        replaces = tuple(sources.mirrored_source(name)[0] for name in channel.replaces)
        return replace(channel, source=source, bone=rig_names.mirrored_name(channel.bone), replaces=replaces)
    # A mirror image swaps left and right, and reverses turns about the axes that lie in the mirror plane.
    reversed_axes = {"move": {"left", "x"}, "turn": {"up", "out", "y", "z"}}.get(channel.does, set())
    flipped = replace(channel, source=formula.mirrored_formula(channel.source))
    names = {name: rig_names.mirrored_name(getattr(channel, name)) for name in ("key", "bone", "prop", "mesh", "on")}
    flipped = replace(flipped, **names)
    if channel.axis not in reversed_axes:
        return flipped
    low, high = -channel.maximum, -channel.minimum
    return replace(flipped, gain=-channel.gain, offset=-channel.offset, minimum=low, maximum=high)
