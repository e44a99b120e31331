"""A head's mapping as the artist edits it (Object.fields.rows), to and from a Mapping."""

import json
import math
from typing import Any

import bpy

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.rig import formula, sources
from ...fields_blender.rig.mapping import BoneChannel, Channel, Mapping, Mistake, check_bones, follow
from ...fields_blender.rig.match_result import Match

# A limit this far out means no limit.
NO_LIMIT = 1000.0
_FIELD = {"KEY": "key", "BONE": "bone", "PROPERTY": "prop"}


def fill(head: bpy.types.Object, rows: Match | Mapping) -> None:
    """Replace the head's rows."""
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
    """Add a row for each shape key that follows nothing, with the reason; the artist can say what it follows."""
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
            raise FieldsError(
                "The row “{name}” under FIELDS > Mapping can't be followed: {why}.", name=row.target, why=str(error)
            ) from None
        (channels if isinstance(made, Channel) else bones).append(made)
    try:
        check_bones(bones)
    except Mistake as error:
        raise FieldsError("Under FIELDS > Mapping, {why}. Mute or remove one of them.", why=str(error)) from None
    return Mapping(settings.mapping_name or head.name, tuple(channels), tuple(bones))


def mistake(row: Any) -> str:
    """What is wrong with a row, or ""."""
    if not row.source or not row.target:
        return ""
    try:
        read(row)
    except ValueError as error:
        return str(error)
    return ""


def read(row: Any) -> Channel | BoneChannel:
    """The channel of a row. Raises ValueError in words."""
    replaces, curve = _more(row)
    region = row.region or "Other"
    if row.kind == "ROTATION":
        if row.source not in sources.ROTATIONS:
            raise ValueError(f"a bone's rotation follows one of {', '.join(sources.ROTATIONS)}")
        return BoneChannel(row.source, row.target, region, row.gain, (), replaces, row.mute)
    values = {_FIELD[row.kind]: row.target}
    if row.kind == "BONE":
        does, unit = row.does.lower(), row.unit.lower() if row.does == "MOVE" and row.unit != "NONE" else ""
        values |= {"does": does, "axis": row.axis.lower(), "unit": unit}
    elif row.on:
        values["mesh" if row.kind == "KEY" else "on"] = row.on
    return Channel(
        follow(row.source),
        region,
        gain=row.gain,
        offset=row.offset,
        minimum=-math.inf if row.minimum <= -NO_LIMIT else row.minimum,
        maximum=math.inf if row.maximum >= NO_LIMIT else row.maximum,
        curve=curve,
        mute=row.mute,
        **values,
    )


def _more(row: Any) -> tuple[tuple[str, ...], tuple[tuple[float, float], ...]]:
    """What a row replaces, and its curve. Raises ValueError for what `write` never stores: files travel."""
    if not row.more:
        return (), ()
    try:
        more = json.loads(row.more)
        curve = tuple((float(x), float(y)) for x, y in more.get("curve", ()))
        if not all(math.isfinite(number) for point in curve for number in point):
            raise ValueError
        return tuple(str(name) for name in more.get("replaces", ())), curve
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ValueError("what this row keeps of its curve is damaged: match again") from None


def write(row: Any, channel: Channel | BoneChannel) -> None:
    """Fill a row from a channel."""
    row.mute, row.gain = channel.mute, channel.gain
    if isinstance(channel, BoneChannel):
        row.kind, row.target, row.source = "ROTATION", channel.bone, channel.source
        row.more = json.dumps({"replaces": channel.replaces}) if channel.replaces else ""
    else:
        row.kind = "KEY" if channel.key else "BONE" if channel.bone else "PROPERTY"
        row.source, row.target, row.on = formula.show(channel.source), channel.target, channel.mesh or channel.on
        if channel.bone:
            row.does, row.axis, row.unit = channel.does.upper(), channel.axis.upper(), channel.unit.upper() or "NONE"
        row.offset, row.minimum, row.maximum = (
            channel.offset,
            max(channel.minimum, -NO_LIMIT),
            min(channel.maximum, NO_LIMIT),
        )
        row.more = json.dumps({"curve": channel.curve}) if channel.curve else ""
    row.region = channel.region
