"""What a head stores of a take. The performance itself lies in a datablock of its own, or in a file (takes.py)."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..takes import asked_files, takes
from . import on_change
from .correction import FIELDS_Correction


def _problem(take: "FIELDS_Take") -> str:
    return takes.problem(take)


def _outside(take: "FIELDS_Take") -> bool:
    return not asked_files.may_touch(take.file)


def _named(take: "FIELDS_Take", _context: bpy.types.Context) -> None:
    asked_files.note(take.file)


class FIELDS_Take(bpy.types.PropertyGroup):
    """One take: what the list shows, and where its performance is."""

    name: StringProperty(name="Name", description="What this take is called")
    data: PointerProperty(name="Data", description="The performance, kept in this .blend", type=bpy.types.Text)
    file: StringProperty(
        name="File",
        description="The file with the performance, where it is not kept in the .blend",
        subtype="FILE_PATH",
        # From 4.5 on Blender wants to be told that a path may begin with "//".
        options={"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set(),
        update=_named,
    )
    # Length and checksum of the performance's bytes: identifies them, and shows whether they are intact.
    key: StringProperty(options={"HIDDEN"})
    strip: StringProperty(name="Strip", description="What was captured")
    start: FloatProperty(
        name="Start",
        description="When it begins on the timeline",
        subtype="TIME",
        unit="TIME_ABSOLUTE",
    )
    end: FloatProperty(
        name="End",
        description="When it ends on the timeline",
        subtype="TIME",
        unit="TIME_ABSOLUTE",
    )
    frames: IntProperty(name="Frames", description="How many frames of the footage it has")
    coverage: FloatProperty(
        name="Coverage",
        description="Share of the frames with a face",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
    )
    model: StringProperty(name="Model", description="The network that read the face")
    report: StringProperty(name="Report", description="What the last capture or bake of it did")
    date: StringProperty(name="Date", description="When it was captured")
    no_neutral: BoolProperty(
        name="No Neutral Face",
        description="Whether the clip seems to have no neutral face, which the expressions could be read relative to",
    )
    corrections: CollectionProperty(
        name="Corrections", description="What you corrected in this take, in the order of time", type=FIELDS_Correction
    )
    correction_index: IntProperty(
        name="Correction", description="The one that is shown below the list", min=0, options=set()
    )
    # Who it is of: corrections of this actor's other takes are used here.
    actor: StringProperty(
        name="Actor",
        description="Who is in this take: what the actor was taught by corrections of other takes is used here too",
        options=set(),
        update=on_change.changed,
    )
    actor_strength: FloatProperty(
        name="From Actor",
        description="How much of what the actor was taught is used: 0 nothing, 1 as it was taught",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=1.0,
        options=set(),
        update=on_change.changed,
    )
    # The sha256 of the encoder that its appearance codes come from.
    encoder: StringProperty(options={"HIDDEN"})
    problem: StringProperty(
        name="Problem", description="Why this take can't be used; nothing where it can", get=_problem
    )
    outside: BoolProperty(
        name="Outside",
        description="Whether its file lies outside of this .blend's folder, and was not asked for yet",
        get=_outside,
    )
