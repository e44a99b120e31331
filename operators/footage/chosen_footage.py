"""Reading the scene: its rate, the strips and the range the artist chose, and the Clip they make.

Blender's frames are known here, in strips.py, sequencer_render.py and keys.py; everywhere else time is in seconds.
"""

from collections.abc import Generator, Sequence
from typing import Any

from ...fields_blender.capture.clip import Clip
from ..common.wording import say
from .strip_api import strips_of
from .strips import READABLE, Probe, probe_here, read_strips


def sequencer_scene(context: Any) -> Any:
    """The scene whose strips the sequencer shows: since Blender 5.0 it may be another than the window's."""
    return getattr(context, "sequencer_scene", None) or context.scene


def limits(context: Any) -> tuple[int, int] | None:
    """First and last scene frame that the artist wants captured; None: all that the strips show."""
    scene, choice = sequencer_scene(context), context.scene.fields.range
    if choice == "SCENE":
        return scene.frame_start, scene.frame_end
    if choice == "PREVIEW" and scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    return None


def chosen_strips(context: Any) -> list[Any]:
    """The selected strips, or else the active one; the active one first. Works in every editor.

    Only of the level that the sequencer shows (an open meta strip, or the top), and without the sounds that are
    selected together with their videos.
    """
    editor = sequencer_scene(context).sequence_editor
    if editor is None:
        return []
    level = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    active = editor.active_strip
    chosen = [strip for strip in strips_of(level) if strip.select] or ([active] if active else [])
    chosen.sort(key=lambda strip: strip != active)
    return [strip for strip in chosen if strip.type in READABLE] or chosen


def missing(context: Any) -> str:
    """What to do first where no strip is chosen; empty where one is."""
    if chosen_strips(context):
        return ""
    return say("Select a movie or image strip in the Sequencer; add one with Add > Movie there")


def clip(
    context: Any, strips: Sequence[Any], limits: tuple[int, int] | None = None, ask: Probe | None = None
) -> Generator[tuple[float, str] | None, None, Clip]:
    """`read_strips` of the sequencer's scene, for a job: yields (share done, words for the artist), and what
    `ask` yields.
    """
    reading = read_strips(sequencer_scene(context), strips, limits, ask or probe_here)
    while True:
        try:
            rendered = next(reading)
        except StopIteration as end:
            return end.value
        if rendered is None:
            yield None
            continue
        done, total = rendered
        yield done / total, say("Rendering the strip: {done} of {total} frames", done=done, total=total)
