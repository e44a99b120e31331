"""How well heads by other authors, rendered by another renderer, are read: what `render_heads` made.

The training's renderer and head families flatter a regressor; these sets share neither with it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import families, measures, readings, scores
from .readings import Reading, Truth

FIELDS, KEYED, PEER = "FIELDS", "FIELDS, keyed", "MediaPipe"
SETS = {"stills": ("stills",), "videos": ("videos1", "videos2")}  # kind -> the folders' names without the head
Reader = Callable[[Truth, Path], Reading | None]


def mediapipe(truth: Truth, _models: Path) -> Reading | None:
    return readings.mediapipe(truth.folder / "mediapipe.npz")


def keyed(truth: Truth, _models: Path) -> Reading | None:
    """What the keys of a default bake play (`tools.keyed`), in the frames of the set."""
    return readings.keyed(truth.folder.parent / "keyed" / f"{truth.folder.name}.npz", truth["time"])


# Kind -> tracker -> how it reads a set. Videos are clips, in which FIELDS finds the frames at rest by itself.
TRACKERS: dict[str, dict[str, Reader]] = {
    "stills": {
        FIELDS: readings.fields,
        "FIELDS, same person": readings.fields_same_person,
        "FIELDS, rest face named": readings.fields_with_rest,
        PEER: mediapipe,
    },
    "videos": {FIELDS: readings.fields, KEYED: keyed, PEER: mediapipe},
}


def measured(data: Path, models: Path) -> dict:
    """{"measured": titles of heads, "absent": names of sets, "stills" and "videos": row -> tracker -> figures}.

    A row is a head, or a family of several heads, pooled. The validation family comes first.
    """
    results: dict = {"measured": [], "absent": []}
    for kind, trackers in TRACKERS.items():
        results[kind] = {}
        for family, heads in families.OTHERS.items():
            rows = {}
            for head in heads:
                sets = []
                for name in SETS[kind]:
                    folder = data / f"{name}-{head}"
                    if (folder / "truth.npz").exists():
                        sets.append(readings.truth_of(folder))
                    else:
                        results["absent"].append(folder.name)
                if sets:
                    rows[families.title(family, head)] = Read(sets, trackers, models)
            results["measured"] += [title for title in rows if title not in results["measured"]]
            if len(rows) > 1:
                results[kind][_pooled_title(family)] = figures([read for read in rows.values()], kind)
            results[kind] |= {title: figures([read], kind) for title, read in rows.items()}
    return results


def _pooled_title(family: str) -> str:
    return f"{family}, pooled" + (" (validation)" if family == families.VALIDATION else "")


class Read:
    """One head: its sets as one Truth, and the readings of all trackers that were run on all of them."""

    def __init__(self, sets: list[Truth], trackers: dict[str, Reader], models: Path) -> None:
        self.truth = readings.pooled(sets, [np.ones(len(truth), bool) for truth in sets])
        self.readings: dict[str, Reading] = {}
        for name, reader in trackers.items():
            parts = [reader(truth, models) for truth in sets]
            if all(part is not None for part in parts):
                self.readings[name] = readings.joined([part for part in parts if part is not None])


def figures(heads: list[Read], kind: str) -> dict[str, scores.Figures]:
    """Tracker -> its figures on these heads together, over the pictures in which all trackers find a face."""
    names = [name for name in heads[0].readings if all(name in head.readings for head in heads)]
    found = [np.all([head.readings[name].found for name in names], axis=0) for head in heads]
    truth = readings.pooled([head.truth for head in heads], found)
    of_tracker = {}
    for name in names:
        parts = [head.readings[name].rows(some) for head, some in zip(heads, found, strict=True)]
        row = of_set(truth, readings.joined(parts), kind)
        # Where "straight ahead" lies is a convention of each head, so its error is measured head by head.
        if parts[0].rotation is not None:
            row["head rotation, degrees"] = float(
                np.average(
                    [
                        scores.rotation(readings.pooled([head.truth], [some]), part)["head rotation, degrees"]
                        for head, some, part in zip(heads, found, parts, strict=True)
                    ],
                    weights=[some.sum() for some in found],
                )
            )
        share = np.concatenate([head.readings[name].found for head in heads]).mean()
        of_tracker[name] = {**row, "faces found, share": float(share), "pictures": int(sum(map(np.sum, found)))}
    return of_tracker


def of_set(truth: Truth, reading: Reading, kind: str) -> scores.Figures:
    """The figures, without the error of the head's rotation. NaN for what a tracker hasn't, emotion or rotation."""
    at_rest = ~truth["weights"].any(axis=1)
    emotion = {"emotion, accuracy of 7": np.nan}
    if reading.emotion is not None:
        emotion = scores.emotion(truth, reading, truth["intensity"] > scores.SHOWN, "emotion")
    row = {
        **scores.expression(truth, reading),
        **emotion,
        "neutral bias": measures.neutral_bias(np.nan_to_num(reading.weights[at_rest])),
        "yaw slope": np.nan,
    }
    if reading.rotation is not None:
        row["yaw slope"] = scores.slope(measures.yaw(reading.rotation), measures.yaw(truth["turns"]))
    if kind == "videos":
        row["blink F1 at .5, events"] = scores.blinks(truth, reading)
    return row
