"""Object.fields: how a head is keyed, and with what. No bulk data: performances lie in takes."""

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    FloatVectorProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...fields_blender.core.names import UNCERTAINTY
from ..takes import asked_files
from . import choices, on_change, shape_settings
from .added_emotion import FIELDS_AddedEmotion
from .bake_settings import bake_settings
from .choices import SHOWN_EMOTIONS
from .mapping_row import FIELDS_MappingRow
from .take import FIELDS_Take


class FIELDS_HeadSettings(bpy.types.PropertyGroup):
    """Object.fields: how this head is keyed, and with what."""

    takes: CollectionProperty(
        name="Takes",
        description="The captured performances of this head",
        type=FIELDS_Take,
    )
    added: CollectionProperty(
        name="Added Emotions", description="Emotions that were not performed", type=FIELDS_AddedEmotion
    )
    added_index: IntProperty(name="Added Emotion", description="The one that is shown below the list", options=set())
    take_index: IntProperty(
        name="Take",
        description="The take that Bake Keys writes and the sliders shape",
        min=0,
        options=set(),
    )
    track: StringProperty(
        name="Track",
        description="A file to play instead of the chosen take, for scripts",
        subtype="FILE_PATH",
        update=lambda settings, _context: asked_files.note(settings.track),
        # From 4.5 on Blender wants to be told that a path may begin with "//".
        options={"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set(),
    )
    emotion_intensity: FloatProperty(
        name="Emotion Intensity",
        description="How strongly this head shows the performance's emotion: 0 not at all, 1 as captured, 2 twice as "
        "strongly. The words stay. Writes the keys anew while it is dragged; when it is animated, Bake Keys does",
        subtype="FACTOR",
        min=0.0,
        max=2.0,
        default=1.0,
        update=on_change.changed,
    )
    emotion_balance: FloatVectorProperty(
        name="By Emotion",
        description="How strongly each emotion is shown where the performance shows it, times Emotion Intensity",
        size=len(SHOWN_EMOTIONS),
        subtype="NONE",
        min=0.0,
        max=2.0,
        default=(1.0,) * len(SHOWN_EMOTIONS),
        update=on_change.changed,
    )
    shape: PointerProperty(
        name="Shape",
        description="How the performance is calibrated, cleaned and shaped",
        type=shape_settings.FIELDS_ShapeSettings,
    )
    confidence: FloatProperty(
        name="Confidence",
        description="How sure FIELDS is of the frame: 1 fully, 0 without a face. Shown as a curve in the Graph "
        "Editor; it moves nothing",
        min=0.0,
        max=1.0,
        default=1.0,
    )
    uncertainty: FloatVectorProperty(
        name="Uncertainty",
        # In the order of UNCERTAINTY.
        description="The error to expect, in units of a shape key, of brows, eyelids, gaze, cheeks, nose, mouth, jaw "
        "and tongue",
        size=len(UNCERTAINTY),
        subtype="NONE",
        min=0.0,
        default=(0.0,) * len(UNCERTAINTY),
    )
    # The artist's own mapping; without rows the head is matched by name each time (mappings.py).
    rows: CollectionProperty(
        name="Rows",
        description="Which target follows which captured channel; without rows, they are matched by name",
        type=FIELDS_MappingRow,
    )
    row: IntProperty(
        name="Row", description="The row that is shown below the list", update=on_change.row_chosen, options=set()
    )
    mapping_name: StringProperty(name="Mapping", description="What this head's mapping is called", options=set())
    matched: StringProperty(name="Match", description="What the last match found", options=set())
    shown_region: EnumProperty(
        name="Region",
        description="Which part of the face to list",
        items=choices.LISTED_REGIONS,
        options=set(),
    )
    show_doubtful: BoolProperty(
        name="Only Doubtful",
        description="List only rows that are unmatched, doubtful or wrong",
        options=set(),
    )
    test: FloatProperty(
        name="Test",
        description="Preview this row on the head: 0 as it was, 1 as a full captured shape moves it. It is reset "
        "when you choose another row, save, or write keys",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        update=on_change.previewed,
        options={"SKIP_SAVE"},
    )
    action_name: StringProperty(
        name="Action",
        description="What new actions are called. Empty: FIELDS and the name of the footage",
        options=set(),
    )
    # What the last bakes wrote (keys/written.py).
    written: PointerProperty(type=bpy.types.Text, options={"HIDDEN"})
    report: StringProperty(name="Report", description="What the last capture or bake did", options=set())
    unmatched: StringProperty(
        name="Unmatched", description="Captured channels that this head has no target for", options=set()
    )
    skipped: StringProperty(
        name="Skipped",
        description="Channels that were not keyed because they are driven, locked or alike",
        options=set(),
    )
    # Which performance this head was last keyed with and, on the second line, its shaping then (live.py).
    baked: StringProperty(options={"HIDDEN"})
    # Emotion Intensity and By Emotion then, where they are not animated.
    baked_emotion: FloatVectorProperty(
        size=1 + len(SHOWN_EMOTIONS), default=(1.0,) * (1 + len(SHOWN_EMOTIONS)), options={"HIDDEN"}
    )
    # The object's rotation before it was first keyed (quaternion; zeros: never keyed): later bakes start from it.
    rest_rotation: FloatVectorProperty(size=4, default=(0.0, 0.0, 0.0, 0.0), options={"HIDDEN"})


FIELDS_HeadSettings.__annotations__.update(bake_settings(set(), listens=True))
# How strongly each emotion shows over the clip, keyed to be looked at (emotion_view.py); nothing follows them.
FIELDS_HeadSettings.__annotations__.update(
    {
        f"shown_{name.lower()}": FloatProperty(name=name, description="How strongly the performance shows this emotion")
        for name in SHOWN_EMOTIONS
    }
)
