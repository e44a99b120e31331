"""What the artist can choose from: the items of every enum setting of a head, and names as the panels show them."""

from ...fields_blender.core import regions
from ...fields_blender.core.names import EMOTIONS
from ...fields_blender.rig.match_result import DOUBTFUL as DOUBTFUL  # the panels import this file alone
from ...fields_blender.rig.sources import REGIONS
from ...fields_blender.shape.added_emotion import LOOKS


def _bone_or_keys(part: str, keys: str) -> list[tuple[str, str, str]]:
    return [
        ("AUTOMATIC", "Automatic", f"The {part} where the rig has one that really moves the head, else shape keys"),
        ("BONE", "Bone", f"Turn the {part}; the shape keys {keys} stay at rest"),
        ("SHAPE_KEYS", "Shape Keys", f"Move the shape keys {keys}; the {part} stays at rest"),
    ]


JAW_ON = _bone_or_keys("jaw bone", "jawOpen, jawLeft and jawRight")
SHOWN_EMOTIONS = tuple(name.capitalize() for name in EMOTIONS if name != "neutral")
SHOWN_REGIONS = tuple(name.capitalize() for name in regions.REGIONS)
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
EXISTING_KEYS = [
    ("REPLACE", "Replace", "New keys take the place of those in the captured range"),
    ("MIX", "Mix", "New keys are blended with what is there"),
    ("OFFSET", "Add", "What is captured is added to what is there"),
]
NEUTRALS = [
    ("CAPTURED", "As Captured", "The face at rest that the capture found in the quietest frames"),
    (
        "AUTOMATIC",
        "Automatic",
        "Take out what is left of an expression in the quietest frames that look to the camera. "
        "An expression that lasts all through the clip stays",
    ),
    ("CHOSEN", "Chosen Frames", "The face is at rest in the frames given below, with the eyes straight ahead"),
]
SMOOTHING = [
    ("ONE_EURO", "One Euro", "Calm where the face rests, quick where it moves, without delay"),
    ("SAVITZKY_GOLAY", "Savitzky-Golay", "Keeps more of quick motion, and of jitter"),
]
GAPS = [
    ("EASE", "Ease to Rest", "The face comes to rest while it can't be seen; the head goes on straight"),
    ("HOLD", "Hold", "What was seen last stays"),
    ("INTERPOLATE", "Interpolate", "Straight from what was seen last to what is seen next"),
    ("NO_KEYS", "No Keys", "No keys where there is no face"),
]
SIDES = [
    ("BOTH", "Both Sides", "Both sides meet in the middle; lids follow the further shut one, so a wink is a blink"),
    ("LEFT", "From Left", "The right side follows the left one"),
    ("RIGHT", "From Right", "The left side follows the right one"),
]
EMOTION_ITEMS = [(name.upper(), name.capitalize(), f"The look of {name}") for name in LOOKS]
ROW_KINDS = [
    ("KEY", "Shape Key", "A shape key, on every mesh of the head that has it", "SHAPEKEY_DATA", 0),
    ("BONE", "Bone", "A bone that moves, turns or scales in one direction", "BONE_DATA", 1),
    ("ROTATION", "Bone Rotation", "A bone that turns as the head, the jaw or an eye does", "ORIENTATION_GIMBAL", 2),
    ("PROPERTY", "Property", "A custom property, such as one that drivers read", "PROPERTIES", 3),
]
ROW_DOES = [
    ("MOVE", "Move", "Shift it, in units of the face"),
    ("TURN", "Turn", "Turn it, in radians"),
    ("SCALE", "Scale", "Add to its scale"),
]
ROW_AXES = [
    ("LEFT", "Left", "To the head's left, whatever the bone's roll"),
    ("UP", "Up", "Up the head, whatever the bone's roll"),
    ("OUT", "Out", "Out of the face, whatever the bone's roll"),
    ("X", "Bone X", "Along or about the bone's own x axis"),
    ("Y", "Bone Y", "Along or about the bone's own y axis"),
    ("Z", "Bone Z", "Along or about the bone's own z axis"),
]
ROW_UNITS = [
    ("NONE", "Automatic", "The distance between the eyes for Left, Up and Out; Blender's units for X, Y and Z"),
    ("EYES", "Eye Distance", "An amount of 1 is as far as the eyes are apart"),
    ("MOUTH", "Mouth Width", "An amount of 1 is as wide as the mouth"),
    ("LIDS", "Lid Opening", "An amount of 1 is as far as the lids are apart: it shuts the eye"),
    (
        "REACH",
        "Distance from Eyes",
        "An amount of 1 is as far as the bone is from the eyes: for targets that eyes look at",
    ),
    ("JAW", "Jaw's Way", "An amount of 1 is as far as the open jaw takes the lower lip"),
]
