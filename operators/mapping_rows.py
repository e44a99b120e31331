"""Object.fields.rows: a head's mapping as the artist edits it, and its way from and to what mapping files hold."""

import json
import math
from dataclasses import replace

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.rig import formula, rig_names, sources
from ..fields_blender.rig import mapping as files
from ..fields_blender.rig.mapping import BoneChannel, Channel, Mapping
from ..fields_blender.rig.match import Match, region_of

# A limit this far out is none.
NONE = 1000.0
KINDS = [
    ("KEY", "Shape Key", "A shape key, on every mesh of the head that has it", "SHAPEKEY_DATA", 0),
    ("BONE", "Bone", "A bone that moves, turns or scales in one direction", "BONE_DATA", 1),
    ("ROTATION", "Bone Rotation", "A bone that turns as the head, the jaw or an eye does", "ORIENTATION_GIMBAL", 2),
    ("PROPERTY", "Property", "A custom property, such as one that drivers read", "PROPERTIES", 3),
]
_FIELD = {"KEY": "key", "BONE": "bone", "PROPERTY": "prop"}
DOES = [
    ("MOVE", "Move", "Shift it, in units of the face"),
    ("TURN", "Turn", "Turn it, in radians"),
    ("SCALE", "Scale", "Add to its scale"),
]
AXES = [
    ("LEFT", "Left", "To the head's left, whatever the bone's roll"),
    ("UP", "Up", "Up the head, whatever the bone's roll"),
    ("OUT", "Out", "Out of the face, whatever the bone's roll"),
    ("X", "Bone X", "Along or about the bone's own x axis"),
    ("Y", "Bone Y", "Along or about the bone's own y axis"),
    ("Z", "Bone Z", "Along or about the bone's own z axis"),
]
UNITS = [
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


def _sources(row: "FIELDS_MappingRow", _context: bpy.types.Context, text: str) -> list[str]:
    """What can be followed, for the search: in a formula the last word is completed."""
    if row.kind == "ROTATION":
        return [name for name in sources.ROTATIONS if text.casefold() in name.casefold()]
    start, word = text[: len(text) - len(text.split(" ")[-1])], text.split(" ")[-1].casefold()
    return [start + name for name in sources.NAMES if word in name.casefold()]


def _targets(row: "FIELDS_MappingRow", _context: bpy.types.Context, text: str) -> list[str]:
    """The head's own names that contain the text; names nothing follows yet come first."""
    from . import mappings

    names = mappings.rig(row.id_data)
    there = {"KEY": names.keys, "PROPERTY": names.properties}.get(row.kind, names.bones)
    used = {other.target for other in row.id_data.fields.rows}
    found = [name for name in there if text.casefold() in name.casefold()]
    return sorted(found, key=lambda name: name in used)


def _edited(row: "FIELDS_MappingRow", _context: bpy.types.Context) -> None:
    """The artist's word: sure from now on, unless it can't be followed."""
    row.why = mistake(row) or "set by hand"
    row.confidence = 0.0 if mistake(row) else 1.0
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
    kind: EnumProperty(name="Kind", description="What follows it", items=KINDS, update=_edited, options=set())
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
    does: EnumProperty(name="Does", description="What the bone does", items=DOES, options=set())
    axis: EnumProperty(
        name="Direction", description="Where to, or about which axis", items=AXES, default="UP", options=set()
    )
    unit: EnumProperty(name="Unit", description="How far an amount of 1 moves it", items=UNITS, options=set())
    gain: FloatProperty(
        name="Gain", description="How strongly it follows; negative the other way", default=1.0, step=5, options=set()
    )
    offset: FloatProperty(name="Offset", description="What it shows at rest", step=5, options=set())
    minimum: FloatProperty(
        name="Min", description="It never goes below this; -1000 for no limit", default=-NONE, min=-NONE, max=NONE,
        soft_min=-2.0, soft_max=2.0, step=5, options=set(),
    )  # fmt: skip
    maximum: FloatProperty(
        name="Max", description="It never goes above this; 1000 for no limit", default=NONE, min=-NONE, max=NONE,
        soft_min=-2.0, soft_max=2.0, step=5, options=set(),
    )  # fmt: skip
    mute: BoolProperty(
        name="Mute", description="Leave this row out; what its target shows is then yours", options=set()
    )
    region: StringProperty(options={"HIDDEN"})
    confidence: FloatProperty(
        name="Confidence",
        description="How sure the automatic match is: 1 the same name, 0 nothing on this head is called so",
        options={"HIDDEN"},
    )
    why: StringProperty(name="Why", description="How this row was found", options={"HIDDEN"})
    # What has no place in the list, as JSON: the response curve and, of a bone's rotation, what rests instead.
    more: StringProperty(options={"HIDDEN"})


def fill(head: bpy.types.Object, rows: Match | Mapping) -> None:
    """Put these rows in place of the head's own."""
    settings = head.fields
    settings.rows.clear()
    settings.mapping_name = rows.profile if isinstance(rows, Match) else rows.name
    if isinstance(rows, Match):
        found = [(row.channel, row.confidence, row.why) for row in rows.rows]
    else:
        found = [(channel, 1.0, "") for channel in (*rows.channels, *rows.bones)]
    for channel, confidence, why in found:
        write(settings.rows.add(), channel)
        settings.rows[-1].confidence, settings.rows[-1].why = confidence, why
    settings.row = 0


def add_spare(head: bpy.types.Object, spare: dict[str, str]) -> None:
    """List shape keys that follow nothing, each with the reason, for the artist to say what they follow."""
    for name, why in spare.items():
        row = head.fields.rows.add()
        row.target = name
        row.why, row.confidence, row.region = why, 0.0, "Other"


def mapping(head: bpy.types.Object) -> Mapping:
    """The mapping of the head's rows; those without a target or source are left out.

    Raises FieldsError that names the row whose formula can't be followed.
    """
    settings = head.fields
    channels, bones = [], []
    for row in settings.rows:
        if not row.source or not row.target:
            continue
        try:
            made = read(row)
        except ValueError as error:
            raise FieldsError(f"The row “{row.target}” under FIELDS > Mapping can't be followed: {error}.") from None
        (channels if isinstance(made, Channel) else bones).append(made)
    try:
        files.check_bones(bones)
    except files.Mistake as error:
        raise FieldsError(f"Under FIELDS > Mapping, {error}. Mute or remove one of them.") from None
    return Mapping(settings.mapping_name or head.name, tuple(channels), tuple(bones))


def mistake(row: FIELDS_MappingRow) -> str:
    """What is wrong with a row, or nothing."""
    if not row.source or not row.target:
        return ""
    try:
        read(row)
    except ValueError as error:
        return str(error)
    return ""


def read(row: FIELDS_MappingRow) -> Channel | BoneChannel:
    """The row as the library takes it. Raises ValueError in words."""
    more = json.loads(row.more) if row.more else {}
    region = row.region or "Other"
    if row.kind == "ROTATION":
        if row.source not in sources.ROTATIONS:
            raise ValueError(f"a bone's rotation follows one of {', '.join(sources.ROTATIONS)}")
        return BoneChannel(row.source, row.target, region, row.gain, (), tuple(more.get("replaces", ())), row.mute)
    values = {_FIELD[row.kind]: row.target}
    if row.kind == "BONE":
        does, unit = row.does.lower(), row.unit.lower() if row.does == "MOVE" and row.unit != "NONE" else ""
        values |= {"does": does, "axis": row.axis.lower(), "unit": unit}
    elif row.on:
        values["mesh" if row.kind == "KEY" else "on"] = row.on
    return Channel(
        files.follow(row.source),
        region,
        gain=row.gain,
        offset=row.offset,
        minimum=-math.inf if row.minimum <= -NONE else row.minimum,
        maximum=math.inf if row.maximum >= NONE else row.maximum,
        curve=tuple(tuple(point) for point in more.get("curve", ())),
        mute=row.mute,
        **values,
    )


def write(row: FIELDS_MappingRow, channel: Channel | BoneChannel) -> None:
    """Let the row say what the channel does."""
    row.mute, row.gain = channel.mute, channel.gain
    if isinstance(channel, BoneChannel):
        row.kind, row.target, row.source = "ROTATION", channel.bone, channel.source
        row.more = json.dumps({"replaces": channel.replaces}) if channel.replaces else ""
    else:
        row.kind = "KEY" if channel.key else "BONE" if channel.bone else "PROPERTY"
        row.source, row.target, row.on = formula.show(channel.source), channel.target, channel.mesh or channel.on
        if channel.bone:
            row.does, row.axis, row.unit = channel.does.upper(), channel.axis.upper(), channel.unit.upper() or "NONE"
        row.offset, row.minimum, row.maximum = channel.offset, max(channel.minimum, -NONE), min(channel.maximum, NONE)
        row.more = json.dumps({"curve": channel.curve}) if channel.curve else ""
    row.region = channel.region


def mirrored(channel: Channel | BoneChannel) -> Channel | BoneChannel:
    """The row for the other side of the face; twice is the row itself."""
    if isinstance(channel, BoneChannel):
        source = sources.mirrored(channel.source)[0]
        rests = tuple(sources.mirrored(name)[0] for name in channel.replaces)
        return replace(channel, source=source, bone=rig_names.mirrored(channel.bone), replaces=rests)
    # In a mirror left is right, and turns about the axes that lie in it go the other way.
    odd = {"move": {"left", "x"}, "turn": {"up", "out", "y", "z"}}.get(channel.does, set())
    flipped = replace(channel, source=formula.mirrored(channel.source))
    names = {name: rig_names.mirrored(getattr(channel, name)) for name in ("key", "bone", "prop", "mesh", "on")}
    flipped = replace(flipped, **names)
    if channel.axis not in odd:
        return flipped
    low, high = -channel.maximum, -channel.minimum
    return replace(flipped, gain=-channel.gain, offset=-channel.offset, minimum=low, maximum=high)
