"""Leave one author out: networks trained without an author's heads, tested on that author's heads.

The mean over the authors is the number that choices between networks are made by. Who shipped networks were trained on
they flatter; so their figures on the same pictures say how much of that is flattery.
"""

from pathlib import Path

from . import families, other_heads, readings
from .readings import Reading, Truth

NEVER = (families.VALIDATION, families.STYLISED)  # trained on, so never left out
# What an author is called on the command line -> title. One author's heads share their shapes.
AUTHORS = {
    **families.TRAINED,
    **{name.lower().replace(" ", ""): name for name in families.OTHERS if name not in NEVER},
}
WITHOUT, SHIPPED, PEER = "trained without them", "shipped", other_heads.PEER


def measured(data: Path, models: Path, without: dict[str, Path]) -> dict[str, dict]:
    """Kind, "stills" (nothing named) or "videos" -> author's title -> tracker -> figures.

    `without`: author of AUTHORS -> folder of the networks that were trained on all the others.
    """
    results: dict[str, dict] = {}
    for author, folder in without.items():
        for kind in other_heads.SETS:
            heads = [other_heads.Read(sets, _trackers(folder), models) for sets in sets_of(data, author, kind)]
            if heads:
                results.setdefault(kind, {})[AUTHORS[author]] = other_heads.figures(heads, kind)
    return results


def sets_of(data: Path, author: str, kind: str) -> list[list[Truth]]:
    """The sets that are there, those of a head together."""
    if author in families.TRAINED:
        folders = [[data / f"{kind}-{author}"]]
    else:
        folders = [
            [data / f"{name}-{head}" for name in other_heads.SETS[kind]] for head in families.OTHERS[AUTHORS[author]]
        ]
    found = [[readings.truth_of(path) for path in paths if (path / "truth.npz").exists()] for paths in folders]
    return [sets for sets in found if sets]


def _trackers(folder: Path) -> dict[str, other_heads.Reader]:
    def without(truth: Truth, _models: Path) -> Reading:
        return readings.fields(truth, folder)

    return {WITHOUT: without, SHIPPED: readings.fields, PEER: other_heads.mediapipe}
