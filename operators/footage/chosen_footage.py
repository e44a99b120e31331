"""Reading the scene: its rate, the strips and the range the artist chose, and the Clip they make.

Blender's frames are known here, in strips.py, sequencer_render.py and keys.py; everywhere else time is in seconds.
"""

from collections.abc import Generator
from typing import Any, NamedTuple

from ...fields_blender.capture.clip import Clip
from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.timeline import to_seconds
from ..common.timeline import rate
from ..common.wording import say, told
from . import picked_strip
from .strip_api import strips_of
from .strip_kinds import READABLE
from .strips import Probe, probe_here, read_strips


class Footage(NamedTuple):
    """What is to be read: strips of one scene. The first is the one that the artist clicked last."""

    scene: Any
    strips: list[Any]

    @property
    def name(self) -> str:
        """What a take of it is called: after its strips."""
        names = [strip.name for strip in self.strips]
        if len(names) > 3:
            return say("{first} and {count} more", first=names[0], count=len(names) - 1)
        return " + ".join(names)


def sequencer_scene(context: Any) -> Any:
    """The scene whose strips the sequencer shows: since Blender 5.0 it may be another than the window's."""
    return getattr(context, "sequencer_scene", None) or context.scene


def chosen(context: Any, selected: bool = False) -> Footage:
    """The strip picked under Footage; where none is picked, or with `selected`, the strips selected in the Sequencer,
    else the active one, else the only video in the Sequencer, else the only one in the file. Works in every editor.

    Without strips where there is none of these.
    """
    settings, shown = context.scene.fields, sequencer_scene(context)
    if picked_strip.is_picked(settings) and not selected:
        placed = picked_strip.picked(settings)
        return Footage(placed.scene, [placed.strip]) if placed else Footage(shown, [])
    there = _selected(shown)
    if any(strip.type in READABLE for strip in there):
        return Footage(shown, there)
    videos = [placed for placed in picked_strip.everywhere() if placed.strip.type == "MOVIE"]
    for within in ([placed for placed in videos if placed.scene == shown], videos):
        if len(within) == 1:
            return Footage(within[0].scene, [within[0].strip])
    return Footage(shown, there)


def _selected(scene: Any) -> list[Any]:
    """The selected strips, or else the active one; the active one first.

    Only of the level that the sequencer shows (an open meta strip, or the top), and without the sounds that are
    selected together with their videos.
    """
    editor = scene.sequence_editor
    if editor is None:
        return []
    level = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    active = editor.active_strip
    there = [strip for strip in strips_of(level) if strip.select] or ([active] if active else [])
    there.sort(key=lambda strip: strip != active)
    return [strip for strip in there if strip.type in READABLE] or there


def required(context: Any, selected: bool = False) -> Footage:
    """`chosen`, with at least one strip. Raises FieldsError, which says what to do first, where there is none."""
    footage, settings = chosen(context, selected), context.scene.fields
    if footage.strips:
        return footage
    if picked_strip.is_picked(settings) and not selected:
        raise FieldsError(
            "The strip “{name}” was deleted. Undo that, or choose another under Footage.", name=settings.footage_name
        )
    raise FieldsError("No strip is chosen. Open a video first, or choose a strip under Footage.")


def missing(context: Any, selected: bool = False) -> str:
    """What to do first where no strip is chosen, for a tooltip; empty where one is."""
    try:
        required(context, selected)
    except FieldsError as error:
        return told(error).removesuffix(".")
    return ""


def limits(context: Any, scene: Any) -> tuple[int, int] | None:
    """First and last frame of the footage's `scene` that the artist wants captured; None: all that the strips show."""
    choice = context.scene.fields.range
    if choice == "SCENE":
        return scene.frame_start, scene.frame_end
    if choice == "PREVIEW" and scene.use_preview_range:
        return scene.frame_preview_start, scene.frame_preview_end
    return None


def playhead(context: Any, scene: Any) -> int:
    """The frame of the footage's `scene` at which the artist is: at the same second, where another scene is shown."""
    if scene in (sequencer_scene(context), context.scene):
        return scene.frame_current
    here = context.scene
    return round(to_seconds(here.frame_current, rate(here)) * rate(scene))


def clip(
    footage: Footage, limits: tuple[int, int] | None = None, ask: Probe | None = None
) -> Generator[tuple[float, str] | None, None, Clip]:
    """`read_strips` of the footage, for a job: yields (share done, words for the artist), and what `ask` yields."""
    reading = read_strips(footage.scene, footage.strips, limits, ask or probe_here)
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


# ----------------------------------------------------------------------------------- the footage of a take, found again


def described(footage: Footage) -> dict[str, Any]:
    """What a Track's source says of its footage, so that `of_take` finds it. Marks the strips."""
    return {"footage": [{"name": strip.name, "mark": picked_strip.mark(strip)} for strip in footage.strips]}


def of_take(source: dict[str, Any]) -> Footage | None:
    """The strips that a Track with this source was captured from, whatever they are called by now.

    None where it does not say: imported takes, and takes of older versions. Raises FieldsError where a strip is gone.
    """
    try:
        wanted = [(str(strip["mark"]), str(strip["name"])) for strip in source.get("footage", ())]
    except (KeyError, TypeError):  # files travel, so they may hold anything
        return None
    placed = []
    for mark, name in wanted:
        strip = picked_strip.found(mark, name)
        if strip is None:
            raise FieldsError(
                "The strip “{name}”, from which this take was captured, was deleted. Undo that, or press Capture for a "
                "new take of another strip.",
                name=name,
            )
        placed.append(strip)
    here = [strip for scene, strip in placed if scene == placed[0].scene]
    return Footage(placed[0].scene, here) if placed else None
