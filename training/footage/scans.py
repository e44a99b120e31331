"""Registered 4D scans with their videos -> training data with controls: direct supervision by real faces.

    python -m training.footage.scans FOLDER --out data/scans [--axes flame_expression.npz] [--flame flame_model.npz]
    python -m training.encode --extra data/scans
    python -m training.train --extra data/scans

In the folder (or below it) lie pairs with the same name: `take1.npz` and `take1.mp4`. An npz holds either

* `vertices` (t, 5023, 3) in FLAME topology, in any unit and with any head motion, and the person's face at rest:
  `neutral` (5023, 3), or `rest`, the numbers of frames that show it; or
* FLAME coefficients as VHAP writes them: `expr` (t, k), `jaw_pose` (t, 3), `eyes_pose` (t, 6). They are meaningful only
  with the expression axes of their FLAME release: `--axes` is an npz with `expression`, (5023, 3, k) or (k, 5023, 3),
  in metres. Rotation, translation, neck and shape are not used.

Row i is frame i of the video, unless `time` (t,) s or `timestep_id` (t,) frame numbers say otherwise.

`flame/scan_fit.py` turns each frame into controls.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import Frame, open_video
from fields_blender.core.errors import FieldsError

from ..flame import flame, scan_fit
from ..flame.scan_fit import GAZE, Basis, aligned, load_basis
from .rows import SCANS, Row, arguments, generator, rows_of, write
from .unlabelled import VIDEOS

MAX_BYTES = 16e9
_AT_REST = 0.05  # a face is at rest where no control is above this and the eyes look ahead
_READ = {"vertices", "neutral", "rest", "expr", "jaw_pose", "eyes_pose", "expression", "time", "timestep_id"}


def read_axes(path: Path) -> np.ndarray:
    """(k, 5023, 3) of an npz with `expression`. Raises FieldsError for anything else."""
    axes = _arrays(path, "expression axes").get("expression", np.empty(0))
    if axes.ndim == 3 and axes.shape[:2] == (flame.VERTICES, 3):
        axes = axes.transpose(2, 0, 1)
    if axes.ndim != 3 or axes.shape[1:] != (flame.VERTICES, 3) or not np.isfinite(axes).all():
        raise FieldsError(
            "{path} needs an array “expression” of shape ({count}, 3, k) in metres. Save it like that.",
            path=path,
            count=flame.VERTICES,
        )
    return axes.astype(np.float64)


def fit_file(path: Path, basis: Basis, head: flame.Flame, axes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Controls (t, 48) of a scan's npz, and their times (t,) in s, or frame numbers as integers.

    Raises FieldsError, in one sentence, for a file that holds no scan.
    """
    data = _arrays(path, "a scan")
    if "vertices" in data:
        controls = _fit_vertices(data, path, basis, head)
    elif {"expr", "jaw_pose", "eyes_pose"} <= data.keys():
        controls = _fit_coefficients(data, path, basis, axes)
    else:
        raise FieldsError(
            "{name} holds neither “vertices” nor FLAME coefficients (expr, jaw_pose, eyes_pose). "
            "python -m training.footage.scans --help describes the files.",
            name=path.name,
        )
    when = data.get("time", data.get("timestep_id", np.arange(len(controls))))
    if when.shape != (len(controls),) or when.dtype.kind not in "iuf":
        raise FieldsError(
            "The times in {name} are not {count} numbers, one for each scan. Correct them.",
            name=path.name,
            count=len(controls),
        )
    return controls, when


def _fit_vertices(data: dict[str, np.ndarray], path: Path, basis: Basis, head: flame.Flame) -> np.ndarray:
    vertices = data["vertices"]
    if vertices.ndim != 3 or vertices.shape[1:] != (flame.VERTICES, 3) or not np.isfinite(vertices).any():
        raise FieldsError(
            "“vertices” in {name} must be (t, {count}, 3). Register the scans to FLAME.",
            name=path.name,
            count=flame.VERTICES,
        )
    return scan_fit.fit_vertices(vertices.astype(np.float64), _neutral(data, path), basis, head)


def _fit_coefficients(data: dict[str, np.ndarray], path: Path, basis: Basis, axes: np.ndarray | None) -> np.ndarray:
    if axes is None:
        raise FieldsError(
            "{name} holds FLAME coefficients. Give the expression axes of their FLAME release with --axes.",
            name=path.name,
        )
    groups = [data[name].astype(np.float64) for name in ("expr", "jaw_pose", "eyes_pose")]
    count = len(groups[0]) if groups[0].ndim else 0
    width = min(groups[0].shape[-1] if groups[0].ndim == 2 else 0, len(axes))
    if [group.shape for group in groups] != [(count, width), (count, 3), (count, 6)]:
        raise FieldsError(
            "{name} needs expr (t, up to {most} as in --axes), jaw_pose (t, 3) and eyes_pose (t, 6), but has {shapes}.",
            name=path.name,
            most=len(axes),
            shapes=", ".join(str(group.shape) for group in groups),
        )
    return scan_fit.fit_coefficients(*groups, axes[:width], basis)


def _neutral(data: dict[str, np.ndarray], path: Path) -> np.ndarray:
    """(5023, 3) the face at rest that goes with `vertices`."""
    if data.get("neutral", np.empty(0)).shape == (flame.VERTICES, 3):
        neutral = data["neutral"].astype(np.float64)
    elif "rest" in data and data["rest"].size and data["rest"].dtype.kind in "iu":
        rest = data["rest"].ravel()
        if rest.min() < 0 or rest.max() >= len(data["vertices"]):
            raise FieldsError("“rest” in {name} names scans that are not there. Correct the numbers.", name=path.name)
        resting = data["vertices"][rest].astype(np.float64)
        neutral = aligned(resting, resting[0], flame.SKIN).mean(axis=0)
    else:
        raise FieldsError(
            "{name} has no face at rest. Add “neutral” ({count}, 3), or “rest”, the numbers of the scans at rest.",
            name=path.name,
            count=flame.VERTICES,
        )
    if not np.isfinite(neutral).all():
        raise FieldsError(
            "Some vertices of the face at rest in {name} are no numbers. Choose another frame.", name=path.name
        )
    return neutral


def _arrays(path: Path, what: str) -> dict[str, np.ndarray]:
    """The arrays in _READ of an npz; nothing in it is executed."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise FieldsError(
                "{name} would unpack to {size:.0f} GB. Cut it into shorter takes.", name=path.name, size=size / 1e9
            )
        with np.load(path, allow_pickle=False) as file:
            # Arrays of Python objects belong to the tracker that wrote them; they are never unpacked.
            return {name: file[name] for name in file.files if name in _READ}
    except FileNotFoundError:
        raise FieldsError("There is no file {path}. Check the path.", path=path) from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise FieldsError(
            "{name} can't be read as {what} ({why}). Save it again as npz.", name=path.name, what=what, why=error
        ) from None


def takes(folder: Path) -> list[tuple[Path, Path]]:
    """Pairs (npz, video) with the same name in a folder or below. Raises FieldsError where there are none."""
    if not folder.is_dir():
        raise FieldsError("There is no folder at {folder}. Check the path.", folder=folder)
    found = []
    for path in sorted(folder.rglob("*.npz")):
        videos = [path.with_suffix(suffix) for suffix in sorted(VIDEOS) if path.with_suffix(suffix).exists()]
        if videos:
            found.append((path, videos[0]))
        else:
            print(f"Left out: {path.name} has no video of the same name beside it.", flush=True)
    if not found:
        raise FieldsError(
            "No npz with a video of the same name lies in {folder}. Put them there, or check the path.", folder=folder
        )
    return found


def read(
    folder: Path, models: Path, rate: float, head: flame.Flame, axes: np.ndarray | None
) -> Iterator[tuple[Row, Row | None]]:
    """Rows with their twins for every take in a folder, with the scans' controls."""
    rng, basis = generator(), load_basis()
    for person, (path, video) in enumerate(takes(folder)):
        try:
            controls, when = fit_file(path, basis, head, axes)

            def scanned(frame: Frame, controls=controls, when=when) -> bool:
                return _at(controls, when, frame) is not None

            clip = open_video(video)
            for frame, row, twin in rows_of(clip, models, person, SCANS, rate, rng, wanted=scanned):
                found = _at(controls, when, frame)
                known = {"controls": found.astype(np.float32), "at_rest": np.bool_(_rests(found))}
                yield {**row, **known}, None if twin is None else {**twin, **known}
        except FieldsError as error:
            print(f"Left out: {error}", flush=True)


def _at(controls: np.ndarray, when: np.ndarray, frame: Frame) -> np.ndarray | None:
    """(48,) controls for a video frame: of the scan with its number, or of the nearest in time within half a frame."""
    if when.dtype.kind in "iu":
        found = np.flatnonzero(when == frame.index)
    else:
        step = np.median(np.diff(when)) if len(when) > 1 else 1 / 30
        found = np.flatnonzero(np.abs(when - frame.time) <= 0.5 * step + 1e-3)
        found = found[np.argsort(np.abs(when[found] - frame.time))]
    if not len(found) or np.isnan(controls[found[0], 0]):
        return None
    return controls[found[0]]


def _rests(controls: np.ndarray) -> bool:
    return bool(np.nanmax(np.abs(controls[: GAZE.start])) < _AT_REST and not (np.abs(controls[GAZE]) > 0.15).any())


def main() -> None:
    parser = arguments(__doc__, "folder of takes: npz and video with the same name", "data/scans")
    parser.add_argument("--axes", type=Path, help="npz with the FLAME release's expression axes, for coefficients")
    parser.add_argument("--flame", type=Path, default=flame.DATA, help="npz with FLAME's joints, for vertices")
    options = parser.parse_args()
    try:
        axes = read_axes(options.axes) if options.axes else None
        rows = read(options.folder, options.models, options.rate, flame.load(options.flame), axes)
        count = write(options.out, rows)
    except FieldsError as error:
        raise SystemExit(str(error)) from None
    if count == 0:
        raise SystemExit(f"No picture in {options.folder} shows a face and has a scan, so nothing was written.")
    print(f"{count} rows written to {options.out}. Now encode them and train with them:")
    print(f"python -m training.encode --extra {options.out}; python -m training.train --extra {options.out}")


if __name__ == "__main__":
    main()
