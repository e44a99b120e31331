"""FLAME coefficients over time: VHAP's npz, in and out; the npy folders of DECA, EMOCA, EMICA and SMIRK, in.

What coefficients mean depends on the FLAME release: `axes` (k, 5023, 3) m are that release's expression axes, from the
artist's own model file (`flame_model.py`) or from the shape keys of a FLAME head.
"""

import io
import os
from pathlib import Path

import numpy as np

from ..core.errors import FieldsError, Note
from ..core.files import write_whole
from ..core.rotation import multiply, rotate, to_quaternion, to_vector
from ..core.track import Track
from ..flame import flame_basis
from . import flame_files, flame_names
from .arkit_track import MAX_TIME, from_groups
from .flame_files import Recording
from .flame_names import WIDTHS
from .notes import listed

FPS, LEAST_FPS, MOST_FPS = 25.0, 1.0, 1000.0  # where neither the file nor the artist says it
LARGEST = 1000.0
# Frame numbers that span this many times the number of frames are about something else.
_MAX_SPAN = 4
# Joints of an average FLAME head in m: the root, about which the head rotates, and the eyes.
ROOT, LEFT_EYE, RIGHT_EYE = np.array([[0.0, -0.146, -0.0824], [0.0316, 0.0229, 0.0235], [-0.0316, 0.0229, 0.0235]])
EYES_APART = float(np.linalg.norm(LEFT_EYE - RIGHT_EYE))


def read(
    path: str | os.PathLike[str],
    axes: np.ndarray,
    fps: float | None = None,
    face: int = 1,
    notes: list[Note] | None = None,
) -> Track:
    """A Track of FLAME coefficients; the first row is at 0 s. They come as a file of arrays (frames, k), or as a folder
    (or any file in it): one npy for each parameter with all frames, or one folder or file for each frame.

    `fps`: frames a second where the file holds no times. `face`: which, where each frame has several. The expression
    becomes weights 0..1; jaw, eyes and head stay as they are. Frames whose values are not finite, or that are missing
    between others, are gaps. How it was read and what was not used is added to `notes`. Raises FieldsError for anything
    else.
    """
    path, notes = Path(path), [] if notes is None else notes
    recording = flame_files.read(path, face, notes)
    found, used = flame_names.groups(recording.arrays, path.name, notes)
    if recording.numbers is not None and "number" not in found:
        found["number"] = recording.numbers
    count, size = found["expression"].shape
    if size > len(axes):
        raise FieldsError(
            "{file} has {size} expression coefficients, but this FLAME has {axes} axes. Choose the FLAME model that it "
            "was made with.",
            file=path.name,
            size=size,
            axes=len(axes),
        )
    names = [name for name in ("expression", *WIDTHS) if name in found]
    values = np.hstack([found[name] for name in names])
    faces = np.asarray(np.isfinite(values).all(axis=1))
    if not faces.any() or np.abs(values[faces]).max() > LARGEST:
        raise FieldsError("The FLAME coefficients in {file} make no sense. Export them again.", file=path.name)
    time, rows = _times(found, count, fps, notes)
    shown = np.zeros(len(time), bool)
    shown[rows[faces]] = True
    _tell(recording, found, used, notes)
    source = {"name": path.stem, "imported": "FLAME", "file": path.name}
    return from_groups(time, shown, _to_track_groups({name: found[name][faces] for name in names}, axes), source)


def _tell(recording: Recording, found: dict[str, np.ndarray], used: set[str], notes: list[Note]) -> None:
    """What the file does not hold and what of it was not used, into `notes`."""
    eyes = {"eyes", "left_eye", "right_eye"} & found.keys()
    absent = [name for name in ("jaw", "head") if name not in found] + ([] if eyes else ["eyes"])
    if absent:
        notes.append(Note("Not in the file, at rest: {names}.", names=", ".join(absent)))
    unused = [name for name in (*recording.arrays, *recording.unread) if name not in used]
    if unused:
        notes.append(Note("Not used: {names}.", names=listed(dict.fromkeys(unused))))


def write(performance: Track, path: str | os.PathLike[str], axes: np.ndarray, fps: float | None = None) -> None:
    """An npz as VHAP writes it: `expr`, `jaw_pose`, `eyes_pose` (left, right), `neck_pose`, `rotation`, `translation`,
    `shape`, `timestep_id`. Frames without a face are left out; our own `time` and `gap_time` (s) say when both are.

    The frame of reference is the camera's: x right in the picture, y up, z to the viewer; metres, for a head of average
    size. The file appears whole or not at all; FieldsError when it can't be written.
    """
    found = performance.found
    groups = {name: values[found].astype(np.float64) for name, values in performance.groups.items()}
    count, time = int(found.sum()), performance.time[found]
    steps = np.diff(performance.time)
    fps = fps or (1.0 / float(np.median(steps)) if len(steps) else FPS)
    coefficients = flame_basis.to_coefficients(groups["expression"], groups["eyelids"], groups["gaze"], axes)
    start = performance.time[0] if len(performance) else 0.0
    arrays = {
        "expr": coefficients,
        "jaw_pose": groups["jaw"],
        "eyes_pose": np.hstack([_eye_rotation(groups["gaze"][:, side]) for side in (0, 1)]),
        "neck_pose": np.zeros((count, 3)),
        "rotation": groups["head"],
        "translation": groups["translation"] * EYES_APART - _eyes(groups["head"]),
    }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        **{name: array.astype(np.float32) for name, array in arrays.items()},  # pyright: ignore[reportArgumentType]
        shape=np.zeros(300, np.float32),
        timestep_id=np.round((time - start) * fps).astype(np.int64),
        n_processed_frames=np.array(count),
        time=time - start,
        gap_time=performance.time[~found] - start,
    )
    write_whole(Path(path), buffer.getvalue())


def _to_track_groups(groups: dict[str, np.ndarray], axes: np.ndarray) -> dict[str, np.ndarray]:
    """The groups of a Track from those of a file, all frames with a face; joints that the file leaves out are at 0."""
    count, size = groups["expression"].shape
    parts = {name: np.zeros((count, width)) for name, width in WIDTHS.items()} | groups
    if "eyes" not in groups:
        parts["eyes"] = np.hstack([parts["left_eye"], parts["right_eye"]])
    gaze = np.stack([_gaze(parts["eyes"][:, :3]), _gaze(parts["eyes"][:, 3:])], axis=1)
    weights, eyelids = flame_basis.from_coefficients(parts["expression"], gaze, axes[:size])
    made = {
        "expression": weights,
        "eyelids": np.clip(eyelids + parts["eyelids"], 0.0, 1.0),
        "gaze": gaze,
        "jaw": parts["jaw"],
        "head": to_vector(multiply(to_quaternion(parts["head"]), to_quaternion(parts["neck"]))),
    }
    if "translation" in groups:
        made["translation"] = (parts["translation"] + _eyes(parts["head"])) / EYES_APART
    return made


def _times(
    groups: dict[str, np.ndarray], count: int, fps: float | None, notes: list[Note]
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (m,) from 0 on, and which of them (count,) the rows of the file are at; the others are gaps."""
    time = groups["time"].ravel() if "time" in groups else np.empty(0)
    gaps = groups["gap_time"].ravel() if "gap_time" in groups else np.empty(0)
    both = np.concatenate([time, gaps])
    usable = len(time) == count and np.isfinite(both).all() and np.abs(both).max() < MAX_TIME
    if usable and (np.diff(np.sort(both)) > 0).all() and (np.diff(time) > 0).all():
        times = np.sort(both)
        return times - times[0], np.searchsorted(times, time)
    rate = _rate(groups, fps, notes)
    numbers = groups["number"].ravel() if "number" in groups else np.empty(0)
    rising = len(numbers) == count and np.isfinite(numbers).all() and (np.diff(numbers) >= 1).all()
    if not rising or (numbers % 1).any() or count < 2:
        return np.arange(count) / rate, np.arange(count)
    numbers = (numbers - numbers[0]).astype(int)
    step = int(np.gcd.reduce(np.diff(numbers)))  # every fifth frame was recorded
    rows = numbers // step
    if rows[-1] >= _MAX_SPAN * count:
        notes.append(Note("The frame numbers leave out too much, so the frames follow each other."))
        return np.arange(count) / rate, np.arange(count)
    missing = rows[-1] + 1 - count
    if missing:
        notes.append(Note("Missing frame numbers, left as gaps: {count}.", count=int(missing)))
    return np.arange(rows[-1] + 1) * step / rate, rows


def _rate(groups: dict[str, np.ndarray], fps: float | None, notes: list[Note]) -> float:
    """Frames a second: what the artist says, what the file says, or FPS."""
    if fps:
        return fps
    said = groups["fps"].ravel() if "fps" in groups else np.empty(0)
    if len(said) and LEAST_FPS <= said[0] <= MOST_FPS:
        notes.append(Note("The file says that it has {fps:g} frames a second.", fps=float(said[0])))
        return float(said[0])
    notes.append(
        Note("The file does not say its frame rate: read at {fps:g} frames a second (Frame Rate changes it).", fps=FPS)
    )
    return FPS


def _eye_rotation(gaze: np.ndarray) -> np.ndarray:
    """Axis-angle (n, 3) of an eye that looks at yaw and pitch (n, 2)."""
    still = np.zeros(len(gaze))
    yaw = to_quaternion(np.stack([still, gaze[:, 0], still], axis=1))
    return to_vector(multiply(yaw, to_quaternion(np.stack([-gaze[:, 1], still, still], axis=1))))


def _gaze(eye: np.ndarray) -> np.ndarray:
    """(n, 2) yaw and pitch of an eye rotated by axis-angle (n, 3)."""
    ahead = rotate(to_quaternion(eye), np.array([0.0, 0.0, 1.0]))
    return np.stack([np.arctan2(ahead[:, 0], ahead[:, 2]), np.arcsin(np.clip(ahead[:, 1], -1.0, 1.0))], axis=1)


def _eyes(head: np.ndarray) -> np.ndarray:
    """(n, 3) m: where the midpoint of the eyes is, before translation, of a FLAME head rotated by axis-angle (n, 3)."""
    return rotate(to_quaternion(head), (LEFT_EYE + RIGHT_EYE) / 2.0 - ROOT) + ROOT
