"""Matches one mapping with the names on a head: each row by its exact name, by its spelling, by its other names, by its
words, and by mirroring the name of its partner on the other side."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import formula
from .mapping import BoneChannel, Channel, Mapping
from .match_result import STILL, Row
from .rig_index import EXACT, HOW, RigIndex
from .rig_names import mirrored_name

OTHER_NAME = 0.9  # times the confidence of `rig_index`, for another name of a row
MIRRORED = 0.7


@dataclass(frozen=True)
class _Candidate:
    """A row as the mapping has it, and as it is on the head."""

    channel: Channel
    on_head: Channel
    confidence: float
    why: str

    @property
    def wanted(self) -> str:
        return self.channel.target

    @property
    def place(self) -> tuple[str, str]:
        """The target, and for bones what moves: one bone may be moved in three directions."""
        return (self.on_head.target, f"{self.on_head.does} {self.on_head.axis}")


def probe(names: RigIndex, mapping: Mapping) -> float:
    """The share of a convention's own names that the head has."""
    if not mapping.probe:
        return 0.0
    indexes = names.keys, names.properties, names.controls
    found = (index.find(name, False) for name in mapping.probe for index in indexes)
    return sum(hit is not None for hit in found) / len(mapping.probe)


def match_rows(names: RigIndex, mapping: Mapping, terse: bool) -> list[Row]:
    """Each row of a mapping, looked for on the head; `terse`: without the rows that are not found."""
    found = _without_collisions([_find(names, channel) for channel in mapping.channels])
    found = [_find_by_mirror(candidate, found, names) for candidate in found]
    needed = [candidate for candidate in found if not _needless(candidate, found, names)]
    rows = [Row(candidate.on_head, candidate.confidence, candidate.why) for candidate in needed]
    rows = [row for row in rows + _bone_rows(names, mapping) if row.confidence > 0.0 or not terse]
    return [_checked_for_motion(names, row) for row in rows]


def _find(names: RigIndex, channel: Channel) -> _Candidate:
    """The best match for a row. A shape key's name may also be that of a property."""
    if channel.key:
        places = [("key", names.keys), ("prop", names.properties)]
    else:
        places = [("bone", names.controls)] if channel.bone else [("prop", names.properties)]
    best: tuple[str, str, float, str] | None = None
    for i, name in enumerate((channel.target, *channel.names)):
        for kind, index in places:
            hit = index.find(name)
            if hit is None:
                continue
            if kind == "key" and hit[0] in names.rig.driven and names.properties.find(name, False):
                continue  # the property drives it
            confidence = hit[1] * (OTHER_NAME if i else 1.0)
            if best is None or confidence > best[2]:
                why = f"“{name}” is another name for it: {HOW[hit[1]]}" if i else HOW[hit[1]]
                best = kind, hit[0], confidence, why
    if best is None:
        return _Candidate(channel, channel, 0.0, f"nothing on this head is called “{channel.target}” or similar")
    kind, name, confidence, why = best
    return _Candidate(channel, _renamed(channel, kind, name), confidence, why)


def _renamed(channel: Channel, kind: str, name: str) -> Channel:
    """The channel with the head's own name: `kind` is "key", "bone" or "prop"."""
    nameless = replace(channel, names=(), unless=(), key="", bone="", prop="")
    return replace(nameless, **{kind: name})


def _without_collisions(candidates: list[_Candidate]) -> list[_Candidate]:
    """Where rows that want different targets were given the same one, the surer row keeps it."""
    owner: dict[tuple[str, str], _Candidate] = {}
    for candidate in candidates:
        if candidate.confidence > 0.0:
            rival = owner.get(candidate.place, candidate)
            owner[candidate.place] = max(rival, candidate, key=lambda each: each.confidence)
    return [_unless_taken(candidate, owner) for candidate in candidates]


def _unless_taken(candidate: _Candidate, owner: dict[tuple[str, str], _Candidate]) -> _Candidate:
    if candidate.confidence == 0.0 or owner[candidate.place].wanted == candidate.wanted:
        return candidate
    better = owner[candidate.place].wanted
    why = f"“{candidate.on_head.target}” fits “{better}” better"
    return _Candidate(candidate.channel, candidate.channel, 0.0, why)


def _find_by_mirror(candidate: _Candidate, candidates: list[_Candidate], names: RigIndex) -> _Candidate:
    """A shape key or property that was not found, by the name of its partner on the other side."""
    if candidate.confidence > 0.0 or candidate.channel.bone:
        return candidate
    partner = formula.mirrored_formula(candidate.channel.source)
    taken = {other.place for other in candidates if other.confidence > 0.0}
    for other in candidates:
        if other.channel.source != partner or other.confidence == 0.0 or other is candidate:
            continue
        name, kind = mirrored_name(other.on_head.target), "key" if other.on_head.key else "prop"
        index = names.keys if kind == "key" else names.properties
        if name in index.exact and (name, " ") not in taken:
            on_head = _renamed(candidate.channel, kind, name)
            return _Candidate(candidate.channel, on_head, MIRRORED, f"mirror of “{other.on_head.target}”")
    return candidate


def _needless(candidate: _Candidate, candidates: list[_Candidate], names: RigIndex) -> bool:
    """Does the head have all targets named in `unless`, which show the same in parts?"""
    unless = candidate.channel.unless
    return bool(unless) and all(_is_shown(name, candidates, names) for name in unless)


def _is_shown(name: str, candidates: list[_Candidate], names: RigIndex) -> bool:
    asked = [candidate for candidate in candidates if candidate.wanted == name]
    still = names.rig.still
    if not asked:
        hit = names.keys.find(name, False)
        return hit is not None and hit[0] not in still
    return any(
        (candidate.confidence > 0.0 and candidate.on_head.target not in still) or _has_parts(candidate, candidates)
        for candidate in asked
    )


def _has_parts(candidate: _Candidate, candidates: list[_Candidate]) -> bool:
    """Does the head have the parts of which this row would be the whole?"""
    there = {other.wanted for other in candidates if other.confidence > 0.0}
    return bool(candidate.channel.unless) and there.issuperset(candidate.channel.unless)


def _checked_for_motion(names: RigIndex, row: Row) -> Row:
    if isinstance(row.channel, BoneChannel) or row.channel.key not in names.rig.still:
        return row
    return Row(row.channel, STILL, f"{row.why}, but it moves nothing on this head")


def _bone_rows(names: RigIndex, mapping: Mapping) -> list[Row]:
    """The rotations of a mapping on the head's bones."""
    rows: list[Row] = []
    taken: set[str] = set()
    for bone in mapping.bones:
        hit = _find_bone(names, bone)
        if hit is None:
            rows.append(Row(bone, 0.0, f"no bone is called “{bone.bone}” or similar"))
        elif hit[0] in taken:
            rows.append(Row(bone, 0.0, f"“{hit[0]}” is already turned by another row"))
        else:
            taken.add(hit[0])
            why = HOW[EXACT] if hit[1] == EXACT else "another name for it"
            rows.append(Row(replace(bone, bone=hit[0], names=()), hit[1], why))
    return _share_out_head(rows, [bone for bone in mapping.bones if bone.source == "head"])


def _find_bone(names: RigIndex, bone: BoneChannel) -> tuple[str, float] | None:
    for i, name in enumerate((bone.bone, *bone.names)):
        if hit := names.bones.find(name, False):
            return hit[0], hit[1] * (OTHER_NAME if i else 1.0)
    return None


def _share_out_head(rows: list[Row], head_bones: list[BoneChannel]) -> list[Row]:
    """The rows with the head's rotation shared out among those of the mapping's `head_bones` that the head has; where
    it has none, the first row alone remains, for the object, with all of the rotation."""
    found = [row for row in rows if row.channel.source == "head" and row.confidence > 0.0]
    if not found:
        rows = [row for row in rows if row.channel.source != "head" or row.channel is head_bones[0]]
        return [_scaled(row, gain=_total(head_bones)) if row.channel.source == "head" else row for row in rows]
    factor = _total(head_bones) / _total(row.channel for row in found)
    rows = [row for row in rows if row.channel.source != "head" or row.confidence > 0.0]
    if factor == 1.0:
        return rows
    return [_scaled(row, gain=row.channel.gain * factor) if row in found else row for row in rows]


def _scaled(row: Row, gain: float) -> Row:
    return replace(row, channel=replace(row.channel, gain=gain))


def _total(bones: Iterable[BoneChannel | Channel]) -> float:
    return sum(bone.gain for bone in bones)
