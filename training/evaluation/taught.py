"""How much a few corrected frames teach: truth is put in at the frames that FIELDS suggests, the others are measured.

    python -m training.evaluation.taught --data data/eval

On the sample clip, and on the videos of heads by other authors where `render_heads` has made them: the mean error of
the frames that were not corrected, over all channels of a head, before and after; and the channel that gets worse most.
"""

import argparse
from collections.abc import Generator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import numpy as np

from fields_blender.capture.clip import Clip, PicturePiece, open_video
from fields_blender.capture.solve import capture
from fields_blender.core import track as tracks
from fields_blender.core.arkit import from_arkit, to_arkit
from fields_blender.core.track import Track
from fields_blender.shape.corrections import CHANNELS, Correction, pose
from fields_blender.shape.likeness import suggested
from fields_blender.shape.spread import apply

from . import families

COUNTS = (3, 5, 10)
MARKS = (
    "<!-- corrections: begin (training/evaluation/taught.py writes what follows) -->",
    "<!-- corrections: end -->",
)
SAMPLE = Path("samples/performance.mp4")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lesson:
    """`before`, `after`: the mean error of the frames that were not corrected, in weights. `worst`: by how much the
    channel rises that gets worse most; below 0 where none does."""

    count: int
    before: float
    after: float
    worst: float

    @property
    def falls(self) -> float:
        """The share of the error that is gone."""
        return 1.0 - self.after / self.before


def lessons(read: Track, truth: np.ndarray, present: np.ndarray) -> list[Lesson]:
    """What each of COUNTS corrections teaches. `truth` (n, 52) ARKit weights; `present` (52,): channels of the head."""
    right = np.where(present, truth, arkit(read))
    wanted, now = pose(read.with_groups(from_arkit(right))), pose(read)
    before = np.abs(arkit(read) - truth)[:, present]
    found = []
    for count in COUNTS:
        rows = suggested(read, [], count)
        after = np.abs(arkit(apply(read, [_truth(read.time[i], now[i], wanted[i]) for i in rows])) - truth)[:, present]
        others = np.setdiff1d(np.flatnonzero(read.found), rows)
        worst = (after[others].mean(axis=0) - before[others].mean(axis=0)).max()
        found.append(Lesson(len(rows), float(before[others].mean()), float(after[others].mean()), float(worst)))
    return found


def _truth(time: float, now: np.ndarray, wanted: np.ndarray) -> Correction:
    """A correction of everything but the head's rotation, whose zero is a convention of each head."""
    return Correction(
        float(time),
        {name: float(wanted[i] - now[i]) for i, name in enumerate(CHANNELS) if not name.startswith("head")},
    )


def arkit(track: Track) -> np.ndarray:
    return to_arkit(track["expression"], track["jaw"], track["eyelids"], track["gaze"])


def sample(models: Path, clip: Path = SAMPLE) -> list[Lesson]:
    """On the sample clip, whose truth lies beside it."""
    truth = tracks.load(clip.with_suffix(".npz"))
    return lessons(_drained(capture(open_video(clip), models)), arkit(truth), np.ones(52, bool))


def measured(data: Path, models: Path) -> dict[str, list[Lesson]]:
    """Clip -> its lessons; the sample clip first."""
    found = {"sample clip": sample(models)}
    heads = {head for family in families.OTHERS.values() for head in family}
    for folder in sorted(data.glob("videos[12]-*")):
        if folder.name.partition("-")[2] in heads and (folder / "truth.npz").exists():
            truth = np.load(folder / "truth.npz")
            pictures = tuple(str(path) for path in sorted(folder.glob("*.png")))
            clip = Clip((PicturePiece(pictures, tuple(truth["time"].tolist())),), {})
            read = _drained(capture(clip, models))
            present = truth["present"].astype(bool)
            found[folder.name] = lessons(read, truth["weights"] * present, present)
    return found


def page(found: dict[str, list[Lesson]]) -> str:
    """The table, as Markdown."""
    head = ["clip", "mean error, uncorrected"]
    head += [f"{count} frames: {what}" for count in COUNTS for what in ("error falls by", "worst channel")]
    lines = [f"Measured {date.today().isoformat()}.\n", f"| {' | '.join(head)} |", "| --- |" + " ---: |" * 7]
    for name, row in found.items():
        numbers = [f"{row[0].before:.3f}"]
        numbers += [text for each in row for text in (f"{each.falls:.0%}", f"{each.worst:+.3f}")]
        lines.append(f"| {name} | {' | '.join(numbers)} |")
    heads = [row for name, row in found.items() if name != "sample clip"]
    if heads:
        mean = [f"{np.mean([row[0].before for row in heads]):.3f}"]
        for i in range(len(COUNTS)):
            mean += [f"{np.mean([row[i].falls for row in heads]):.0%}", f"{max(row[i].worst for row in heads):+.3f}"]
        lines.append(f"| **heads by other authors: mean, and worst of all** | {' | '.join(mean)} |")
    return "\n".join([*lines, ""])


def _drained(work: Generator[object, None, Result]) -> Result:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def main() -> None:
    from . import report

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/eval"), help="the test sets")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--out", type=Path, default=Path("docs/evaluation.md"))
    options = parser.parse_args()
    text = page(measured(options.data, options.models))
    print(text)
    report.insert(options.out, text, MARKS)


if __name__ == "__main__":
    main()
