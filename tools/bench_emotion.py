"""Does emotion intensity scale the emotion and leave the words as they are? Measured on the demo head's mesh.

    python -m tools.bench_emotion [VIDEO or TRACK.npz ...]

Without arguments: the sample clip's truth, the sample clip captured, and the shared clips if there are any. Videos
are captured and smoothed, as in baking; a track is taken as it is. Gains are measured along each emotion's expression
in the regressor's training data (training/people/expressions.py), in frames that show it.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import open_video
from fields_blender.capture.solve import capture
from fields_blender.core import track
from fields_blender.core.arkit import to_arkit
from fields_blender.core.names import ARKIT, EMOTIONS, EXPRESSION
from fields_blender.core.track import Track
from fields_blender.geometry import demo_head
from fields_blender.shape import emotion, smooth
from tools import shared_data
from training.people.expressions import AU, INDEX, PROTOTYPES

ROOT = Path(__file__).parents[1]
MODELS = ROOT / "models"
INTENSITIES = (0.0, 0.5, 1.0, 1.5, 2.0)
SHUT, STILL_SHUT = 0.010, 0.015  # gap of the lips beyond that at rest, in mouth widths
SHOWN, LONG_ENOUGH = 0.3, 0.5  # probability of an emotion from which a frame shows it; s
# Vertices (upper lip, lower lip) where the lips of the demo head meet, from its right to its left.
LIPS = np.array([[1782, 535], [472, 517], [474, 523], [2666, 2702], [3896, 2718]])


class Mouth:
    """The lips of the demo head under ARKit weights."""

    def __init__(self) -> None:
        head = demo_head.load(MODELS / "demo_head.npz")
        lip = head.corner_vertex[np.repeat(head.face_material, head.face_size) == head.materials.index("lip")]
        lip = lip[head.vertices[lip, 2] > 0.1]
        left, right = (lip[pick(head.vertices[lip, 0])] for pick in (np.argmax, np.argmin))
        self._rows = np.append(LIPS.ravel(), [left, right])
        self._rest = head.vertices[self._rows].astype(np.float64)
        self._moves = np.zeros((len(ARKIT), len(self._rows), 3))
        for number, name in enumerate(ARKIT):
            moves = np.zeros_like(head.vertices)
            moves[head.keys[name][0]] = head.keys[name][1]
            self._moves[number] = moves[self._rows]
        self.rest_width = float(np.linalg.norm(self._rest[-2] - self._rest[-1]))

    def shape(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The gap of the lips beyond that at rest (n, 5) and the width of the mouth (n,), in mouth widths at rest."""
        points = self._rest + np.tensordot(weights, self._moves, axes=1)
        apart = points[:, 0:10:2, 1] - points[:, 1:10:2, 1]
        apart -= (self._rest[0:10:2, 1] - self._rest[1:10:2, 1])[None]
        return apart / self.rest_width, np.linalg.norm(points[:, -2] - points[:, -1], axis=1) / self.rest_width


@dataclass(frozen=True)
class Measures:
    """Lists have one number for each of INTENSITIES."""

    gains: dict[str, list[float]]  # emotion -> strength of its slow part, relative to the performance's
    lips: list[float]  # correlation of the lips' gap above 2 Hz with the performance's
    width: list[float]  # the same for the mouth's width
    closed: int  # frames with closed lips
    recall: list[float]  # share of them in which the lips stay closed
    saturated: list[float]  # share of all weights within 5 % of their ceiling
    untouched: bool  # jaw, lids, gaze and head are equal bit by bit, so the jaw's timing is too
    monotone: bool  # every emotion shown grows with the intensity, and remains the one shown most


def measure(performance: Track, mouth: Mouth) -> Measures:
    """Measure emotion intensity on the demo head's mesh, at each of INTENSITIES."""
    found = emotion.find(performance)
    time, before = performance.time, _weights(performance)
    apart, width = mouth.shape(before)
    apart = apart.max(axis=1)
    shut = apart < SHUT
    shown = _shown(performance)
    slow = emotion.low_pass(time, before, 1.0)
    gains: dict[str, list[float]] = {name: [] for name in shown}
    lips, widths, recall, saturated, untouched, most = [], [], [], [], True, []
    for intensity in INTENSITIES:
        played = found.at(intensity)
        after = _weights(played)
        slow_after = emotion.low_pass(time, after, 1.0)
        for name, rows in shown.items():
            gains[name].append(float((slow_after[rows] @ LOOKS[name]).sum() / (slow[rows] @ LOOKS[name]).sum()))
            most.append(intensity == 0.0 or _most(slow_after[rows]) == _most(slow[rows]))
        apart_after, width_after = mouth.shape(after)
        apart_after = apart_after.max(axis=1)
        lips.append(_quick_alike(time, apart, apart_after))
        widths.append(_quick_alike(time, width, width_after))
        recall.append(float((apart_after[shut] < STILL_SHUT).mean()) if shut.any() else 1.0)
        saturated.append(float((after > 0.95 * CEILINGS).mean()))
        untouched &= all((played[n].tobytes() == performance[n].tobytes()) for n in ("jaw", "eyelids", "gaze", "head"))
    monotone = all(most) and all((np.diff(values) > 0).all() for values in gains.values())
    return Measures(gains, lips, widths, int(shut.sum()), recall, saturated, untouched, monotone)


def _weights(performance: Track) -> np.ndarray:
    """ARKit weights (n, 52)."""
    return to_arkit(*(performance[name].astype(np.float64) for name in ("expression", "jaw", "eyelids", "gaze")))


def _look(name: str) -> np.ndarray:
    weights = np.zeros(len(ARKIT))
    for unit, strength in PROTOTYPES[name][0].items():
        for shape, share in AU[unit].items():
            weights[INDEX[shape]] = share * strength
    return weights


LOOKS = {name: _look(name) for name in EMOTIONS[1:]}
CEILINGS = np.full(len(ARKIT), np.inf)
for carrier in emotion.CARRIERS:
    CEILINGS[[INDEX[EXPRESSION[column]] for column in carrier.columns]] = carrier.ceiling


def _shown(performance: Track) -> dict[str, np.ndarray]:
    """Emotion -> the frames (n,) bool that show it, for emotions shown long enough in total."""
    rows = {name: performance["emotion"][:, EMOTIONS.index(name)] > SHOWN for name in EMOTIONS[1:]}
    step = np.median(np.diff(performance.time))
    return {name: shows for name, shows in rows.items() if shows.sum() * step >= LONG_ENOUGH}


def _most(weights: np.ndarray) -> str:
    """The emotion whose expression is closest to weights (n, 52)."""
    mean = weights.mean(axis=0)
    return max(LOOKS, key=lambda name: float(mean @ LOOKS[name] / np.linalg.norm(LOOKS[name])))


def _quick_alike(time: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of the parts above 2 Hz of two signals (n,)."""
    quick = [signal - emotion.low_pass(time, signal[:, None], 2.0)[:, 0] for signal in (a, b)]
    return float(np.corrcoef(quick)[0, 1])


def main() -> None:
    """Print a table for each performance."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("performances", nargs="*", type=Path, metavar="VIDEO or TRACK.npz")
    chosen = parser.parse_args().performances or [
        ROOT / "samples" / "performance.npz",
        ROOT / "samples" / "performance.mp4",
        *sorted(shared_data.find("data", "clips").glob("*.mp4")),
    ]
    mouth = Mouth()
    for path in chosen:
        _print(path.name, measure(_track(path), mouth))


def _track(path: Path) -> Track:
    if path.suffix == ".npz":
        return track.load(path)
    work = capture(open_video(path), MODELS)
    while True:
        try:
            next(work)
        except StopIteration as done:
            return smooth.smooth(done.value)


def _print(name: str, measured: Measures) -> None:
    def line(title: str, values: list[float], form: str = "8.3f") -> None:
        print(f"  {title:40s}" + "".join(format(value, form) for value in values))

    print(f"{name}: {measured.closed} frames with closed lips")
    line("intensity asked", list(INTENSITIES), "8.1f")
    for shown, gains in measured.gains.items():
        line(f"{shown} achieved", gains)
    line("lips > 2 Hz, correlation (0.98)", measured.lips)
    line("mouth width > 2 Hz, correlation", measured.width)
    line("closed lips stay closed (0.99)", measured.recall)
    line("saturated share (0.01)", measured.saturated, "8.4f")
    print(f"  jaw, lids, gaze, head untouched: {measured.untouched}; emotion rises, same class: {measured.monotone}\n")


if __name__ == "__main__":
    main()
