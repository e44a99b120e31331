"""Which strip of which scene the artist picked as the footage, found again whatever it is called by now.

A property can't point to a strip. So a picked strip carries a mark, which is a custom property of it, and the scene
keeps the mark and the name. A copy of a strip carries its mark too; the name tells them apart.
"""

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import bpy

from ..common.enum_items import keep
from ..common.wording import say_in_panel
from .strip_api import TEMPORARY, all_strips, strips_of

MARK = "fields_footage"  # the custom property
WITH_PICTURES = {"MOVIE", "IMAGE", "META", "MOVIECLIP", "SCENE"}
SELECTED, GONE = "SELECTED", "GONE"  # choices that stand for no strip of the list
_ICONS = {
    "MOVIE": "FILE_MOVIE",
    "IMAGE": "FILE_IMAGE",
    "META": "SEQ_STRIP_META",
    "MOVIECLIP": "TRACKER",
    "SCENE": "SCENE_DATA",
}

EnumItem = tuple[str, str, str, str, int]


class Placed(NamedTuple):
    """A strip, and the scene whose sequencer it is in."""

    scene: Any
    strip: Any


def everywhere() -> Iterator[Placed]:
    """The strips with pictures of all scenes; those inside a meta strip come with it."""
    for scene in _edited_scenes():
        for strip in strips_of(scene.sequence_editor):
            if strip.type in WITH_PICTURES:
                yield Placed(scene, strip)


def mark(strip: Any) -> str:
    """The mark of a strip, which gets one if it has none. Empty for strips of linked scenes, which keep none."""
    there = _mark_of(strip)
    if there or strip.id_data.library is not None:
        return there
    strip[MARK] = uuid.uuid4().hex[:12]
    return _mark_of(strip)


def found(marked: str, name: str, home: Any = None) -> Placed | None:
    """The strip with that mark; of several (copies) the one of that name, and the one in the scene `home`.

    Without a mark, the strip of that name in `home`. None where it is gone.
    """
    scenes = sorted(_edited_scenes(), key=lambda scene: scene != home)
    strips = [Placed(scene, strip) for scene in scenes for strip in all_strips(scene.sequence_editor)]
    named = [placed for placed in strips if placed.strip.name == name]
    marked_ones = [placed for placed in strips if marked and _mark_of(placed.strip) == marked]
    if marked_ones:
        return next((placed for placed in named if placed in marked_ones), marked_ones[0])
    return next((p for p in named if p.scene == home and p.strip.type in WITH_PICTURES), None)


def pick(settings: Any, placed: Placed | None) -> None:
    """Make a strip the footage of the scene whose `Scene.fields` these are; None: what the Sequencer has selected."""
    # A scene without a pointer to itself stays itself when it is copied.
    own = placed is None or placed.scene == settings.id_data
    settings.footage_scene = None if own else placed.scene
    settings.footage_mark = mark(placed.strip) if placed else ""
    settings.footage_name = placed.strip.name if placed else ""


def is_picked(settings: Any) -> bool:
    """Is a strip picked, whether it is still there or not?"""
    return bool(settings.footage_name)


def picked(settings: Any) -> Placed | None:
    """The strip that is picked; None where none is, or where it is gone."""
    if not is_picked(settings):
        return None
    return found(settings.footage_mark, settings.footage_name, settings.footage_scene or settings.id_data)


# -------------------------------------------------------------------------------------------- as choices of a property


def items(settings: Any, _context: bpy.types.Context | None) -> list[EnumItem]:
    """The choices of `Scene.fields.footage`: numbered in the order of `_choices`."""
    # In the language of panels: Blender itself translates no choice that is made while it asks.
    made: list[EnumItem] = [
        (
            SELECTED,
            say_in_panel("Selected Strips"),
            say_in_panel("What is selected in the Sequencer, or else the only video there is"),
            "RESTRICT_SELECT_OFF",
            0,
        )
    ]
    choices = _choices(settings)
    names = [placed.strip.name for placed in choices]
    for number, (scene, strip) in enumerate(choices, 1):
        name = strip.name
        if names.count(name) > 1 or name in (SELECTED, GONE):
            name = f"{name} ({scene.name})"
        where = say_in_panel("A strip in the scene “{scene}”", scene=scene.name)
        made.append((name, name, where, _ICONS.get(strip.type, "SEQUENCE"), number))
    if is_picked(settings) and picked(settings) is None:
        name = settings.footage_name
        where = say_in_panel("This strip was deleted. Undo that, or choose another")
        made.append((GONE, say_in_panel("{name} (gone)", name=name), where, "ERROR", len(made)))
    return keep("footage", made)


def number(settings: Any) -> int:
    """The number of the choice that is made."""
    if not is_picked(settings):
        return 0
    placed, choices = picked(settings), _choices(settings)
    return 1 + (choices.index(placed) if placed else len(choices))


def choose(settings: Any, chosen: int) -> None:
    """Make the choice of that number. The one that is gone can't be chosen anew."""
    choices = _choices(settings)
    if chosen <= len(choices):
        pick(settings, choices[chosen - 1] if chosen else None)


def _choices(settings: Any) -> list[Placed]:
    choices, placed = list(everywhere()), picked(settings)
    return choices if placed is None or placed in choices else [*choices, placed]


def _edited_scenes() -> list[Any]:
    return [scene for scene in bpy.data.scenes if scene.sequence_editor and not scene.name.startswith(TEMPORARY)]


def _mark_of(strip: Any) -> str:
    """Any text at all may stand there, or something else: files travel."""
    there = strip.get(MARK)
    return there if isinstance(there, str) else ""
