"""Mappings as JSON files. docs/mapping.md describes format 2, which is written; format 1 is read too."""

import json
import math
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

from ..core.errors import FieldsError
from ..core.files import write_whole
from ..core.shown_text import shown_json
from . import formula as formulas
from . import sources
from .mapping import AXES, DOES, UNITS, BoneChannel, Channel, Mapping, Mistake, check_bones, follow

FORMAT = 2
LARGEST_FILE = 4_000_000  # bytes
MOST_ROWS = 5000
# Name in the file -> field of Channel.
_NUMBERS = {"gain": "gain", "offset": "offset", "min": "minimum", "max": "maximum"}
_TEXTS = {"key": "key", "mesh": "mesh", "bone": "bone", "unit": "unit", "property": "prop", "on": "on"}
_IN_A_ROW = {"source", "region", "curve", "names", "unless", "mute", *_TEXTS, *_NUMBERS, *DOES}
_IN_A_ROTATION = {"source", "bone", "region", "gain", "names", "replaces", "mute"}


def load(path: str | os.PathLike[str]) -> Mapping:
    """Read a mapping file. Raises FieldsError that names the entry and the mistake."""
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise FieldsError("{file} is not a file. Choose a file.", file=path.name)
        if path.stat().st_size > LARGEST_FILE:
            raise FieldsError("{name} is too large for a mapping. Choose another file.", name=path.name)
        data = shown_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FieldsError("There is no mapping at {path}. Choose another file.", path=str(path)) from None
    except (OSError, ValueError, RecursionError) as error:
        raise FieldsError(
            "{name} can't be read as JSON ({why}). Choose another mapping.", name=path.name, why=str(error)
        ) from None
    try:
        return from_data(data)
    except (Mistake, OverflowError) as mistake:
        raise FieldsError(
            "The mapping {name} can't be used: {why}. Correct the file.", name=path.name, why=str(mistake)
        ) from None


def save(mapping: Mapping, path: str | os.PathLike[str]) -> None:
    """Write a mapping as a file of format 2, each row on a line. Raises FieldsError where it can't be written."""
    data = to_data(mapping)
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in data.pop("rows"))
    head = json.dumps(data, ensure_ascii=False, indent=1)[:-2]
    write_whole(Path(path), f'{head},\n "rows": [\n  {rows}\n ]\n}}\n'.encode())


def to_data(mapping: Mapping) -> dict[str, Any]:
    """The mapping as JSON data; `from_data` reads it as the same mapping."""
    data: dict[str, Any] = {"format": FORMAT, "name": mapping.name}
    if mapping.about:
        data["about"] = mapping.about
    if mapping.probe:
        data["probe"] = list(mapping.probe)
    data["rows"] = [_from_channel(channel) for channel in mapping.channels]
    data["rows"] += [_from_rotation(bone) for bone in mapping.bones]
    return data


def from_data(data: Any) -> Mapping:
    """The mapping of JSON data of format 2 or 1. Raises Mistake, or OverflowError for a number that is too large."""
    if not isinstance(data, dict):
        raise Mistake("it is not a JSON object")
    if data.get("format") not in (1, FORMAT) or isinstance(data["format"], bool):
        raise Mistake(f"its format is {data.get('format')!r}, this version of FIELDS reads formats 1 and {FORMAT}")
    whole = _Entry(data, "it")
    lists = {"shape_keys", "bones"} if data["format"] == 1 else {"probe", "rows"}
    whole.allow({"format", "name", "about"} | lists)
    name = whole.word("name")
    about = data.get("about", "")
    if not isinstance(about, str):
        raise Mistake("its “about” is not a text")
    if data["format"] == 1:
        rows, rotations = _entries(data, "shape_keys"), _entries(data, "bones")
    else:
        entries = _entries(data, "rows")
        rows = [entry for entry in entries if not entry.is_rotation]
        rotations = [entry for entry in entries if entry.is_rotation]
    channels, bones = tuple(_channel(entry) for entry in rows), tuple(_rotation(entry) for entry in rotations)
    if not channels and not bones:
        raise Mistake("it maps nothing")
    check_bones(bones)
    return Mapping(name, channels, bones, about, whole.words("probe"))


class _Entry:
    """A JSON object of a mapping, and how mistakes name it; all methods raise Mistake."""

    def __init__(self, data: dict[str, Any], where: str) -> None:
        self.data, self.where = data, where

    @property
    def is_rotation(self) -> bool:
        """Does a bone follow a whole rotation?"""
        data = self.data
        return data.get("source") in sources.ROTATIONS and "bone" in data and not any(does in data for does in DOES)

    def allow(self, known: set[str]) -> None:
        unknown = sorted(set(self.data) - known)
        if unknown:
            raise Mistake(f"{self.where} has “{unknown[0]}”, which is not known")

    def word(self, name: str) -> str:
        """A text that must be there."""
        value = self.data.get(name)
        if not isinstance(value, str) or not value:
            raise Mistake(f"{self.where} has no “{name}”")
        return value

    def text(self, name: str) -> str:
        value = self.data.get(name, "")
        if not isinstance(value, str):
            raise Mistake(f"“{name}” of {self.where} is not a text")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name, [])
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise Mistake(f"“{name}” of {self.where} is not a list of names")
        return tuple(value)

    def number(self, name: str, default: float) -> float:
        if name not in self.data:
            return default
        if not _is_number(self.data[name]):
            raise Mistake(f"“{name}” of {self.where} is not a number")
        return float(self.data[name])

    def flag(self, name: str) -> bool:
        value = self.data.get(name, False)
        if not isinstance(value, bool):
            raise Mistake(f"“{name}” of {self.where} is neither true nor false")
        return value

    def curve(self) -> tuple[tuple[float, float], ...]:
        points = self.data.get("curve", [])
        good = isinstance(points, list) and all(isinstance(point, list) and len(point) == 2 for point in points)
        if not good or len(points) == 1 or not all(_is_number(number) for point in points for number in point):
            raise Mistake(f"“curve” of {self.where} is not a list of points [in, out]")
        if any(b[0] <= a[0] for a, b in pairwise(points)):
            raise Mistake(f"the points of “curve” of {self.where} do not go from left to right")
        return tuple((float(x), float(y)) for x, y in points)


def _entries(data: dict[str, Any], name: str) -> list[_Entry]:
    entries = data.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Mistake(f"“{name}” is not a list of objects")
    if len(entries) > MOST_ROWS:
        raise Mistake(f"“{name}” has more than {MOST_ROWS} entries")
    return [_Entry(entry, f"entry {i + 1} of “{name}”") for i, entry in enumerate(entries)]


def _channel(entry: _Entry) -> Channel:
    entry.allow(_IN_A_ROW)
    try:
        source = follow(entry.word("source"))
    except ValueError as error:
        raise Mistake(f"“source” of {entry.where} can't be followed: {error}") from None
    if sum(bool(entry.data.get(kind)) for kind in ("key", "bone", "property")) != 1:
        raise Mistake(f"{entry.where} has no “key”, “bone” or “property”, or more than one of them")
    values: dict[str, Any] = {field: entry.text(name) for name, field in _TEXTS.items()}
    values |= _motion(entry, bool(values["bone"]))
    if values["unit"] not in UNITS or (values["unit"] and values["does"] != "move"):
        raise Mistake(f"“unit” of {entry.where} is for bones that move, and one of {', '.join(UNITS[1:])}")
    for name, default in (("gain", 1.0), ("offset", 0.0), ("min", -math.inf), ("max", math.inf)):
        values[_NUMBERS[name]] = entry.number(name, default)
    if values["minimum"] > values["maximum"]:
        raise Mistake(f"{entry.where} has a “min” above its “max”")
    values |= {"mute": entry.flag("mute"), "curve": entry.curve()}
    values |= {"names": entry.words("names"), "unless": entry.words("unless")}
    return Channel(source, _region(entry, formulas.names(source)[0]), **values)


def _motion(entry: _Entry, on_bone: bool) -> dict[str, str]:
    """What a bone does and along which axis; nothing for other targets."""
    does = [name for name in DOES if name in entry.data]
    if len(does) != (1 if on_bone else 0):
        names = ", ".join(f"“{name}”" for name in DOES)
        raise Mistake(f"{entry.where}: a bone that follows a number has one of {names}")
    if not does:
        return {"does": "", "axis": ""}
    axis = entry.data[does[0]]
    if axis not in AXES:
        raise Mistake(f"“{does[0]}” of {entry.where} is none of {', '.join(AXES)}")
    if does == ["scale"] and axis not in "xyz":
        raise Mistake(f"“scale” of {entry.where} is none of x, y, z")
    return {"does": does[0], "axis": axis}


def _rotation(entry: _Entry) -> BoneChannel:
    entry.allow(_IN_A_ROTATION)
    source = entry.word("source")
    if source not in sources.ROTATIONS:
        allowed = ", ".join(sources.ROTATIONS)
        raise Mistake(f"{entry.where} follows “{source}”; a bone's rotation follows one of {allowed}")
    names, replaces = entry.words("names"), entry.words("replaces")
    region, mute = _region(entry, source), entry.flag("mute")
    return BoneChannel(source, entry.word("bone"), region, entry.number("gain", 1.0), names, replaces, mute)


def _region(entry: _Entry, source: str) -> str:
    return entry.word("region") if "region" in entry.data else sources.region(source)


def _from_channel(channel: Channel) -> dict[str, Any]:
    row: dict[str, Any] = {"source": formulas.show(channel.source)}
    row |= {name: getattr(channel, field) for name, field in _TEXTS.items() if getattr(channel, field)}
    if channel.does:
        row[channel.does] = channel.axis
    row["region"] = channel.region
    default = Channel(channel.source, channel.region)
    numbers = {name: (getattr(channel, field), getattr(default, field)) for name, field in _NUMBERS.items()}
    row |= {name: value for name, (value, usual) in numbers.items() if value != usual}
    if channel.curve:
        row["curve"] = [list(point) for point in channel.curve]
    row |= {name: list(getattr(channel, name)) for name in ("names", "unless") if getattr(channel, name)}
    return row | ({"mute": True} if channel.mute else {})


def _from_rotation(bone: BoneChannel) -> dict[str, Any]:
    row: dict[str, Any] = {"source": bone.source, "bone": bone.bone, "region": bone.region}
    row |= {"gain": bone.gain} if bone.gain != 1.0 else {}
    row |= {name: list(getattr(bone, name)) for name in ("names", "replaces") if getattr(bone, name)}
    return row | ({"mute": True} if bone.mute else {})


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
