"""Kinds of strips: those that show pictures, and of what."""

from collections.abc import Sequence
from typing import Any

from .strip_api import left, right, strips_of

SOURCES = {"MOVIE", "IMAGE", "META", "MOVIECLIP", "SCENE", "SPEED", "TRANSFORM"}
# Effects that show other strips: rendered where they are chosen without what they show.
EFFECTS = set(
    "ADD ALPHA_OVER ALPHA_UNDER COLORMIX CROSS GAMMA_CROSS GAUSSIAN_BLUR GLOW MULTICAM MULTIPLY OVER_DROP SUBTRACT "
    "WIPE".split()
)
READABLE = SOURCES | EFFECTS | {"ADJUSTMENT"}


def readable_of(editor: Any, strips: Sequence[Any]) -> list[Any]:
    """Those of `strips` that show pictures: sources rather than effects; what lies below an adjustment layer."""
    for types in (SOURCES, EFFECTS):
        if found := [strip for strip in strips if strip.type in types]:
            return found
    layers = [strip for strip in strips if strip.type == "ADJUSTMENT"]
    level = layers[0].parent_meta() if layers else None
    below = [strip for strip in strips_of(level or editor) if strip.type in SOURCES] if layers else []
    return [strip for strip in below if any(_covers(layer, strip) for layer in layers)]


def _covers(layer: Any, strip: Any) -> bool:
    """Does a layer lie over a strip, in channels and at some time?"""
    return strip.channel < layer.channel and left(strip) < right(layer) and left(layer) < right(strip)


def has_no_length(strip: Any) -> bool:
    """Is this a video whose file does not say how long it is, as browsers record them? Blender takes it for one frame
    and for black; it is read from its start to its end.
    """
    return strip.type == "MOVIE" and not strip.fps > 0.0
