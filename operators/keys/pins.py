"""Corrected frames as markers of the scene, which every editor with a timeline shows."""

from typing import Any

import bpy

from ...fields_blender.core.timeline import nearest_frame
from ..common import timeline
from ..takes import takes

# What the names of our markers begin with: of a correction, of a muted one.
PIN, MUTED = "◆ ", "◇ "
# Letters of a name that a timeline has room for.
LONGEST = 24


def show(scene: bpy.types.Scene, head: bpy.types.Object) -> None:
    """Have the scene's markers show the corrections of the head's chosen take; the artist's own markers stay."""
    wanted = _wanted(scene, head) if scene.fields.show_corrections else {}
    markers: Any = scene.timeline_markers
    there = [marker for marker in markers if marker.name.startswith((PIN, MUTED))]
    if [(marker.frame, marker.name) for marker in there] == list(wanted.items()):
        return
    for marker in there:
        markers.remove(marker)
    for frame, name in wanted.items():
        markers.new(name, frame=frame)


def _wanted(scene: bpy.types.Scene, head: bpy.types.Object) -> dict[int, str]:
    """Frame -> name of a marker, in order."""
    take, rate = takes.active(head), timeline.rate(scene)
    if take is None or head.fields.track:
        return {}
    found: dict[int, str] = {}
    for item in take.corrections:
        frame = nearest_frame(item.time, rate)
        if not item.seen and not (frame in found and item.mute):
            found[frame] = (MUTED if item.mute else PIN) + item.name[:LONGEST]
    return dict(sorted(found.items()))
