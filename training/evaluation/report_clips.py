"""The figures of the real clips as tables."""

import numpy as np

from . import clips, contrasts, measures
from .tables import number, table

GEOMETRY = [f"r of {name}" for name in clips.GEOMETRY]
PLAIN = ("bias at rest", "bias, its own quietest tenth", "jitter, still", "agreement with MediaPipe, mean r")
OF_A_CLIP = (*GEOMETRY, "bias at rest", "jitter, still")  # columns of the table clip by clip

Figures = dict[str, dict[str, dict]]  # measure -> tracker -> clip -> number, or numbers


def sections(found: Figures) -> list[str]:
    """Means over the clips, then clip by clip, then movement by movement."""
    if not found:
        return ["## Real clips\n", "Not measured: the clips are missing.\n"]
    trackers = list(found["blinks"])
    count = max(len(of_clip) for of_clip in found["blinks"].values())
    parts = [f"## Real clips: {count}\n", table(["measure", *trackers], _means(found, trackers))]
    shown = [tracker for tracker in trackers if "frame by frame" not in tracker]
    head = ["clip", *OF_A_CLIP, "blinks agreeing, invented, missed"]
    parts += [f"### Clip by clip: {' / '.join(shown)}\n", table(head, _by_clip(found, shown))]
    parts += ["### Label by label and movement by movement\n"]
    return [*parts, table(["what and where", *trackers], [*_labels(found, trackers), *_movements(found, trackers)])]


def _means(found: Figures, trackers: list[str]) -> list[list[str]]:
    rows = []
    for measure in (*GEOMETRY, *PLAIN):
        of_tracker = {t: list(found.get(measure, {}).get(t, {}).values()) for t in trackers}
        count = max(map(len, of_tracker.values()))
        rows.append([f"{measure} (mean of {count} clips)", *(number(mean(of_tracker[t])) for t in trackers)])
        if measure == GEOMETRY[-1]:
            of_measure = {t: [mean(found.get(m, {}).get(t, {}).values()) for m in GEOMETRY] for t in trackers}
            rows.append(["**geometry, mean of these**", *(number(mean(of_measure[t])) for t in trackers)])
            rows.append(["**geometry, the worst of these**", *(number(min(of_measure[t])) for t in trackers)])
    hits = {t: np.sum(list(found["blinks"][t].values()), axis=0) for t in trackers}
    f1 = [number(measures.event_f1(*hits[t])) for t in trackers]
    rows.append(["**blinks of each eye against the annotations: F1 at .5**", *f1])
    rows.append(["· agreeing / invented / missed", *(" / ".join(map(str, hits[t])) for t in trackers)])
    contrast = {t: contrasts.means(found["contrasts"][t]) for t in trackers}
    for label in (*contrasts.LABELS, "all labels", *contrasts.HELD):
        clips_with = sum(label in of_clip for of_clip in found["contrasts"][trackers[0]].values())
        name = f"contrast of {label} ({clips_with} clips)" if label in contrasts.ALL else "**contrast, mean of labels**"
        rows.append([name, *(number(contrast[t].get(label)) for t in trackers)])
    return rows


def mean(values) -> float:
    values = list(values)
    return float(np.mean(values)) if values else float("nan")


def _by_clip(found: Figures, trackers: list[str]) -> list[list[str]]:
    rows = []
    for clip in found["blinks"][trackers[0]]:
        cells = [" / ".join(number(found.get(m, {}).get(t, {}).get(clip)) for t in trackers) for m in OF_A_CLIP]
        blinks = " / ".join(", ".join(map(str, found["blinks"][t].get(clip, ["-"]))) for t in trackers)
        rows.append([clip, *cells, blinks])
    return rows


def _labels(found: Figures, trackers: list[str]) -> list[list[str]]:
    of = found["contrasts"]
    seen = [(clip, label) for clip, labels in of[trackers[0]].items() for label in labels]
    return [
        [f"{label} in {clip}: contrast", *(number(of[t].get(clip, {}).get(label)) for t in trackers)]
        for clip, label in sorted(seen, key=lambda where: list(contrasts.ALL).index(where[1]))
    ]


def _movements(found: Figures, trackers: list[str]) -> list[list[str]]:
    of = found["movements"]
    return [
        [f"{name} in {clip}: AUC", *(number(of[t].get(clip, {}).get(name)) for t in trackers)]
        for clip, movements in of[trackers[0]].items()
        for name in movements
    ]
