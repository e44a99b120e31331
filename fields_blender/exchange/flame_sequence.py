"""FLAME coefficients over time: VHAP's npz, in and out; the npy folders of DECA, EMOCA, EMICA and SMIRK, in.

What coefficients mean depends on the FLAME release: `axes` (k, 5023, 3) m are that release's expression axes, from the
artist's own model file (`flame_model.py`) or from the shape keys of a FLAME head.
"""

import io
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..core import safe_npy
from ..core.errors import FieldsError
from ..core.files import write_whole
from ..core.rotation import multiply, rotate, to_quaternion, to_vector
from ..core.track import Track
from ..flame import flame_basis
from .arkit_track import MAX_TIME, from_groups

# What other tools call each group.
NAMES = {
    "expression": ("expr", "exp", "expression", "expression_params", "expcode"),
    "jaw": ("jaw_pose", "jawpose", "jaw_params", "jaw"),
    "pose": ("pose", "posecode"),  # head, then jaw
    "head": ("rotation", "globalpose", "global_orient", "global_pose", "pose_params"),
    "neck": ("neck_pose", "neckpose"),
    "eyes": ("eyes_pose", "eyepose", "eyes"),
    "left_eye": ("leye_pose",),
    "right_eye": ("reye_pose",),
    "eyelids": ("eyelids", "eyelid_params"),
    "translation": ("translation", "transl"),
    "number": ("timestep_id",),
    "time": ("time",),
    "gap_time": ("gap_time",),
}
_WIDTHS = {
    "jaw": 3, "pose": 6, "head": 3, "neck": 3, "eyes": 6, "left_eye": 3, "right_eye": 3, "eyelids": 2, "translation": 3,
}  # fmt: skip
_WANTED = {name for names in NAMES.values() for name in names}
FPS = 25.0  # where neither the file nor the artist says it
MAX_FRAMES = 500_000
LARGEST = 1000.0
# Frame numbers that span this many times the number of frames are about something else.
_MAX_SPAN = 4
# Joints of an average FLAME head in m: the root, about which the head rotates, and the eyes.
ROOT, LEFT_EYE, RIGHT_EYE = np.array([[0.0, -0.146, -0.0824], [0.0316, 0.0229, 0.0235], [-0.0316, 0.0229, 0.0235]])
EYES_APART = float(np.linalg.norm(LEFT_EYE - RIGHT_EYE))


def read(path: str | os.PathLike[str], axes: np.ndarray, fps: float | None = None) -> Track:
    """A Track of FLAME coefficients; the first row is at 0 s. They come as an npz of arrays (frames, k) or as a folder
    (or any file in it): one npy for each parameter with all frames, or one folder or npz for each frame.

    `fps`: frames a second where the file holds no times. The expression becomes weights 0..1; jaw, eyes and head stay
    as they are. Frames whose values are not finite, or that are missing between others, are gaps. Raises FieldsError
    for anything else.
    """
    path = Path(path)
    groups = _groups(_arrays(path), path.name)
    count, size = groups["expression"].shape
    if size > len(axes):
        raise FieldsError(
            "{file} has {size} expression coefficients, but this FLAME has {axes} axes. Choose the FLAME model that it "
            "was made with.",
            file=path.name,
            size=size,
            axes=len(axes),
        )
    values = np.hstack([groups[name] for name in ("expression", *_WIDTHS) if name in groups])
    faces = np.asarray(np.isfinite(values).all(axis=1))
    if not faces.any() or np.abs(values[faces]).max() > LARGEST:
        raise FieldsError("The FLAME coefficients in {file} make no sense. Export them again.", file=path.name)
    time, rows = _times(groups, count, fps or FPS)
    shown = np.zeros(len(time), bool)
    shown[rows[faces]] = True
    per_frame = {name: groups[name][faces] for name in ("expression", *_WIDTHS) if name in groups}
    source = {"name": path.stem, "imported": "FLAME", "file": path.name}
    return from_groups(time, shown, _to_track_groups(per_frame, axes), source)


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
    parts = {name: np.zeros((count, width)) for name, width in _WIDTHS.items()} | groups
    if "eyes" not in groups:
        parts["eyes"] = np.hstack([parts["left_eye"], parts["right_eye"]])
    if "pose" in groups:
        parts["head"] = groups.get("head", parts["pose"][:, :3])
        parts["jaw"] = groups.get("jaw", parts["pose"][:, 3:])
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


def _times(groups: dict[str, np.ndarray], count: int, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds (m,) from 0 on, and which of them (count,) the rows of the file are at; the others are gaps."""
    time = groups["time"].ravel() if "time" in groups else np.empty(0)
    gaps = groups["gap_time"].ravel() if "gap_time" in groups else np.empty(0)
    both = np.concatenate([time, gaps])
    rising = (np.diff(np.sort(both)) > 0).all() and (np.diff(time) > 0).all()
    if len(time) == count and rising and np.isfinite(both).all() and np.abs(both).max() < MAX_TIME:
        times = np.sort(both)
        return times - times[0], np.searchsorted(times, time)
    numbers = groups["number"].ravel() if "number" in groups else np.empty(0)
    rising = len(numbers) == count and np.isfinite(numbers).all() and (np.diff(numbers) >= 1).all()
    if not rising or (numbers % 1).any() or numbers[-1] - numbers[0] >= _MAX_SPAN * count:
        return np.arange(count) / fps, np.arange(count)
    rows = (numbers - numbers[0]).astype(int)
    return np.arange(rows[-1] + 1) / fps, rows


def _groups(arrays: dict[str, np.ndarray], file: str) -> dict[str, np.ndarray]:
    """The arrays of a file under our names, (frames, k) each."""
    groups = {}
    for group, names in NAMES.items():
        array = next((arrays[name] for name in names if name in arrays), None)
        if group == "number" and array is not None:
            groups[group] = _frame_numbers(array)
        elif array is not None and array.dtype.kind in "fiu":
            groups[group] = _table(array, group in ("time", "gap_time"))
    if "expression" not in groups or groups["expression"].size == 0:
        raise FieldsError(
            "{file} holds no FLAME expression ({names}). Choose an npz of VHAP, or a folder of npy files of DECA, "
            "EMOCA or SMIRK.",
            file=file,
            names=", ".join(NAMES["expression"][:3]),
        )
    count = len(groups["expression"])
    for group, width in _WIDTHS.items():
        if group not in groups:
            continue
        if groups[group].shape[1] != width or len(groups[group]) not in (1, count):
            raise FieldsError(
                "“{group}” in {file} has the shape {shape}, not ({count}, {width}). Export it with axis-angles.",
                group=group,
                file=file,
                shape=groups[group].shape,
                count=count,
                width=width,
            )
        groups[group] = np.broadcast_to(groups[group], (count, width))
    return groups


def _table(array: np.ndarray, column: bool) -> np.ndarray:
    """(frames, k) of an array that may have additional axes of length 1."""
    array = array.astype(np.float64)
    if column:
        return array.reshape(-1, 1)
    while array.ndim > 2 and 1 in array.shape[:-1]:
        array = array.squeeze(axis=array.shape[:-1].index(1))
    return array.reshape(1, array.size) if array.ndim < 2 else array.reshape(len(array), math.prod(array.shape[1:]))


def _frame_numbers(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "fiu":
        return array.astype(np.float64)
    digits = [re.search(r"\d{1,9}$", str(text)[:100]) for text in array.ravel()]
    return np.array([float(match[0]) if match else np.nan for match in digits])


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if path.is_file() and path.suffix.lower() != ".npy":
        return safe_npy.load(path, _WANTED)
    folder = path if path.is_dir() else path.parent
    try:
        return _folder_arrays(folder, path)
    except OSError as error:
        raise FieldsError(
            "{folder} can't be read ({why}). Check the folder.", folder=folder, why=error.strerror
        ) from None


def _folder_arrays(folder: Path, chosen: Path) -> dict[str, np.ndarray]:
    """The arrays of a folder that holds one npy for each parameter, or one folder or npz for each frame."""
    stacked = _npys(folder)
    if _is_one_frame(stacked) and chosen.is_file():
        folder, stacked = folder.parent, {}
    if stacked:
        return stacked
    frames = [child for child in folder.iterdir() if child.is_dir()]
    frames = frames or [child for child in folder.iterdir() if child.suffix.lower() == ".npz"]
    if len(frames) > MAX_FRAMES:
        raise FieldsError(
            "{folder} holds more than {largest:,} frames. Choose a part of them.", folder=folder, largest=MAX_FRAMES
        )
    return _stack(_frame(path) for path in sorted(frames, key=_natural))


def _is_one_frame(arrays: dict[str, np.ndarray]) -> bool:
    expression = next((arrays[name] for name in NAMES["expression"] if name in arrays), None)
    return expression is not None and len(_table(expression, False)) == 1


def _frame(path: Path) -> dict[str, np.ndarray]:
    if path.is_file():
        return safe_npy.load(path, _WANTED)
    return _npys(path)


def _npys(folder: Path) -> dict[str, np.ndarray]:
    arrays = {}
    for file in sorted(folder.glob("*.npy")):
        if file.stem in _WANTED:
            arrays |= safe_npy.load(file)
    return arrays


def _stack(frames: Iterator[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """One row a frame; frames without an expression (no face was found there) become rows of NaN."""
    rows = list(frames)
    shown = [row for row in rows if any(name in row for name in NAMES["expression"])]
    if not shown:
        return {}
    result = {}
    for name, first in shown[0].items():
        if first.dtype.kind not in "fiu" or name in ("timestep_id", "time", "gap_time"):
            continue
        size = first.size
        table = np.full((len(rows), size), np.nan)
        for target, row in zip(table, rows, strict=True):
            if name in row and row[name].size == size and row[name].dtype.kind in "fiu":
                target[:] = row[name].ravel()
        result[name] = table
    return result


def _natural(path: Path) -> list[tuple[int, str]]:
    """The sort key that puts frame10 after frame9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,15})", path.name)]


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
