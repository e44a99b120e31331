"""A row of a mapping for the other side of the face."""

from dataclasses import replace

from . import formula, rig_names, sources
from .mapping import BoneChannel, Channel


def mirrored_channel(channel: Channel | BoneChannel) -> Channel | BoneChannel:
    """The row for the other side of the face; twice is the row itself."""
    if isinstance(channel, BoneChannel):
        source = sources.mirrored_source(channel.source)[0]
        rests = tuple(sources.mirrored_source(name)[0] for name in channel.replaces)
        return replace(channel, source=source, bone=rig_names.mirrored_name(channel.bone), replaces=rests)
    # In a mirror left is right, and turns about the axes that lie in it go the other way.
    odd = {"move": {"left", "x"}, "turn": {"up", "out", "y", "z"}}.get(channel.does, set())
    flipped = replace(channel, source=formula.mirrored_formula(channel.source))
    names = {name: rig_names.mirrored_name(getattr(channel, name)) for name in ("key", "bone", "prop", "mesh", "on")}
    flipped = replace(flipped, **names)
    if channel.axis not in odd:
        return flipped
    low, high = -channel.maximum, -channel.minimum
    return replace(flipped, gain=-channel.gain, offset=-channel.offset, minimum=low, maximum=high)
