"""What follows what on a head: a mapping, as JSON. docs/mapping.md describes the format (2); format 1 is read too."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..core.errors import FieldsError
from ..core.files import write_whole
from . import formula as formulas
from . import sources
from .formula import Formula

FORMAT = 2
LARGEST_FILE = 4_000_000  # bytes
MOST_ROWS = 5000
# How a bone follows a number: along or about one of these directions. left, up and out are the head's (names.py),
# whatever the bone's roll; x, y, z are the bone's own.
DOES = ("turn", "move", "scale")
AXES = ("left", "up", "out", "x", "y", "z")
# What an amount of 1 is along a direction: the distance between the eyes, the width of the mouth, how far open
# the lids are, or how far the bone
# is from the eyes (a target that eyes look at), or how far the jaw takes the lower lip; in x, y and z without a unit
# Blender's own.
UNITS = ("", "eyes", "mouth", "lids", "reach", "jaw")


@dataclass(frozen=True)
class Channel:
    """One number of a rig and what it follows: `clip(curve(source) * gain + offset, minimum, maximum)`.

    It is one of: a shape key (`key`, on all meshes of the head or on `mesh` alone), a bone (`bone`, which `does`
    "turn" by rad, "move" or "scale" in `axis`), a custom property (`prop`, anywhere on the head or on the bone or
    object `on`). `names`: what else the target goes by. `unless`: targets that make this one needless where a head
    has them all. `curve`: (in, out) points of the response, straight between; none is a straight line.
    """

    source: Formula
    region: str
    key: str = ""
    mesh: str = ""
    bone: str = ""
    does: str = ""
    axis: str = ""
    unit: str = ""
    prop: str = ""
    on: str = ""
    gain: float = 1.0
    offset: float = 0.0
    minimum: float = -math.inf
    maximum: float = math.inf
    curve: tuple[tuple[float, float], ...] = ()
    names: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    mute: bool = False

    @property
    def target(self) -> str:
        """The shape key, bone or property it moves."""
        return self.key or self.bone or self.prop

    @property
    def name(self) -> str:
        """What it is called in Curves and reports; channels of one name add up."""
        if self.bone:
            return f"{self.bone} {self.does} {self.axis}" + (f" ({self.unit})" if self.unit else "")
        where = self.mesh or self.on
        return f"{self.target} ({where})" if where else self.target

    @property
    def main(self) -> str:
        """The source it mainly follows."""
        return formulas.first(self.source)


@dataclass(frozen=True)
class BoneChannel:
    """One bone and the rotation it follows; `gain` scales the angle. `replaces`: shape keys, or sources of shape keys,
    that must rest while the bone moves."""

    source: str
    bone: str
    region: str
    gain: float = 1.0
    names: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    mute: bool = False

    @property
    def target(self) -> str:
        return self.bone


@dataclass(frozen=True)
class Mapping:
    """What follows what. `probe`: names by which a head of this convention is known."""

    name: str
    channels: tuple[Channel, ...]
    bones: tuple[BoneChannel, ...] = ()
    about: str = ""
    probe: tuple[str, ...] = ()

    @property
    def shape_keys(self) -> tuple[Channel, ...]:
        """The channels that move shape keys."""
        return tuple(channel for channel in self.channels if channel.key)

    @property
    def roles(self) -> dict[str, str]:
        """Channel's name -> the one source it follows, where it follows one alone."""
        return {c.name: c.source.name for c in self.channels if isinstance(c.source, formulas.Name)}

    @property
    def regions(self) -> dict[str, str]:
        """Channel's name or bone -> its region of the face: the F-curve groups."""
        named = {channel.name: channel.region for channel in self.channels}
        return named | {channel.bone: channel.region for channel in self.bones}


def channel(source: str, key: str = "", **more: Any) -> Channel:
    """A channel by the text of its formula, in the region of what it follows. Raises ValueError as `follow` does."""
    followed = follow(source)
    return Channel(followed, **{"region": sources.region(formulas.names(followed)[0]), "key": key, **more})


def follow(text: str) -> Formula:
    """The formula of a text. Raises ValueError, in words, where it is none or follows what FIELDS does not capture."""
    made = formulas.parse(text)
    for name in formulas.names(made):
        if name not in sources.NAMES:
            raise ValueError(f"“{name}” is not captured by FIELDS")
    return made


def load(path: str | os.PathLike[str]) -> Mapping:
    """Read a mapping file. Raises FieldsError that names the entry and the mistake."""
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise FieldsError(f"{path.name} is too large for a mapping. Choose another file.")
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FieldsError(f"There is no mapping at {path}. Choose another file.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise FieldsError(f"{path.name} can't be read as JSON ({error}). Choose another mapping.") from None
    try:
        return from_data(data)
    except (Mistake, OverflowError) as mistake:
        raise FieldsError(f"The mapping {path.name} can't be used: {mistake}. Correct the file.") from None


def save(mapping: Mapping, path: str | os.PathLike[str]) -> None:
    """Write a mapping as a file of format 2, a row a line. Raises FieldsError where it can't be written."""
    data = to_data(mapping)
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in data.pop("rows"))
    head = json.dumps(data, ensure_ascii=False, indent=1)[:-2]
    write_whole(Path(path), f'{head},\n "rows": [\n  {rows}\n ]\n}}\n'.encode())


def to_data(mapping: Mapping) -> dict[str, Any]:
    """The mapping as what JSON holds; `from_data` reads it as the same mapping."""
    data: dict[str, Any] = {"format": FORMAT, "name": mapping.name}
    if mapping.about:
        data["about"] = mapping.about
    if mapping.probe:
        data["probe"] = list(mapping.probe)
    data["rows"] = [_row_of(channel) for channel in mapping.channels] + [_bone_row_of(bone) for bone in mapping.bones]
    return data


def from_data(data: Any) -> Mapping:
    """A mapping from what JSON holds, of format 2 or 1. Raises Mistake."""
    if not isinstance(data, dict):
        raise Mistake("it is not a JSON object")
    if data.get("format") not in (1, FORMAT) or isinstance(data["format"], bool):
        raise Mistake(f"its format is {data.get('format')!r}, this version of FIELDS reads formats 1 and {FORMAT}")
    first = data["format"] == 1
    _only(data, {"format", "name", "about"} | ({"shape_keys", "bones"} if first else {"probe", "rows"}), "it")
    name = data.get("name")
    if not isinstance(name, str) or not name:
        raise Mistake("it has no “name”")
    about = data.get("about", "")
    if not isinstance(about, str):
        raise Mistake("its “about” is not a text")
    if first:
        channels = [_channel(entry, where) for entry, where in _entries(data, "shape_keys")]
        bones = [_bone_channel(entry, where) for entry, where in _entries(data, "bones")]
    else:
        rows = [(entry, where, _is_rotation(entry)) for entry, where in _entries(data, "rows")]
        channels = [_channel(entry, where) for entry, where, rotation in rows if not rotation]
        bones = [_bone_channel(entry, where) for entry, where, rotation in rows if rotation]
    if not channels and not bones:
        raise Mistake("it maps nothing")
    check_bones(bones)
    return Mapping(name, tuple(channels), tuple(bones), about, _words(data, "probe", "it"))


def check_bones(bones: Iterable[BoneChannel]) -> None:
    """Raises Mistake when two rotations would fight over one bone."""
    seen = set()
    for bone in bones:
        if bone.bone in seen:
            raise Mistake(f"two rows turn the same bone, “{bone.bone}”")
        seen.add(bone.bone)


def muted(mapping: Mapping) -> Mapping:
    """The mapping without its muted rows."""
    return replace(
        mapping,
        channels=tuple(channel for channel in mapping.channels if not channel.mute),
        bones=tuple(bone for bone in mapping.bones if not bone.mute),
    )


class Mistake(Exception):
    """What is wrong in a mapping, as the middle of a sentence."""


_LIMITS = {"gain": "gain", "offset": "offset", "min": "minimum", "max": "maximum"}
_TEXTS = {"key": "key", "mesh": "mesh", "bone": "bone", "unit": "unit", "property": "prop", "on": "on"}
_KNOWN = {"source", "region", "curve", "names", "unless", "mute", *_TEXTS, *_LIMITS, *DOES}


def _is_rotation(entry: dict[str, Any]) -> bool:
    return entry.get("source") in sources.ROTATIONS and "bone" in entry and not any(does in entry for does in DOES)


def _entries(data: dict[str, Any], name: str) -> list[tuple[dict[str, Any], str]]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Mistake(f"“{name}” is not a list of objects")
    if len(entries) > MOST_ROWS:
        raise Mistake(f"“{name}” has more than {MOST_ROWS} entries")
    return [(entry, f"entry {i + 1} of “{name}”") for i, entry in enumerate(entries)]


def _channel(entry: dict[str, Any], where: str) -> Channel:
    _only(entry, _KNOWN, where)
    try:
        source = follow(_word(entry, "source", where))
    except ValueError as error:
        raise Mistake(f"“source” of {where} can't be followed: {error}") from None
    if sum(bool(entry.get(kind)) for kind in ("key", "bone", "property")) != 1:
        raise Mistake(f"{where} has no “key”, “bone” or “property”, or more than one of them")
    values: dict[str, Any] = {field: _text(entry, name, where) for name, field in _TEXTS.items()}
    does = [does for does in DOES if does in entry]
    if len(does) != (1 if values["bone"] else 0):
        raise Mistake(f"{where}: a bone that follows a number has one of {', '.join(f'“{does}”' for does in DOES)}")
    if does:
        values |= {"does": does[0], "axis": entry[does[0]]}
        if entry[does[0]] not in AXES:
            raise Mistake(f"“{does[0]}” of {where} is none of {', '.join(AXES)}")
        if does == ["scale"] and entry["scale"] not in "xyz":
            raise Mistake(f"“scale” of {where} is none of x, y, z")
    if values["unit"] not in UNITS or (values["unit"] and does != ["move"]):
        raise Mistake(f"“unit” of {where} is for bones that move, and one of {', '.join(UNITS[1:])}")
    for name, field in _LIMITS.items():
        values[field] = _finite(
            entry, name, {"gain": 1.0, "offset": 0.0, "min": -math.inf, "max": math.inf}[name], where
        )
    if values["minimum"] > values["maximum"]:
        raise Mistake(f"{where} has a “min” above its “max”")
    mute = entry.get("mute", False)
    if not isinstance(mute, bool):
        raise Mistake(f"“mute” of {where} is neither true nor false")
    curve = _curve(entry, where)
    values |= {"names": _words(entry, "names", where), "unless": _words(entry, "unless", where)}
    region = _word(entry, "region", where) if "region" in entry else sources.region(formulas.names(source)[0])
    return Channel(source, region, curve=curve, mute=mute, **values)


def _bone_channel(entry: dict[str, Any], where: str) -> BoneChannel:
    _only(entry, {"source", "bone", "region", "gain", "names", "replaces", "mute"}, where)
    source = _word(entry, "source", where)
    if source not in sources.ROTATIONS:
        raise Mistake(f"{where} follows “{source}”; a bone's rotation follows one of {', '.join(sources.ROTATIONS)}")
    words = (_words(entry, "names", where), _words(entry, "replaces", where))
    region = _word(entry, "region", where) if "region" in entry else sources.region(source)
    mute = entry.get("mute", False)
    if not isinstance(mute, bool):
        raise Mistake(f"“mute” of {where} is neither true nor false")
    return BoneChannel(source, _word(entry, "bone", where), region, _finite(entry, "gain", 1.0, where), *words, mute)


def _row_of(channel: Channel) -> dict[str, Any]:
    row: dict[str, Any] = {"source": formulas.show(channel.source)}
    row |= {name: getattr(channel, field) for name, field in _TEXTS.items() if getattr(channel, field)}
    if channel.does:
        row[channel.does] = channel.axis
    row["region"] = channel.region
    plain = Channel(channel.source, channel.region)
    row |= {name: getattr(channel, f) for name, f in _LIMITS.items() if getattr(channel, f) != getattr(plain, f)}
    if channel.curve:
        row["curve"] = [list(point) for point in channel.curve]
    row |= {name: list(getattr(channel, name)) for name in ("names", "unless") if getattr(channel, name)}
    return row | ({"mute": True} if channel.mute else {})


def _bone_row_of(bone: BoneChannel) -> dict[str, Any]:
    row: dict[str, Any] = {"source": bone.source, "bone": bone.bone, "region": bone.region}
    row |= {"gain": bone.gain} if bone.gain != 1.0 else {}
    row |= {name: list(getattr(bone, name)) for name in ("names", "replaces") if getattr(bone, name)}
    return row | ({"mute": True} if bone.mute else {})


def _curve(entry: dict[str, Any], where: str) -> tuple[tuple[float, float], ...]:
    points = entry.get("curve", [])
    good = isinstance(points, list) and all(isinstance(point, list) and len(point) == 2 for point in points)
    if not good or len(points) == 1 or not all(_is_number(number) for point in points for number in point):
        raise Mistake(f"“curve” of {where} is not a list of points [in, out]")
    if any(b[0] <= a[0] for a, b in pairwise(points)):
        raise Mistake(f"the points of “curve” of {where} do not go from left to right")
    return tuple((float(x), float(y)) for x, y in points)


def _only(entry: dict[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise Mistake(f"{where} has “{unknown[0]}”, which is not known")


def _word(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise Mistake(f"{where} has no “{name}”")
    return value


def _text(entry: dict[str, Any], name: str, where: str) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str):
        raise Mistake(f"“{name}” of {where} is not a text")
    return value


def _words(entry: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = entry.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Mistake(f"“{name}” of {where} is not a list of names")
    return tuple(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _finite(entry: dict[str, Any], name: str, default: float, where: str) -> float:
    if name not in entry:
        return default
    if not _is_number(entry[name]):
        raise Mistake(f"“{name}” of {where} is not a number")
    return float(entry[name])
