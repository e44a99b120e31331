"""Scene.fields: what to capture onto which head."""

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, PointerProperty, StringProperty

from ..footage import picked_strip
from . import on_change
from .actor import FIELDS_Actor


def _is_head(_settings, candidate: bpy.types.Object) -> bool:
    return candidate.type in {"MESH", "ARMATURE", "EMPTY"}


class FIELDS_SceneSettings(bpy.types.PropertyGroup):
    """Scene.fields: what to capture onto which head."""

    footage: EnumProperty(
        name="Footage",
        description="The strip to capture, of any scene of this file",
        items=picked_strip.items,
        get=picked_strip.number,
        set=picked_strip.choose,
        options=set(),
    )
    # What `footage` reads and writes (picked_strip.py). The scene only where it is another than this one.
    footage_scene: PointerProperty(type=bpy.types.Scene, options={"HIDDEN"})
    footage_mark: StringProperty(options={"HIDDEN"})
    footage_name: StringProperty(options={"HIDDEN"})
    head: PointerProperty(
        name="Head",
        description="The head to animate: its face mesh, its armature, or any other part of it. "
        "With none chosen, the head that the active object is a part of",
        type=bpy.types.Object,
        poll=_is_head,
        options=set(),
    )
    face: EnumProperty(
        name="Face",
        description="Which face to follow if there are several",
        items=[
            ("LARGEST", "Largest", "The face that fills most of the picture"),
            ("FIRST", "First Found", "The face that is found first, for as long as it is in the picture"),
        ],
        options=set(),
    )
    actors: CollectionProperty(name="Actors", description="The people whose face at rest is known", type=FIELDS_Actor)
    actor: StringProperty(
        name="Actor",
        description="Who is in the footage: expressions are read relative to their face at rest. "
        "With nobody named, the quietest frames of each clip are taken for it",
        options=set(),
    )
    takes_in: EnumProperty(
        name="Keep Takes",
        description="Where new takes are stored",
        items=[
            ("BLEND", "In This File", "Takes travel with the .blend: about 0.7 MB for a minute"),
            ("BESIDE", "In Files Beside It", "Each take is a .npz file in the folder fields_tracks beside the .blend"),
        ],
        options=set(),
    )
    range: EnumProperty(
        name="Range",
        description="Which part of the strips to capture",
        items=[
            ("STRIP", "Whole Strip", "All of the strip that plays"),
            ("SCENE", "Scene Range", "Only what lies between the scene's start and end frame"),
            ("PREVIEW", "Preview Range", "Only what lies within the timeline's preview range"),
        ],
        options=set(),
    )
    # Which strips the reference view shows, and what they were like then, as JSON; empty where there is none.
    reference: StringProperty(options={"HIDDEN"})
    reference_outdated: BoolProperty(options={"HIDDEN"})
    show_landmarks: BoolProperty(
        name="Landmarks", description="Draw what FIELDS sees of the face over the reference view", options=set()
    )
    show_corrections: BoolProperty(
        name="Markers",
        description="Show the corrected frames of the chosen take as markers in the timeline",
        default=True,
        options=set(),
        update=on_change.shown_in_timeline,
    )
    flame_model: StringProperty(
        name="FLAME Model",
        description="Your own FLAME model file (.pkl or .npz, any release), which defines what FLAME coefficients "
        "mean. Needed to import and export them, unless the head is a FLAME head with expression shape keys",
        subtype="FILE_PATH",
        options=set(),
    )
