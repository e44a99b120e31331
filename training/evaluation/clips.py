"""Real clips have no ground truth, so a tracker is compared with what can be observed.

* Geometry: a head posed with the weights opens eyes and lips, widens the mouth and raises the brows as the landmarks do
  (r over frames; the same landmarks for all trackers).
* Jitter of the raw weights where the face holds still; weights on frames at rest.
* Blinks and obvious movements, compared with manual annotations (`clip_annotations.json`), and the contrast of labels.

Nothing is trained on the clips. What an artist gets is measured beside it: the keys that `tools.keyed` baked.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import open_video
from fields_blender.capture.face import FaceTracker
from fields_blender.capture.pose import frontal, head_pose
from fields_blender.capture.video import decode
from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import ARKIT
from fields_blender.core.track import Track
from tools import shared_data

from ..people import ict_head
from . import contrasts, measures, readings
from .measures import rows_in

CLIPS = shared_data.find("data", "clips")
ANNOTATIONS = Path(__file__).with_name("clip_annotations.json")
FIELDS, KEYED, PEER = "FIELDS", "FIELDS, keyed", "MediaPipe"
GEOMETRY = ("eye aperture", "mouth opening", "mouth width", "brow height")
# Standard deviation over a clip, in inter-ocular distances, from which the correlation of a measure means something.
MOVES = {"eye aperture": 0.02, "mouth opening": 0.02, "mouth width": 0.02, "brow height": 0.015}
STILL_FRAMES = 6  # shortest still stretch
NEAR = 8  # frames around an annotated movement that are left out

# (outer corner, upper lid, upper lid, inner corner, lower lid, lower lid), then the brow, for MediaPipe's 478 points
# and for Multi-PIE's 68; the subject's right side first.
EYES_478 = ((33, 160, 158, 133, 153, 144), (263, 387, 385, 362, 380, 373))
BROWS_478 = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
LIPS_478 = (13, 14, 61, 291)  # inner upper, inner lower, corners
EYES_68 = ((36, 37, 38, 39, 40, 41), (45, 44, 43, 42, 47, 46))
BROWS_68 = ((17, 18, 19, 20, 21), (26, 25, 24, 23, 22))
LIPS_68 = (62, 66, 48, 54)


def measured(folder: Path, models: Path, data: Path) -> dict:
    """All figures of the clips in `folder`: measure -> tracker -> clip or movement -> number."""
    annotations = json.loads(ANNOTATIONS.read_text(encoding="utf-8"))["clips"]
    results: dict = {}
    for name, seen in annotations.items():
        path = next(iter(sorted(folder.glob(f"{name}.*"))), None)
        if path is None:
            continue
        face, moving = landmarks(path, models)
        for measure, rows in seen.get("hidden", {}).items():
            face[rows_in(rows, len(face)), GEOMETRY.index(measure)] = np.nan
        track = readings.track_of(open_video(path), models)
        weights = weights_of(name, track, data)
        for tracker, w in weights.items():
            figures = of_clip(w, face, moving, seen)
            if tracker == KEYED:
                figures["blinks"] = keyed_blinks(data / "keyed" / f"{name}.npz", track.time, seen)
            for measure, value in figures.items():
                results.setdefault(measure, {}).setdefault(tracker, {})[name] = value
        if PEER in weights:
            agreed = results.setdefault("agreement with MediaPipe, mean r", {})
            agreed.setdefault(FIELDS, {})[name] = agreement(weights[FIELDS], weights[PEER])
    return results


def weights_of(name: str, track: Track, data: Path) -> dict[str, np.ndarray]:
    """Tracker -> weights (n, 52) in the frames of `track`, the clip as FIELDS read it."""
    weights = {FIELDS: readings.of_track(track).weights}
    keyed = readings.keyed(data / "keyed" / f"{name}.npz", track.time)
    if keyed is not None:
        weights[KEYED] = keyed.weights
    for mode, label in (("video", PEER), ("image", f"{PEER}, frame by frame")):
        peer = readings.mediapipe(data / "clips" / f"{name}-{mode}.npz", track.time)
        if peer is not None:  # what it lacks counts as 0
            weights[label] = np.where(peer.found[:, None], np.nan_to_num(peer.weights), np.nan)
    return weights


def agreement(w: np.ndarray, peer: np.ndarray) -> float:
    """Mean r with another tracker over the channels which that one moves. Not a measure of truth: it misses some."""
    both = ~np.isnan(w[:, 0]) & ~np.isnan(peer[:, 0])
    moving = peer[both].std(axis=0) > measures.MOVES
    return float(measures.correlation(w[both][:, moving], peer[both][:, moving]).mean())


def of_clip(w: np.ndarray, face: np.ndarray, moving: np.ndarray, seen: dict) -> dict:
    """One tracker on one clip. w (n, 52); face (n, 4): geometry of the landmarks; moving (n,): their speed; seen: the
    annotations."""
    known = ~np.isnan(w[:, 0]) & ~np.isnan(face).all(axis=1)
    posed = np.full_like(face, np.nan)
    posed[known] = reposed(w[known])
    figures: dict = {}
    for i, name in enumerate(GEOMETRY):
        rows = known & ~np.isnan(face[:, i])
        if rows.any() and face[rows, i].std() > MOVES[name]:
            figures[f"r of {name}"] = float(measures.correlation(posed[rows, i : i + 1], face[rows, i : i + 1])[0])
    rest = rows_in(seen["rest"], len(w)) & known
    if rest.any():
        figures["bias at rest"] = float(np.abs(w[rest]).mean())
    figures["bias, its own quietest tenth"] = float(np.sort(np.abs(w[known]).mean(axis=1))[: known.sum() // 10].mean())
    jitter = [measures.jitter(w[a : b + 1]).mean() for a, b in still(moving, known, seen)]
    if jitter:
        figures["jitter, still"] = float(np.mean(jitter))
    figures["blinks"] = blinks(w, seen)
    figures["movements"] = movements(w, known, seen)
    figures["contrasts"] = contrasts.of_clip(w, known, seen["labels"])
    return figures


def landmarks(path: Path, models: Path) -> tuple[np.ndarray, np.ndarray]:
    """Geometry (n, 4) of the front end's landmarks, turned to the front, and their speed (n,); NaN without a face."""
    tracker = FaceTracker(models, "cpu")
    points = []
    for _, image in decode(path):
        face, (height, width) = tracker.track(image), image.shape[:2]
        if face is None:
            points.append(np.full((478, 3), np.nan))
        else:
            points.append(frontal(face.landmarks, head_pose(face.landmarks, width, height)[0], width, height))
    points = np.array(points)
    moved = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=2).mean(axis=1)
    return geometry(points, EYES_478, BROWS_478, LIPS_478), moved


def geometry(points: np.ndarray, eyes, brows, lips) -> np.ndarray:
    """(n, 4) GEOMETRY of points (n, p, 3) in inter-ocular distances; mean of both sides."""

    def distance(a: int, b: int) -> np.ndarray:
        return np.linalg.norm(points[:, a] - points[:, b], axis=1)

    aperture = np.mean(
        [(distance(e[1], e[5]) + distance(e[2], e[4])) / (2 * distance(e[0], e[3])) for e in eyes], axis=0
    )
    height = [
        points[:, b, 1].mean(axis=1) - points[:, [e[0], e[3]], 1].mean(axis=1) for b, e in zip(brows, eyes, strict=True)
    ]
    return np.stack([aperture, distance(lips[0], lips[1]), distance(lips[2], lips[3]), np.mean(height, axis=0)], axis=1)


def reposed(w: np.ndarray) -> np.ndarray:
    """(n, 4) GEOMETRY of ICT-FaceKit's mean head posed by ARKit weights (n, 52), for all trackers and people."""
    head = _head()
    groups = from_arkit(w)
    points = head.vertices(np.zeros(ict_head.IDENTITY), **groups)
    centres = head.eye_centres(np.zeros(ict_head.IDENTITY))
    return geometry(points / np.linalg.norm(centres[0] - centres[1]), EYES_68, BROWS_68, LIPS_68)


@cache
def _head() -> ict_head.IctHead:
    return ict_head.load(keep=ict_head.landmark_vertices())


def still(moving: np.ndarray, known: np.ndarray, seen: dict) -> list[tuple[int, int]]:
    """Stretches in which the landmarks move least: the calmest third of the frames, without blinks nearby."""
    blinking = rows_in([(first - 2, last + 2) for _, first, _, last in seen["blinks"]], len(moving))
    smooth = np.convolve(np.nan_to_num(moving, nan=np.inf), np.ones(5) / 5, mode="same")
    quiet = (smooth <= np.quantile(smooth[known], 0.33)) & known & ~blinking
    return [(a, b) for a, b in measures.spans(quiet) if b - a + 1 >= STILL_FRAMES]


def blinks(w: np.ndarray, seen: dict, at: np.ndarray | None = None) -> list[int]:
    """[agreeing, invented, missed] closures over .5 of both eyes, compared with the annotations. at (n,): the frames of
    the clip at which the rows of w (n, 52) lie; without it, w has one row a frame.
    """
    at = np.arange(len(w)) if at is None else at
    totals = np.zeros(3, int)
    for side, column in (("left", "eyeBlinkLeft"), ("right", "eyeBlinkRight")):
        truth = [(first, last) for which, first, _, last in seen["blinks"] if which in (side, "both")]
        shut = measures.spans(np.nan_to_num(w[:, ARKIT.index(column)]) > 0.5)
        guess = [(at[a], at[b]) for a, b in shut]
        clear = [(a, b) for a, b in guess if not any(a <= last and first <= b for first, last in seen["unclear"])]
        totals += measures.matched(clear, truth)
    return totals.tolist()


def keyed_blinks(path: Path, time: np.ndarray, seen: dict) -> list[int]:
    """`blinks` that Blender plays. time (n,): s of the clip's frames."""
    with np.load(path) as data:
        at = np.interp(data["frames"] / data["rate"], time, np.arange(len(time)))
        return blinks(data["keyed"], seen, at)


def movements(w: np.ndarray, known: np.ndarray, seen: dict) -> dict[str, float]:
    """Movement -> AUC of its channel: is it higher where the movement was annotated than elsewhere in the clip?"""
    figures = {}
    for name, spans in seen["shown"].items():
        level = w[:, [i for i, channel in enumerate(ARKIT) if channel in (name, f"{name}Left", f"{name}Right")]].mean(
            axis=1
        )
        shown = rows_in(spans, len(w)) & known
        elsewhere = ~rows_in([(a - NEAR, b + NEAR) for a, b in spans], len(w)) & known
        figures[name] = measures.auc(level[shown], level[elsewhere])
    return figures
