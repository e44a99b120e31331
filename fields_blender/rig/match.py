"""Which of a head's shape keys, bones and properties follow what: found by their names, with a confidence for each.

The convention is picked by a few names that only it has; then each of its rows is looked for by its exact name, its
spelling (case, separators, sides, prefixes of tools), other names it goes by, the words it says, and the mirrored name
of its partner on the other side. What stays unmatched is told, with the reason.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..core.names import ARKIT
from . import formula, mapping, sources
from .mapping import BoneChannel, Channel, Mapping
from .rig_names import bare, mirrored_name, plain, shared_prefixes, words

# How sure a match is. Below DOUBTFUL the artist is asked to look.
EXACT, SPELLING, PREFIX, WORDS = 1.0, 0.95, 0.9, 0.75
OTHER_NAME = 0.9  # times the above, for a name that a row goes by too
MIRRORED, STANDS_IN, STILL = 0.7, 0.5, 0.3
DOUBTFUL = 0.7
# The preset of plain words, for heads that follow no convention, and those that offer more rows than any head has.
ANY = "any"
OPEN = (ANY, "bones")
MECHANICS = ("ORG-", "DEF-", "MCH-", "VIS_")
# With fewer sources than this a convention is not what the head follows, whatever its probe says.
FEW = 3
_HOW = {
    EXACT: "same name",
    SPELLING: "same name, spelt another way",
    PREFIX: "same name after a prefix",
    WORDS: "same words",
}


@dataclass(frozen=True)
class Rig:
    """The names a head offers. `still`: shape keys that move nothing. `driven`: shape keys that a driver moves."""

    keys: tuple[str, ...] = ()
    bones: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    still: frozenset[str] = frozenset()
    driven: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Row:
    """A row of the mapping for a head, how sure it is (0: the head has no such target) and why."""

    channel: Channel | BoneChannel
    confidence: float
    why: str


@dataclass(frozen=True)
class Match:
    """A mapping for one head. `spare`: names of the head that follow nothing, and why. `missing`: ARKit sources that
    move nothing on it."""

    profile: str
    rows: tuple[Row, ...]
    spare: dict[str, str]
    missing: tuple[str, ...]

    @property
    def mapping(self) -> Mapping:
        """All rows, found or not; what is not found is reported when keys are written."""
        channels = tuple(row.channel for row in self.rows if isinstance(row.channel, Channel))
        return Mapping(
            self.profile, channels, tuple(r.channel for r in self.rows if isinstance(r.channel, BoneChannel))
        )

    @property
    def found(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.confidence > 0.0)

    def sentence(self) -> str:
        """For the artist: "MetaHuman: 50 rows matched, 2 to look at, 3 of 52 captured shapes move nothing"."""
        doubtful = sum(row.confidence < DOUBTFUL for row in self.found)
        said = f"{self.profile}: {len(self.found)} row{'s' * (len(self.found) != 1)} matched"
        said += f", {doubtful} to look at" if doubtful else ""
        said += f", {len(self.missing)} of {len(ARKIT)} captured shapes move nothing" if self.missing else ""
        return said


@lru_cache(maxsize=4)
def presets(folder: Path) -> dict[str, Mapping]:
    """The mappings of a folder by their files' names. Raises FieldsError for a damaged one."""
    return {path.stem: mapping.load(path) for path in sorted(folder.glob("*.json"))}


def match(rig: Rig, profiles: dict[str, Mapping]) -> Match:
    """The mapping for a head from the presets: the convention that fits best, gaps filled from the others."""
    names = _Names(rig)
    tried = {name: _against(rig, names, profile, name in OPEN) for name, profile in profiles.items()}
    score = {name: _score(rows) for name, rows in tried.items()}
    probed = [name for name, profile in profiles.items() if _probe(names, profile) >= 0.5 and score[name] >= FEW]
    best = max(probed or tried, key=lambda name: (score[name], _probe(names, profiles[name])))
    rows = tried[best]
    others = [tried[name] for name in sorted(tried, key=lambda name: (name == ANY, -score[name])) if name != best]
    rows += _stand_ins(rig, rows, others)
    spare = _spare(rig, rows, [row for other in others for row in other])
    return Match(profiles[best].name, tuple(rows), spare, missing(rows))


def use(rig: Rig, profile: Mapping, terse: bool = False) -> Match:
    """The mapping for a head from one preset or file, by the artist's choice; `terse`: without what is not found."""
    rows = _against(rig, _Names(rig), profile, terse)
    return Match(profile.name, tuple(rows), _spare(rig, rows, []), missing(rows))


class _Index:
    """Names of one kind, to be found however they are spelt. Of two that are alike in a way, neither is found by it."""

    def __init__(self, names: Sequence[str]) -> None:
        shared = shared_prefixes(names)
        self.exact = {name: name for name in names}
        self.plain = _alike(names, plain)
        self.bare = _alike(names, lambda name: plain(bare(name, shared)))
        self.words = _alike(names, lambda name: words(bare(name, shared)))

    def find(self, wanted: str, loosely: bool = True) -> tuple[str, float] | None:
        """The name that is meant and how sure that is."""
        if wanted in self.exact:
            return wanted, EXACT
        if name := self.plain.get(plain(wanted)):
            return name, SPELLING
        if loosely and (name := self.bare.get(plain(bare(wanted)))):
            return name, PREFIX
        if loosely and (said := words(bare(wanted))) and (name := self.words.get(said)):
            return name, WORDS
        return None


class _Names:
    def __init__(self, rig: Rig) -> None:
        self.keys, self.bones, self.properties = _Index(rig.keys), _Index(rig.bones), _Index(rig.properties)
        # Of a generated rig only what an artist would take hold of.
        self.controls = _Index([name for name in rig.bones if not name.startswith(MECHANICS)])


def _alike(names: Iterable[str], spelt) -> dict:
    found: dict = {}
    for name in names:
        found.setdefault(spelt(name), []).append(name)
    return {key: alike[0] for key, alike in found.items() if key and len(alike) == 1}


def _probe(names: _Names, profile: Mapping) -> float:
    """The share of a convention's own names that the head has."""
    if not profile.probe:
        return 0.0
    found = (
        index.find(name, False) for name in profile.probe for index in (names.keys, names.properties, names.controls)
    )
    return sum(hit is not None for hit in found) / len(profile.probe)


def _against(rig: Rig, names: _Names, profile: Mapping, terse: bool) -> list[Row]:
    """Each row of a profile looked for on the head; `terse`: without the rows that are not found."""
    rows = [_find(rig, names, channel) for channel in profile.channels]
    rows = _once(rows)
    rows = [_by_mirror(row, rows, names) for row in rows]
    needed = [row for row in rows if not _needless(row, rows, rig, names)]
    made = [Row(row.resolved, row.confidence, row.why) for row in needed if row.confidence > 0.0 or not terse]
    made = [_still(rig, row) for row in made]
    return made + [row for row in _bones(names, profile) if row.confidence > 0.0 or not terse]


@dataclass(frozen=True)
class _Found:
    channel: Channel  # as the profile has it
    resolved: Channel  # with the head's own name
    confidence: float
    why: str

    @property
    def wanted(self) -> str:
        return self.channel.target


def _find(rig: Rig, names: _Names, channel: Channel) -> _Found:
    places = [("key", names.keys), ("prop", names.properties)] if channel.key else []
    places = places or ([("bone", names.controls)] if channel.bone else [("prop", names.properties)])
    best: tuple[str, str, float, str] | None = None
    for i, name in enumerate((channel.target, *channel.names)):
        for kind, index in places:
            hit = index.find(name)
            if hit is None:
                continue
            sure = hit[1] * (OTHER_NAME if i else 1.0)
            if kind == "key" and hit[0] in rig.driven and names.properties.find(name, False):
                continue  # the property drives it
            if best is None or sure > best[2]:
                best = kind, hit[0], sure, _HOW[hit[1]] if not i else f"“{name}” is another name for it: {_HOW[hit[1]]}"
    if best is None:
        return _Found(channel, channel, 0.0, f"nothing on this head is called “{channel.target}” or alike")
    kind, name, sure, why = best
    return _Found(channel, _resolved(channel, kind, name), sure, why)


def _resolved(channel: Channel, kind: str, name: str) -> Channel:
    bare_of_names = replace(channel, names=(), unless=(), key="", bone="", prop="")
    return replace(bare_of_names, **{kind: name})


def _once(rows: list[_Found]) -> list[_Found]:
    """Rows that want different targets never share one: the surer keeps it."""
    owner: dict[tuple[str, str], _Found] = {}
    for row in rows:
        if row.confidence > 0.0:
            owner[_place(row)] = max(owner.get(_place(row), row), row, key=lambda r: r.confidence)
    return [
        row
        if row.confidence == 0.0 or owner[_place(row)].wanted == row.wanted
        else _Found(row.channel, row.channel, 0.0, f"“{row.resolved.target}” fits “{owner[_place(row)].wanted}” better")
        for row in rows
    ]


def _place(row: _Found) -> tuple[str, str]:
    """Where a row acts: of bones, the same one may be moved in three directions."""
    return (row.resolved.target, f"{row.resolved.does} {row.resolved.axis}")


def _by_mirror(row: _Found, rows: list[_Found], names: _Names) -> _Found:
    if row.confidence > 0.0 or row.channel.bone:
        return row
    partner = formula.mirrored_formula(row.channel.source)
    taken = {_place(other) for other in rows if other.confidence > 0.0}
    for other in rows:
        if other.channel.source != partner or other.confidence == 0.0 or other is row:
            continue
        name, kind = mirrored_name(other.resolved.target), "key" if other.resolved.key else "prop"
        index = names.keys if kind == "key" else names.properties
        if name in index.exact and (name, " ") not in taken:
            return _Found(
                row.channel, _resolved(row.channel, kind, name), MIRRORED, f"mirror of “{other.resolved.target}”"
            )
    return row


def _needless(row: _Found, rows: list[_Found], rig: Rig, names: _Names) -> bool:
    """Does the head have all targets that show the same in parts?"""
    return bool(row.channel.unless) and all(_shown(name, rows, rig, names) for name in row.channel.unless)


def _shown(name: str, rows: list[_Found], rig: Rig, names: _Names) -> bool:
    asked = [row for row in rows if row.wanted == name]
    if not asked:
        hit = names.keys.find(name, False)
        return hit is not None and hit[0] not in rig.still
    return any((row.confidence > 0.0 and row.resolved.target not in rig.still) or _parts(row, rows) for row in asked)


def _parts(row: _Found, rows: list[_Found]) -> bool:
    """Are the parts there of which this row would be the whole?"""
    there = {other.wanted for other in rows if other.confidence > 0.0}
    return bool(row.channel.unless) and there.issuperset(row.channel.unless)


def _still(rig: Rig, row: Row) -> Row:
    if row.channel.key not in rig.still:  # type: ignore[union-attr]
        return row
    return Row(row.channel, STILL, f"{row.why}, but it moves nothing on this head")


def _bones(names: _Names, profile: Mapping) -> list[Row]:
    """The rotations of a profile on the head's bones. The head's turn is shared out among the bones that are there."""
    rows, taken = [], set()
    for bone in profile.bones:
        hit = _bone(names, bone)
        if hit is None or hit[0] in taken:
            why = f"no bone is called “{bone.bone}” or alike" if hit is None else f"“{hit[0]}” is turned already"
            rows.append(Row(bone, 0.0, why))
            continue
        taken.add(hit[0])
        rows.append(
            Row(replace(bone, bone=hit[0], names=()), hit[1], _HOW[EXACT] if hit[1] == EXACT else "another name for it")
        )
    return _shared_out(rows, [bone for bone in profile.bones if bone.source == "head"])


def _bone(names: _Names, bone: BoneChannel) -> tuple[str, float] | None:
    for i, name in enumerate((bone.bone, *bone.names)):
        if hit := names.bones.find(name, False):
            return hit[0], hit[1] * (OTHER_NAME if i else 1.0)
    return None


def _shared_out(rows: list[Row], heads: list[BoneChannel]) -> list[Row]:
    there = [row for row in rows if row.channel.source == "head" and row.confidence > 0.0]
    if not there:
        # The object turns instead, all the way.
        rows = [row for row in rows if row.channel.source != "head" or row.channel is heads[0]]
        return [
            replace(row, channel=replace(row.channel, gain=_total(heads))) if row.channel.source == "head" else row
            for row in rows
        ]
    share = _total(heads) / _total([row.channel for row in there])  # type: ignore[misc]
    if share == 1.0:
        return [row for row in rows if row.channel.source != "head" or row.confidence > 0.0]
    return [
        replace(row, channel=replace(row.channel, gain=row.channel.gain * share)) if row in there else row
        for row in rows
        if row.channel.source != "head" or row.confidence > 0.0
    ]


def _total(bones: Iterable[BoneChannel]) -> float:
    return sum(bone.gain for bone in bones)


def _score(rows: list[Row]) -> float:
    """How much of a performance the rows show: a point for each source, as sure as its surest row."""
    sure: dict[str, float] = {}
    for row in rows:
        main = row.channel.main if isinstance(row.channel, Channel) else row.channel.source
        # Bones are called alike in many conventions: they decide between equals only.
        points = row.confidence if isinstance(row.channel, Channel) else 0.01 * row.confidence
        sure[main] = max(sure.get(main, 0.0), points)
    return sum(sure.values())


def missing(rows: Iterable[Row]) -> tuple[str, ...]:
    """The ARKit sources that rows, where they are sure enough, show nowhere."""
    shown: set[str] = set()
    for row in rows:
        if row.confidence > STILL:
            if isinstance(row.channel, Channel):
                shown.update(_moves(row.channel))
            else:
                shown.update(row.channel.replaces)
    return tuple(name for name in ARKIT if name not in shown)


def _moves(channel: Channel) -> tuple[str, ...]:
    """The sources that a target shows: all of them where it goes both ways, else those that push it up."""
    both = channel.minimum < 0.0 and channel.maximum > 0.0
    return formula.names(channel.source) if both else _raises(channel.source)


@lru_cache(maxsize=4096)
def _raises(source: formula.Formula) -> tuple[str, ...]:
    """The sources that push a formula up, at a pose or another."""
    names = formula.names(source)
    found = set()
    for slope in (0.0, 0.3):
        pose = {name: 0.5 - slope * i / len(names) for i, name in enumerate(names)}
        for name in names:
            raised = pose | {name: pose[name] + 0.05}
            if _at(source, raised) > _at(source, pose):
                found.add(name)
    return tuple(name for name in names if name in found)


def _at(source: formula.Formula, pose: dict[str, float]) -> float:
    return float(formula.evaluate(source, lambda name: np.array(pose[name])))


def _stand_ins(rig: Rig, rows: list[Row], others: list[list[Row]]) -> list[Row]:
    """Rows of other conventions for what is missing, where nothing that would move them is shown already."""
    lacking = set(missing(row for row in rows if isinstance(row.channel, Channel)))
    taken = {row.channel.target for row in rows if row.confidence > 0.0}
    made = []
    for other in others:
        shown: set[str] = set()
        for row in other:
            channel = row.channel
            if not isinstance(channel, Channel) or channel.prop or row.confidence <= MIRRORED * OTHER_NAME:
                continue
            moves = set(_moves(channel))
            if channel.target in taken or channel.key in rig.still or not moves <= lacking:
                continue
            made.append(Row(channel, STANDS_IN, f"stands in for {channel.main}, which this head shows in no other way"))
            shown |= moves
        taken |= {row.channel.target for row in made}
        lacking -= shown
    return made


def _spare(rig: Rig, rows: list[Row], others: list[Row]) -> dict[str, str]:
    used = {row.channel.target for row in rows if isinstance(row.channel, Channel) and row.confidence > 0.0}
    known = {row.channel.target for row in others if isinstance(row.channel, Channel) and row.confidence > 0.0}
    spare = {}
    for name in rig.keys:
        if name in used:
            continue
        if name in rig.still:
            spare[name] = "it moves nothing"
        else:
            spare[name] = (
                "not needed: other shapes show the same" if name in known else "nothing that is captured is called so"
            )
    return spare


def region_of(source: str) -> str:
    """The region of a row by the text of what it follows; "Other" where that can't be read."""
    try:
        return sources.region(formula.names(formula.parse(source))[0])
    except ValueError:
        return "Other"
