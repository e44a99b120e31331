"""The items of every enum setting of a head, and names as the panels show them."""

from ...fields_blender.core import regions
from ...fields_blender.core.names import EMOTIONS
from ...fields_blender.rig.match_result import DOUBTFUL as DOUBTFUL  # the panels import this file alone
from ...fields_blender.rig.sources import REGIONS
from ...fields_blender.shape.added_emotion import PROTOTYPES

SHOWN_EMOTIONS = tuple(name.capitalize() for name in EMOTIONS if name != "neutral")
SHOWN_REGIONS = tuple(name.capitalize() for name in regions.REGIONS)
JAW_ON = [
    ("AUTOMATIC", "Automatic", "The jaw bone where the rig has one that really moves the mesh, else shape keys"),
    ("BONE", "Bone", "Turn the jaw bone; the shape keys jawOpen, jawLeft and jawRight stay at rest"),
    ("SHAPE_KEYS", "Shape Keys", "Move the shape keys jawOpen, jawLeft and jawRight; the jaw bone stays at rest"),
]
EYES_ON = [
    ("AUTOMATIC", "Automatic", "The eye bones where the rig has some that really move the mesh, else shape keys"),
    ("BONE", "Bone", "Turn the eye bones; the shape keys eyeLook… stay at rest"),
    ("SHAPE_KEYS", "Shape Keys", "Move the shape keys eyeLook…; the eye bones stay at rest"),
]
# Shown by the same words as under Regions, where these are the same parts of the face.
_SHOWN = {"Brow": "Brows", "Eye": "Eyes", "Cheek": "Cheeks"}
KEY_REGIONS = [(name, _SHOWN.get(name, name), "Whether this part of the face gets keys") for name in REGIONS]
LISTED_REGIONS = [
    ("ALL", "All", "All rows"),
    *((name.upper(), _SHOWN.get(name, name), "Only the rows of this part of the face") for name in REGIONS),
]
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
        "Two NLA strips: the performance without its emotion, and the emotion on top. The influence of the upper "
        "strip is half the intensity: 0.5 is as captured, 1 twice as strong",
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
OWN_KEYS = [
    ("KEEP", "Keep My Keys", "Keys you set or moved since the last bake become corrections of the take, which stay"),
    ("DISCARD", "Discard My Keys", "Keys you set or moved since the last bake are overwritten"),
]
REACHES = [
    ("ALIKE", "Wherever the Face Looks Like This", "In all frames of the take in which the face looks as it does here"),
    ("HERE", "Here", "On this frame alone, eased in and out"),
    ("TAKE", "Whole Take", "On every frame of the take"),
]
NEUTRALS = [
    ("CAPTURED", "As Captured", "The face at rest that the capture found in the quietest frames"),
    (
        "AUTOMATIC",
        "Automatic",
        "Remove what is left of an expression in the quietest frames that face the camera. An expression that "
        "lasts through the whole clip stays",
    ),
    ("CHOSEN", "Chosen Frames", "The face is at rest in the frames given below, with the eyes straight ahead"),
]
SMOOTHING = [
    (
        "ONE_EURO",
        "Adaptive",
        "Calm where the face rests, quick where it moves, without delay: the One Euro filter, both ways",
    ),
    (
        "SAVITZKY_GOLAY",
        "Even",
        "As much everywhere: keeps more of quick motion, and of jitter. The filter of Savitzky and Golay",
    ),
]
GAPS = [
    ("EASE", "Ease to Rest", "The face comes to rest while it can't be seen; the head goes on straight"),
    ("HOLD", "Hold", "The last frame with a face stays"),
    ("INTERPOLATE", "Interpolate", "Straight from the last frame with a face to the next"),
    ("NO_KEYS", "No Keys", "No keys where there is no face"),
]
SIDES = [
    (
        "BOTH",
        "Both Sides",
        "Both sides meet in the middle; lids follow the one that is shut further, so a wink becomes a blink",
    ),
    ("LEFT", "From Left", "The right side follows the left one"),
    ("RIGHT", "From Right", "The left side follows the right one"),
]
EMOTION_ITEMS = [(name.upper(), name.capitalize(), "Add this emotion") for name in PROTOTYPES]
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
    ("EYES", "Eye Distance", "1 is the distance between the eyes"),
    ("MOUTH", "Mouth Width", "1 is the width of the mouth"),
    ("LIDS", "Lid Opening", "1 is the distance between the lids: it shuts the eye"),
    (
        "REACH",
        "Distance from Eyes",
        "1 is the distance of the bone from the eyes, for targets that eyes look at",
    ),
    ("JAW", "Jaw Travel", "1 is how far the open jaw takes the lower lip"),
]
