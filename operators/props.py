"""Settings, and the last run in words. Never bulk data: performances live in track files."""

import atexit
import sys

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

from ..fields_blender.core.names import DOUBT, EMOTIONS
from ..fields_blender.rig.match import DOUBTFUL as DOUBTFUL  # the panels may import this file alone
from ..fields_blender.rig.sources import REGIONS
from . import existing, rebaking, shape_props
from .added_props import EMOTION_ITEMS as EMOTION_ITEMS
from .added_props import FIELDS_AddedEmotion
from .mapping_rows import FIELDS_MappingRow
from .take_props import FIELDS_Take


def _bone_or_keys(part: str, keys: str) -> list[tuple[str, str, str]]:
    return [
        ("AUTOMATIC", "Automatic", f"The {part} where the rig has one that really moves the head, else shape keys"),
        ("BONE", "Bone", f"Turn the {part}; the shape keys {keys} stay at rest"),
        ("SHAPE_KEYS", "Shape Keys", f"Move the shape keys {keys}; the {part} stays at rest"),
    ]


JAW_ON = _bone_or_keys("jaw bone", "jawOpen, jawLeft and jawRight")
SHOWN_EMOTIONS = tuple(name.capitalize() for name in EMOTIONS if name != "neutral")
SHOWN_REGIONS = shape_props.SHOWN_REGIONS
EYES_ON = _bone_or_keys("eye bones", "eyeLook…")
# Called as under Regions, where these are the same parts of the face.
_CALLED = {"Brow": "Brows", "Eye": "Eyes", "Cheek": "Cheeks"}
KEY_REGIONS = [(name, _CALLED.get(name, name), f"Keys of the region {name}") for name in REGIONS]
KEY_RANGES = [
    ("WHOLE", "Whole Take", "Every frame of the take"),
    ("SCENE", "Scene Range", "Only from the scene's start to its end frame"),
    ("PREVIEW", "Preview Range", "Only within the timeline's preview range"),
]
WAYS_TO_WRITE = [
    ("BAKED", "Baked", "One plain action with the emotion in it"),
    (
        "LAYERED",
        "Layered",
        "Two NLA strips: the performance without its emotion, and the emotion on top, as strong as its influence",
    ),
]
KEY_STYLES = [
    ("EVERY", "Every Frame", "A key on every frame: the capture to the last detail, hard to edit by hand"),
    ("REDUCED", "Reduced", "As few keys as stay within the tolerance, with handles: about a tenth, easy to edit"),
    ("TWOS", "On Twos", "A pose on every second frame, held"),
    ("FOURS", "On Fours", "A pose on every fourth frame, held"),
]


def _test(settings: "FIELDS_HeadSettings", _context: bpy.types.Context) -> None:
    from . import mapping_test

    mapping_test.show(settings.id_data)


def _untest(settings: "FIELDS_HeadSettings", _context: bpy.types.Context) -> None:
    from . import mapping_test

    mapping_test.put_back()


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
        # From 4.5 on Blender wants to be told that a path may begin with "//".
        options={"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set(),
    )
    jaw_on: EnumProperty(
        name="Jaw",
        description="What opens the mouth. Never both, so that nothing moves twice",
        items=JAW_ON,
        options=set(),
    )
    eyes_on: EnumProperty(
        name="Eyes",
        description="What turns the eyes. Never both, so that nothing moves twice",
        items=EYES_ON,
        options=set(),
    )
    use_smoothing: BoolProperty(
        name="Smooth",
        description="Take the jitter out before keys are written; blinks keep their peak and nothing is delayed",
        default=True,
        options=set(),
        update=rebaking.changed,
    )
    emotion_intensity: FloatProperty(
        name="Emotion Intensity",
        description="How strongly this head shows the performance's emotion: 0 not at all, 1 as captured, 2 twice as "
        "strongly. The words stay. Writes the keys anew while it is dragged; when it is animated, Bake Keys does",
        subtype="FACTOR",
        min=0.0,
        max=2.0,
        default=1.0,
        update=rebaking.changed,
    )
    emotion_balance: FloatVectorProperty(
        name="By Emotion",
        description="How strongly each emotion is shown where the performance shows it, times Emotion Intensity",
        size=len(SHOWN_EMOTIONS),
        subtype="NONE",
        min=0.0,
        max=2.0,
        default=(1.0,) * len(SHOWN_EMOTIONS),
        update=rebaking.changed,
    )
    shape: PointerProperty(
        name="Shape",
        description="How the performance is calibrated, cleaned and shaped",
        type=shape_props.FIELDS_ShapeSettings,
    )
    confidence: FloatProperty(
        name="Confidence",
        description="How sure FIELDS is of the frame: 1 wholly, 0 where there is no face. A curve of it is in the "
        "Graph Editor; it moves nothing",
        min=0.0,
        max=1.0,
        default=1.0,
    )
    doubt: FloatVectorProperty(
        name="Doubt",
        description="The error to expect in each region, in units of a shape key: " + ", ".join(DOUBT),
        size=len(DOUBT),
        subtype="NONE",
        min=0.0,
        default=(0.0,) * len(DOUBT),
    )
    use_head_rotation: BoolProperty(
        name="Head Rotation",
        description="Key the turning of the head too, on the head bone or, without an armature, on the object",
        default=True,
        options=set(),
    )
    key_style: EnumProperty(
        name="Keys", description="How many keys are written", items=KEY_STYLES, default="REDUCED", options=set()
    )
    key_tolerance: FloatProperty(
        name="Tolerance",
        description="How far reduced keys may be from the capture on any frame, in units of a shape key "
        "(0.02 is also 0.3 degrees of a bone). Closed lips are kept four times as true",
        default=0.02,
        min=0.001,
        max=0.2,
        step=1,
        precision=3,
        options=set(),
    )
    # The artist's own mapping; without rows it is found by names each time (mappings.py).
    rows: CollectionProperty(
        name="Rows",
        description="What follows what on this head; without any it is found by names",
        type=FIELDS_MappingRow,
    )
    row: IntProperty(name="Row", description="The row that is shown below the list", update=_untest, options=set())
    mapping_name: StringProperty(name="Mapping", description="What this head's mapping is called", options=set())
    matched: StringProperty(name="Match", description="What the last match found", options=set())
    shown_region: EnumProperty(
        name="Region",
        description="Which part of the face to list",
        items=[("ALL", "All", "All rows"), *((name.upper(), name, f"Rows of the region {name}") for name in REGIONS)],
        options=set(),
    )
    show_doubtful: BoolProperty(
        name="Only Doubtful",
        description="List the rows alone that are unmatched, doubtful or wrong",
        options=set(),
    )
    test: FloatProperty(
        name="Test",
        description="Show this row on the head: 0 as it was, 1 what a full captured shape makes of it. It is put back "
        "when you choose another row, save, or write keys",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        update=_test,
        options={"SKIP_SAVE"},
    )
    write_as: EnumProperty(name="Write", description="Where the emotion goes", items=WAYS_TO_WRITE, options=set())
    existing_keys: EnumProperty(
        name="Existing Keys",
        description="What becomes of keys that are there already. Sliders write keys anew only with Replace",
        items=existing.WAYS,
        options=set(),
    )
    mix_share: FloatProperty(
        name="Share",
        description="How much of the capture is in the mix: 0 nothing, 1 all",
        subtype="FACTOR",
        min=0.0,
        max=1.0,
        default=0.5,
        options=set(),
    )
    key_range: EnumProperty(
        name="Range", description="Which frames get keys; the others keep theirs", items=KEY_RANGES, options=set()
    )
    key_regions: EnumProperty(
        name="Regions",
        description="Which parts of the face get keys; the others keep theirs",
        items=KEY_REGIONS,
        default={name for name, *_ in KEY_REGIONS},
        options={"ENUM_FLAG"},
    )
    action_name: StringProperty(
        name="Action",
        description="What new actions are called. Empty: FIELDS and the name of the footage",
        options=set(),
    )
    report: StringProperty(name="Report", description="What the last capture or bake did", options=set())
    unmatched: StringProperty(
        name="Unmatched", description="Captured channels for which this head has no shape key", options=set()
    )
    skipped: StringProperty(
        name="Skipped",
        description="Channels that were not keyed because they are driven, locked or alike",
        options=set(),
    )
    # The track of which this head has the keys, and as a second line how it was shaped then (live.py).
    baked: StringProperty(options={"HIDDEN"})
    # How the object stood before its rotation was first keyed (quaternion; zeros: never): later bakes turn from there.
    rest_rotation: FloatVectorProperty(size=4, default=(0.0, 0.0, 0.0, 0.0), options={"HIDDEN"})


# How strongly each emotion shows over the clip, keyed to be looked at (emotion_view.py); nothing follows them.
FIELDS_HeadSettings.__annotations__.update(
    {
        f"shown_{name.lower()}": FloatProperty(
            name=name, description=f"How strongly the performance shows {name.lower()}"
        )
        for name in SHOWN_EMOTIONS
    }
)


def _is_head(_settings, candidate: bpy.types.Object) -> bool:
    return candidate.type in {"MESH", "ARMATURE", "EMPTY"}


class FIELDS_SceneSettings(bpy.types.PropertyGroup):
    """Scene.fields: what to capture onto which head."""

    head: PointerProperty(
        name="Head",
        description="The head to animate: its face mesh, its armature, or the empty that holds its meshes. "
        "Without one, the active object",
        type=bpy.types.Object,
        poll=_is_head,
        options=set(),
    )
    face: EnumProperty(
        name="Face",
        description="Which face to follow where the picture shows several",
        items=[
            ("LARGEST", "Largest", "The face that fills most of the picture"),
            ("FIRST", "First Found", "The face that is found first, for as long as it is in the picture"),
        ],
        options=set(),
    )
    takes_in: EnumProperty(
        name="Keep Takes",
        description="Where new takes are stored",
        items=[
            ("BLEND", "In This File", "Takes travel with the .blend: about 0.5 MB for a minute"),
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
    flame_model: StringProperty(
        name="FLAME Model",
        description="Your own FLAME model file (.pkl or .npz, any release): it says what FLAME coefficients mean. "
        "Needed to import and export them, unless the head is a FLAME head with expression shape keys",
        subtype="FILE_PATH",
        options=set(),
    )


def _devices(_state: "FIELDS_RunState") -> str:
    from . import try_device  # here: it starts onnxruntime, which enabling the extension must not wait for

    return try_device.devices()


class FIELDS_RunState(bpy.types.PropertyGroup):
    """WindowManager.fields: the capture under way. Not stored in files."""

    running: BoolProperty(options={"SKIP_SAVE", "HIDDEN"})
    progress: FloatProperty(subtype="FACTOR", min=0.0, max=1.0, options={"SKIP_SAVE", "HIDDEN"})
    message: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    left: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    kept: StringProperty(options={"SKIP_SAVE", "HIDDEN"})
    # The icon with the frame being captured; 0 without one (live_picture.py).
    picture: IntProperty(options={"SKIP_SAVE", "HIDDEN"})
    device: StringProperty(
        name="Device", description="What the networks really run on, and why", options={"SKIP_SAVE", "HIDDEN"}
    )
    devices: StringProperty(
        name="Devices", description="What there is to run networks on, a line each", get=_devices, options={"HIDDEN"}
    )


def _overridable(names: dict[str, bpy.props._PropertyDeferred]) -> None:
    """Let artists change these on heads that are library overrides, and keep what they changed."""
    for made in names.values():
        extra = {"USE_INSERTION"} if made.function is CollectionProperty else set()
        made.keywords["override"] = {"LIBRARY_OVERRIDABLE"} | extra


_OF_A_HEAD = (FIELDS_MappingRow, FIELDS_Take, FIELDS_AddedEmotion, *shape_props.CLASSES, FIELDS_HeadSettings)
CLASSES = (*_OF_A_HEAD, FIELDS_SceneSettings, FIELDS_RunState)


def _let_go_of_bpy() -> None:
    """At the end of Python: let bpy 4.2 as a Python module close without a crash. (4.5 has the cause put right.)

    It shuts Blender down when the module `bpy` is freed, and crashes if that never happens. It also never frees a
    property group that was registered, unregistered or not, and the functions in ours know `bpy` through their modules.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith(__package__ + "."):
            vars(module).pop("bpy", None)


def register() -> None:
    if not bpy.app.binary_path and bpy.app.version < (4, 5, 0):
        atexit.register(_let_go_of_bpy)
    for cls in _OF_A_HEAD:
        _overridable(cls.__annotations__)
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Object.fields = PointerProperty(type=FIELDS_HeadSettings, override={"LIBRARY_OVERRIDABLE"})
    bpy.types.Scene.fields = PointerProperty(type=FIELDS_SceneSettings)
    bpy.types.WindowManager.fields = PointerProperty(type=FIELDS_RunState)


def unregister() -> None:
    del bpy.types.WindowManager.fields
    del bpy.types.Scene.fields
    del bpy.types.Object.fields
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
