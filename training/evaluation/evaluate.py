"""Measure the shipped regressor, and MediaPipe for comparison, and write the tables of docs/evaluation.md.

    python -m training.evaluation.vroid_head FIGURE.glb --out data/eval/heads
    python -m training.evaluation.render_heads HEADS_FOLDER data/eval/heads --out data/eval     (a Python with bpy)
    python -m training.evaluation.make_test_sets --out data/eval
    python -m training.evaluation.run_mediapipe FACE_LANDMARKER.task data/eval/*-* CLIPS...     (its own Python)
    python -m tools.keyed CLIPS... data/eval/videos[12]-* --out data/eval/keyed                 (a Python with bpy)
    python -m training.evaluation.evaluate --data data/eval [--only-first] [--models-without AUTHOR=FOLDER ...]

Heads by other authors, rendered by another renderer than training's, come first: figures on the renderer and the head
families of training, which come last, are flattering. What is missing is reported as absent. Pictures go through the
whole pipeline of the extension: detector, landmarks, networks, `solve.capture`. Intervals are bootstrapped over people.
"""

import argparse
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np

from fields_blender.core.names import ARKIT

from . import (
    clips,
    closures,
    families,
    labelled,
    left_out,
    measures,
    other_heads,
    readings,
    readout,
    report,
    scores,
    speed,
)
from .readings import Reading, Truth

FAMILIES = families.TRAINED
FIELDS, PEER = "FIELDS", "MediaPipe 0.10.14"
WITH_REST, READ_OUT = "FIELDS, rest face named", "FIELDS, emotion read out"
NEARLY_FRONTAL = 20.0  # degrees: turned from the camera by less than this
VARIED = ("sessions", "stills")  # sets on which variants are measured as well
OF_SET: dict[str, Callable[[Truth, Reading], scores.Figures]] = {
    "sessions": scores.stills,
    "stills": scores.stills,
    "videos": scores.videos,
    "ramps": scores.ramps,
    "sweeps": scores.sweeps,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/eval"), help="the test sets")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--clips", type=Path, default=clips.CLIPS, help="folder of the real clips")
    parser.add_argument(
        "--labelled", type=Path, default=labelled.FOLDER, help="folder of the clips with acted emotions"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    parser.add_argument("--json", type=Path, help="also write all figures here")
    parser.add_argument("--resamples", type=int, default=1000, help="of the bootstrap; 0 for no intervals")
    parser.add_argument(
        "--compare",
        nargs="*",
        default=[],
        metavar="NAME=PATH",
        help="for the table of variants: folders of other models, or files that --json wrote for them on the same sets",
    )
    parser.add_argument(
        "--models-without",
        nargs="*",
        default=[],
        metavar="AUTHOR=FOLDER",
        help=f"networks trained without an author's heads, to be tested on them: {', '.join(left_out.AUTHORS)}",
    )
    parser.add_argument(
        "--only-first",
        action="store_true",
        help="leave out the sets of the renderer and the head families of training: hours on two cores",
    )
    options = parser.parse_args()
    without = authors(parser, options.models_without)
    results: dict = {
        "date": date.today().isoformat(),
        "heads": other_heads.measured(options.data, options.models),
        "labelled": labelled.measured(options.labelled, options.models, options.data),
        "left out": left_out.measured(options.data, options.models, without),
        "clips": clips.measured(options.clips, options.models, options.data),
        "closures": closures.measured(options.data / "keyed"),
    }
    first = report.other_heads(results)
    print(first, flush=True)
    truths = {} if options.only_first else sets(options.data)
    compared = [pair.split("=", 1) for pair in options.compare]
    results |= of_training(truths, options.models, options.resamples)
    results["variants"] = {name: variant(truths, Path(folder)) for name, folder in compared}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    text = report.markdown(results)
    print(text)
    if results["heads"]["measured"] or results["clips"]:
        report.insert(options.out, first, report.HEADS)
    if truths:
        report.insert(options.out, text)


def authors(parser: argparse.ArgumentParser, pairs: list[str]) -> dict[str, Path]:
    """Author -> folder, of "author=folder". Ends the program for an author or a folder that isn't there."""
    without = {}
    for author, _, folder in (pair.partition("=") for pair in pairs):
        if author not in left_out.AUTHORS or not folder or not Path(folder).is_dir():
            parser.error(f"--models-without {author}={folder}: no such author or folder")
        without[author] = Path(folder)
    return without


def of_training(truths: dict[str, Truth], models: Path, resamples: int) -> dict:
    """All figures of the sets that the renderer and the head families of training made."""
    if not truths:
        return {"sets": {}, "channels": {}, "people": {}, "names": list(ARKIT), "fairness": {}}
    trackers = trackers_of(truths, models)
    results = measured(truths, trackers, resamples)
    return {**results, "fairness": fairness(truths, trackers[0]), "speed": speed.milliseconds(models)}


def trackers_of(truths: dict[str, Truth], models: Path) -> list["Tracker"]:
    """FIELDS as it ships and two variants of it for comparison; and MediaPipe where it was run."""
    ours = Tracker(FIELDS, {key: readings.fields(truth, models) for key, truth in truths.items()})
    stills = {key: readings.fields_with_rest(truth, models) for key, truth in truths.items() if truth.name == "stills"}
    readable = any(truth.name == "readout" for truth in truths.values())
    trackers = [ours, Tracker(WITH_REST, stills)] + ([ours.with_readout(truths, READ_OUT)] if readable else [])
    theirs = {key: readings.mediapipe(truth.folder / "mediapipe.npz") for key, truth in truths.items()}
    if all(reading is not None for reading in theirs.values()):
        peer = Tracker(PEER, {key: reading for key, reading in theirs.items() if reading is not None})
        trackers.append(peer.with_readout(truths, PEER) if readable else peer)
    return trackers


class Tracker:
    """One tracker's readings of some test sets."""

    def __init__(self, name: str, of_set: dict[str, Reading]) -> None:
        self.name, self.readings = name, of_set

    def with_readout(self, truths: dict[str, Truth], name: str) -> "Tracker":
        """The same weights, with the emotion read out of them by `readout`, trained on the "readout" sets."""
        train = [key for key in truths if truths[key].name == "readout"]
        weights = np.concatenate([self.readings[key].weights for key in train])
        emotion = np.concatenate([truths[key]["emotion"] for key in train])
        affect = np.concatenate(
            [np.column_stack([scores.valence_arousal(truths[key]), truths[key]["intensity"]]) for key in train]
        )
        has_face = ~np.isnan(weights).all(axis=1)
        read = readout.train(weights[has_face], emotion[has_face], affect[has_face])
        found = {
            key: Reading(reading.weights, reading.rotation, *read(reading.weights))
            for key, reading in self.readings.items()
        }
        return Tracker(name, found)


def sets(folder: Path) -> dict[str, Truth]:
    """All test sets of training's head families by folder name, such as "stills-ict"; {} if there are none."""
    paths = [path.parent for path in sorted(folder.glob("*-*/truth.npz"))]
    return {path.name: readings.truth_of(path) for path in paths if path.name.rsplit("-", 1)[1] in FAMILIES}


def measured(truths: dict[str, Truth], trackers: list[Tracker], resamples: int) -> dict:
    """All figures: set -> tracker -> name -> [value, low, high]; and channels of sessions, stills and videos."""
    results: dict = {"sets": {}, "channels": {}, "people": {}, "names": list(ARKIT)}
    for name, figures_of in OF_SET.items():
        keys = [key for key in truths if truths[key].name == name]
        if not keys:
            continue
        measured_on = [tracker for tracker in trackers if all(key in tracker.readings for key in keys)]
        # Only pictures in which all trackers find a face, so that all are measured on the same.
        found = {key: np.all([tracker.readings[key].found for tracker in measured_on], axis=0) for key in keys}
        parts = [(FAMILIES[key.rsplit("-", 1)[1]], {key: found[key]}) for key in keys] + [("all heads", found)]
        if name == "stills":
            near = {key: found[key] & (_turned(truths[key]) < NEARLY_FRONTAL) & truths[key]["clear"] for key in keys}
            parts.append(("all heads, nearly frontal and clear", near))
        for label, rows in parts:
            truth = readings.pooled([truths[key] for key in rows], list(rows.values()))
            at = f"{name}, {label}"
            results["people"][at] = [len(np.unique(truth["person"])), len(truth)]
            for tracker in measured_on:
                reading = readings.joined([tracker.readings[key].rows(some) for key, some in rows.items()])
                figures = {key: [value] for key, value in figures_of(truth, reading).items()}
                if name in ("sessions", "stills", "videos"):
                    for key, ends in bootstrap(figures_of, truth, reading, resamples).items():
                        figures[key] += ends
                    if len(rows) == 1:
                        figures |= {key: [value] for key, value in scores.rotation(truth, reading).items()}
                    table = scores.channels(truth, reading)
                    results["channels"].setdefault(at, {})[tracker.name] = {k: v.tolist() for k, v in table.items()}
                share = np.concatenate([tracker.readings[key].found for key in rows]).mean()
                figures["faces found, share"] = [float(share)]
                results["sets"].setdefault(at, {})[tracker.name] = figures
    return results


def _turned(truth: Truth) -> np.ndarray:
    """(n,) degrees by which the heads are turned from the camera."""
    return measures.rotation_error(truth["turns"], np.broadcast_to(np.eye(3), truth["turns"].shape))


def fairness(truths: dict[str, Truth], tracker: Tracker) -> dict[str, scores.Figures]:
    """Figures of the stills, split into thirds by skin tone and into thirds by age."""
    keys = [key for key in truths if truths[key].name == "stills"]
    figures: dict[str, scores.Figures] = {}
    if not keys:
        return figures
    for trait, names in (("tone", ("dark", "middle", "light")), ("age", ("smooth", "middle-aged", "lined"))):
        ends = np.quantile(np.concatenate([truths[key][trait] for key in keys]), [0, 1 / 3, 2 / 3, 1])
        for name, low, high in zip(names, ends[:-1], ends[1:], strict=True):
            some = {key: (truths[key][trait] >= low) & (truths[key][trait] <= high) for key in keys}
            rows = {key: some[key] & tracker.readings[key].found for key in keys}
            reading = readings.joined([tracker.readings[key].rows(rows[key]) for key in keys])
            truth = readings.pooled([truths[key] for key in keys], list(rows.values()))
            share = sum(map(np.sum, rows.values())) / sum(map(np.sum, some.values()))
            figures[f"{name} skin"] = {**scores.stills(truth, reading), "faces found, share": float(share)}
    return figures


def bootstrap(figures_of, truth: Truth, reading: Reading, resamples: int) -> dict[str, list[float]]:
    """95 % interval [low, high] of every figure of a set, bootstrapped over people."""
    if not resamples:
        return {}
    names = list(figures_of(truth, reading))

    def score(rows: np.ndarray) -> np.ndarray:
        arrays = {key: values if key == "motion" else values[rows] for key, values in truth.arrays.items()}
        figures = figures_of(Truth(truth.name, truth.folder, arrays), reading.rows(rows))
        return np.array([figures[name] for name in names])

    low, high = measures.interval(truth["person"], score, resamples)
    return {name: [float(a), float(b)] for name, a, b in zip(names, low, high, strict=True)}


def variant(truths: dict[str, Truth], path: Path) -> dict[str, scores.Figures]:
    """Another model's figures on each head family: measured now, or read from a file of --json."""
    figures = {}
    before = json.loads(path.read_text(encoding="utf-8"))["sets"] if path.suffix == ".json" else None
    for key, truth in truths.items():
        at = f"{truth.name}, {FAMILIES[key.rsplit('-', 1)[1]]}"
        if truth.name not in VARIED or (before and at not in before):
            continue
        if before:
            figures[at] = {name: value[0] for name, value in before[at][FIELDS].items()}
        else:
            reading = readings.fields(truth, path)
            figures[at] = scores.stills(readings.pooled([truth], [reading.found]), reading.rows(reading.found))
    return figures


if __name__ == "__main__":
    main()
