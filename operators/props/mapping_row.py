"""One row of a head's mapping, as the artist edits it."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...fields_blender.rig import sources
from ...fields_blender.rig.mapping import region_of
from ..head import mapping_rows
from ..head.mapping_rows import NO_LIMIT
from ..head.rig_listing import rig
from . import choices


def _sources(row: "FIELDS_MappingRow", _context: bpy.types.Context, text: str) -> list[str]:
    """The channels a row can follow, for the search; in a formula, the last word is completed."""
    if row.kind == "ROTATION":
        return [name for name in sources.ROTATIONS if text.casefold() in name.casefold()]
    start, word = text[: len(text) - len(text.split(" ")[-1])], text.split(" ")[-1].casefold()
    return [start + name for name in sources.NAMES if word in name.casefold()]


def _targets(row: Any, _context: bpy.types.Context, text: str) -> list[str]:
    """The head's own names that contain the text; those without a row come first."""
    names = rig(row.id_data)
    there = {"KEY": names.keys, "PROPERTY": names.properties}.get(row.kind, names.bones)
    used = {other.target for other in row.id_data.fields.rows}
    found = [name for name in there if text.casefold() in name.casefold()]
    return sorted(found, key=lambda name: name in used)


def _edited(row: "FIELDS_MappingRow", _context: bpy.types.Context) -> None:
    """A row set by hand counts as sure, unless its formula is wrong."""
    row.why = mapping_rows.mistake(row) or "set by hand"
    row.confidence = 0.0 if mapping_rows.mistake(row) else 1.0
    row.region = region_of(row.source)


class FIELDS_MappingRow(bpy.types.PropertyGroup):
    """One row of a head's mapping: a source and the target that follows it."""

    source: StringProperty(
        name="Source",
        description="The captured channel it follows, or a formula: jawOpen - mouthClose, 0.5 mouthSmileLeft + "
        "0.5 mouthSmileRight, jawOpen * mouthFunnel, max(eyeBlinkLeft, eyeBlinkRight)",
        search=_sources,
        search_options={"SUGGESTION"},
        update=_edited,
        options=set(),
    )
    kind: EnumProperty(
        name="Kind", description="What follows it", items=choices.ROW_KINDS, update=_edited, options=set()
    )
    target: StringProperty(
        name="Target",
        description="The shape key, bone or property that follows it",
        search=_targets,
        search_options={"SUGGESTION"},
        update=_edited,
        options=set(),
    )
    on: StringProperty(
        name="Only On",
        description="The mesh, bone or object this row is for, where several have a target of that name; empty for all",
        options=set(),
    )
    does: EnumProperty(name="Motion", description="What the bone does", items=choices.ROW_DOES, options=set())
    axis: EnumProperty(
        name="Direction",
        description="Along or about which axis",
        items=choices.ROW_AXES,
        default="UP",
        options=set(),
    )
    unit: EnumProperty(name="Unit", description="How far a value of 1 moves it", items=choices.ROW_UNITS, options=set())
    gain: FloatProperty(
        name="Gain", description="How strongly it follows; negative the other way", default=1.0, step=5, options=set()
    )
    offset: FloatProperty(name="Offset", description="The target's value at rest", step=5, options=set())
    minimum: FloatProperty(
        name="Min", description="It never goes below this; -1000 for no limit", default=-NO_LIMIT, min=-NO_LIMIT, 
        max=NO_LIMIT,
        soft_min=-2.0, soft_max=2.0, step=5, options=set(),
    )  # fmt: skip
    maximum: FloatProperty(
        name="Max", description="It never goes above this; 1000 for no limit", default=NO_LIMIT, min=-NO_LIMIT, 
        max=NO_LIMIT,
        soft_min=-2.0, soft_max=2.0, step=5, options=set(),
    )  # fmt: skip
    mute: BoolProperty(name="Mute", description="Leave this row out, and its target to you", options=set())
    region: StringProperty(options={"HIDDEN"})
    confidence: FloatProperty(
        name="Confidence",
        description="How sure the automatic match is: 1 the same name, 0 no such name on this head",
        options={"HIDDEN"},
    )
    why: StringProperty(name="Why", description="How this row was found", options={"HIDDEN"})
    # Not shown in the list, as JSON: the response curve and, for a bone's rotation, the shape keys it replaces.
    more: StringProperty(options={"HIDDEN"})
