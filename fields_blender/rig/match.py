"""Which of a head's shape keys, bones and properties follow what: found by their names.

Each convention is a mapping in models/mappings. The one that fits the head best is taken (`match_mapping`), and what it
leaves open is filled from the others.
"""

from functools import lru_cache
from pathlib import Path

from . import mapping_file
from .mapping import Channel, Mapping
from .match_mapping import MIRRORED, OTHER_NAME, match_rows, probe
from .match_result import Match, Row, missing, shown_by
from .rig_index import Rig, RigIndex

STANDS_IN = 0.5  # the confidence in a row of another convention
# The preset of plain words, for heads that follow no convention.
ANY = "any"
# Presets that offer more rows than any head has: those that are not found are left out.
OPEN = (ANY, "bones")
# A convention of which the head shows fewer sources is not the one it follows, whatever its probe says.
FEWEST_SOURCES = 3
_PROBED = 0.5  # share of a convention's probe that a head must have


@lru_cache(maxsize=4)
def presets(folder: Path) -> dict[str, Mapping]:
    """The mappings of a folder by the stems of their files. Raises FieldsError for a damaged one."""
    return {path.stem: mapping_file.load(path) for path in sorted(folder.glob("*.json"))}


def match(rig: Rig, profiles: dict[str, Mapping]) -> Match:
    """The mapping for a head from the presets: the convention that fits best, gaps filled from the others."""
    names = RigIndex(rig)
    tried = {name: match_rows(names, profile, name in OPEN) for name, profile in profiles.items()}
    score = {name: _score(rows) for name, rows in tried.items()}
    probed = {name: probe(names, profile) for name, profile in profiles.items()}
    likely = [name for name in profiles if probed[name] >= _PROBED and score[name] >= FEWEST_SOURCES]
    best = max(likely or tried, key=lambda name: (score[name], probed[name]))
    rows = tried[best]
    others = [tried[name] for name in sorted(tried, key=lambda name: (name == ANY, -score[name])) if name != best]
    rows += _stand_ins(rig, rows, others)
    spare = _spare(rig, rows, [row for other in others for row in other])
    return Match(profiles[best].name, tuple(rows), spare, missing(rows))


def use(rig: Rig, profile: Mapping, terse: bool = False) -> Match:
    """The mapping for a head from one preset or file, by the artist's choice; `terse`: without what is not found."""
    rows = match_rows(RigIndex(rig), profile, terse)
    return Match(profile.name, tuple(rows), _spare(rig, rows, []), missing(rows))


def _score(rows: list[Row]) -> float:
    """How much of a performance the rows show: the sum over all sources of the confidence in their surest row."""
    best: dict[str, float] = {}
    for row in rows:
        source = row.channel.main if isinstance(row.channel, Channel) else row.channel.source
        # Bones have the same names in many conventions: they only decide between equals.
        points = row.confidence if isinstance(row.channel, Channel) else 0.01 * row.confidence
        best[source] = max(best.get(source, 0.0), points)
    return sum(best.values())


def _stand_ins(rig: Rig, rows: list[Row], others: list[list[Row]]) -> list[Row]:
    """Rows of other conventions for missing sources, where all that they show is missing and their target is free."""
    lacking = set(missing(row for row in rows if isinstance(row.channel, Channel)))
    taken = {row.channel.target for row in rows if row.confidence > 0.0}
    made = []
    for other in others:
        shown: set[str] = set()
        for row in other:
            channel = row.channel
            if not isinstance(channel, Channel) or channel.prop or row.confidence <= MIRRORED * OTHER_NAME:
                continue
            shows = set(shown_by(channel))
            if channel.target in taken or channel.key in rig.still or not shows <= lacking:
                continue
            made.append(Row(channel, STANDS_IN, f"stands in for {channel.main}, which this head shows in no other way"))
            shown |= shows
        taken |= {row.channel.target for row in made}
        lacking -= shown
    return made


def _spare(rig: Rig, rows: list[Row], others: list[Row]) -> dict[str, str]:
    """The shape keys that follow nothing, each with the reason; `others`: rows of the other conventions."""
    used, known = _targets(rows), _targets(others)
    spare = {}
    for name in rig.keys:
        if name in used:
            continue
        if name in rig.still:
            spare[name] = "it moves nothing"
        elif name in known:
            spare[name] = "not needed: other shapes show the same"
        else:
            spare[name] = "no captured source goes by this name"
    return spare


def _targets(rows: list[Row]) -> set[str]:
    return {row.channel.target for row in rows if isinstance(row.channel, Channel) and row.confidence > 0.0}
