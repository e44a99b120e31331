"""Registered 4D scans with their videos -> training data with controls: direct supervision by real faces.

    python -m training.scans FOLDER --out data/scans [--axes flame_expression.npz] [--flame flame_model.npz]
    python -m training.encode --extra data/scans
    python -m training.train --extra data/scans

In the folder (or below it) lie pairs of one name: `take1.npz` and `take1.mp4`. An npz holds either

* `vertices` (t, 5023, 3) in FLAME topology, any unit and any head motion, with the person's face at rest: `neutral`
  (5023, 3), or `rest`, the numbers of frames that show it; or
* FLAME coefficients as VHAP writes them: `expr` (t, k), `jaw_pose` (t, 3), `eyes_pose` (t, 6). They mean something only
  with the expression axes of the release they were made with: `--axes` is an npz with `expression`, (5023, 3, k) or
  (k, 5023, 3), in metres. Rotation, translation, neck and shape do not matter here.

Row i is frame i of the video, unless `time` (t,) s or `timestep_id` (t,) frame numbers says otherwise.

Each frame is fitted with the open basis (`flame_basis.py`): expression and eyelids 0..1, the jaw as FLAME's joint, the
gaze as the eyeballs turn. FLAME has no tongue, so `tongueOut` stays unknown (NaN), and so does the gaze where eyeballs
never turn.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import Frame, open_video
from fields_blender.core.arkit import to_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, EXPRESSION
from fields_blender.core.rotation import multiply, to_quaternion, to_vector

from .flame import flame
from .flame.footage import CONTROLS, SCANS, Row, arguments, generator, rows_of, write
from .unlabelled import VIDEOS

BASIS = Path(__file__).parents[1] / "models/flame_basis.npz"
TONGUE = EXPRESSION.index("tongueOut")
EYELIDS, GAZE = slice(42, 44), slice(44, 48)
MAX_BYTES = 16e9
# Pairs of which a face shows one: what one does, the other could undo. Where both would do, the fit takes less of both.
OPPOSED = [
    (a + side, b + side)
    for side in ("Left", "Right")
    for a, b in (("mouthSmile", "mouthFrown"), ("browDown", "browOuterUp"), ("eyeWide", "eyeSquint"))
] + [("mouthPucker", "mouthStretchLeft"), ("mouthPucker", "mouthStretchRight"), ("mouthLeft", "mouthRight")]
_OPPOSITION = 2e-5  # of the shapes' own size
_SWEEPS, _CLOSE = 2000, 2e-6
_JAW_STEPS = 12
_ROUNDS = 3  # of fitting the face and placing the head
_STILL_SKIN = 0.0005  # m: less motion than this by all shapes together, and skin counts as skull
_EYES_TURN = np.radians(0.5)
_AT_REST = 0.05  # no control above this, the eyes ahead: a face at rest
_CHUNK = 64  # frames fitted together: memory


@dataclass(frozen=True)
class Basis:
    """`shapes` (41, 5023, 3) m: expression, then eyelids; `looks` (8, 5023, 3) in the order of ARKit's eyeLook weights;
    `upper_lid`, `lower_lid` (2, k) vertices along the lids' edges."""

    shapes: np.ndarray
    looks: np.ndarray
    upper_lid: np.ndarray
    lower_lid: np.ndarray

    def for_person(self, neutral: np.ndarray, template: np.ndarray) -> "Basis":
        """The shapes in the size of a person's head at rest (5023, 3), the blinks as high as that person's eyes."""
        size = _eye_distance(neutral) / _eye_distance(template)
        shapes = self.shapes * size
        for side in (0, 1):
            opening = [self._opening(v, side) for v in (neutral, template * size)]
            shapes[len(EXPRESSION) + side] *= np.clip(opening[0] / opening[1], 0.3, 3.0)
        return Basis(shapes, self.looks * size, self.upper_lid, self.lower_lid)

    def _opening(self, vertices: np.ndarray, side: int) -> float:
        middle = (np.linspace(0.3, 0.7, 5) * (len(self.upper_lid[side]) - 1)).astype(int)
        below = (np.linspace(0.3, 0.7, 5) * (len(self.lower_lid[side]) - 1)).astype(int)
        upper, lower = vertices[self.upper_lid[side, middle]], vertices[self.lower_lid[side, below]]
        return float(np.linalg.norm((upper - lower).mean(axis=0)))


def load_basis(path: Path = BASIS) -> Basis:
    with np.load(path, allow_pickle=False) as file:
        shapes = np.concatenate([file["expression"], file["eyelids"]]).astype(np.float64)
        return Basis(shapes, file["gaze"].astype(np.float64), file["upper_lid"], file["lower_lid"])


def fit_vertices(vertices: np.ndarray, neutral: np.ndarray, basis: Basis, head: flame.Flame) -> np.ndarray:
    """Controls (t, 48) of scans (t, 5023, 3) of a person whose face at rest is `neutral` (5023, 3), in one unit.

    The head's own motion is taken out by the skin that no shape moves; the jaw is turned back as FLAME turns it.
    Frames with a NaN stay NaN.
    """
    scale = _eye_distance(head.template) / _eye_distance(neutral)
    neutral = (neutral - neutral[flame.SKIN].mean(axis=0)) * scale
    neutral = _aligned(neutral[None], head.template, flame.SKIN)[0]
    basis = basis.for_person(neutral, head.template)
    moving = np.abs(basis.shapes).sum(axis=0).max(axis=1) + np.abs(basis.looks).sum(axis=0).max(axis=1)
    # The neck's bend is not looked for: what moves with it is left out.
    used = np.flatnonzero((np.arange(flame.VERTICES) < flame.SKIN.stop) & (head.weights[:, flame.ROOT] < 0.02))
    skull = used[(head.weights[used, flame.JAW] < 0.02) & (moving[used] < _STILL_SKIN)]
    shapes, looks, joints, joint = basis.shapes[:, used], basis.looks[:, used], head.only(used), head.joints(neutral)[2]
    controls = np.full((len(vertices), CONTROLS), np.nan)
    known = np.flatnonzero(np.isfinite(vertices).all(axis=(1, 2)))
    for first in range(0, len(known), _CHUNK):
        rows = known[first : first + _CHUNK]
        placed = _aligned(vertices[rows] * scale, neutral, skull)
        for _ in range(_ROUNDS):
            gaze = np.concatenate([_turned_ball(placed, neutral, side) for side in (0, 1)], axis=1)
            looking = np.tensordot(_look_weights(gaze), looks, 1)
            fitted = _fit_jaw(placed[:, used] - looking, neutral[used], shapes, joints, joint)
            # Now that the whole face is known, it says where the head is better than the skull alone.
            weights, jaw = np.delete(fitted, slice(39, 42), axis=1), fitted[:, 39:42]
            shown = joints.open_jaw(neutral[used] + np.tensordot(weights, shapes, 1), jaw, joint) + looking
            placed = _aligned(placed, shown, used)
        controls[rows] = np.hstack([fitted, gaze])
    if len(known) and np.abs(controls[known, GAZE]).max() < _EYES_TURN:
        controls[:, GAZE] = np.nan
    controls[:, TONGUE] = np.nan
    return controls


def fit_coefficients(
    expression: np.ndarray, jaw: np.ndarray, eyes: np.ndarray, axes: np.ndarray, basis: Basis
) -> np.ndarray:
    """Controls (t, 48) of FLAME coefficients (t, k) over `axes` (k, 5023, 3) m, jaw (t, 3) and eyes (t, 6) axis-angles
    (left, right). The axes move the face at rest, before any joint turns, and so does our basis: no pose is needed."""
    controls = np.full((len(expression), CONTROLS), np.nan)
    known = np.isfinite(np.hstack([expression, jaw, eyes])).all(axis=1)
    controls[known, 39:42] = jaw[known]
    ahead = [flame.matrices(eyes[known, side * 3 : side * 3 + 3])[:, :, 2] for side in (0, 1)]
    controls[known, GAZE] = np.concatenate([_angles(direction) for direction in ahead], axis=1)
    skin = flame.SKIN
    ours, theirs = (shapes[:, skin].reshape(len(shapes), -1) for shapes in (basis.shapes, axes))
    looks = _look_weights(controls[known, GAZE]) @ (basis.looks[:, skin].reshape(len(basis.looks), -1) @ ours.T)
    weights = _bounded(ours @ ours.T, expression[known] @ (theirs @ ours.T) - looks)
    controls[known, : len(EXPRESSION)], controls[known, EYELIDS] = weights[:, : len(EXPRESSION)], weights[:, -2:]
    if known.any() and np.abs(controls[known, GAZE]).max() < _EYES_TURN:
        controls[:, GAZE] = np.nan
    controls[:, TONGUE] = np.nan
    return controls


def _fit_jaw(
    moved: np.ndarray, neutral: np.ndarray, shapes: np.ndarray, head: flame.Flame, joint: np.ndarray
) -> np.ndarray:
    """(t, 44): expression, jaw, eyelids of vertices (t, m, 3) without head motion and gaze.

    Gauss-Newton for the jaw: with it turned back, what is left must be the shapes. A small further turn of the jaw, in
    the jaw's own frame, changes what is left nearly alike wherever the jaw is, so its columns are made once.
    """
    tiny = 1e-4
    turned_back = head.close_jaw(np.repeat(neutral[None], 3, axis=0), tiny * np.eye(3), joint) - neutral
    columns = np.concatenate([shapes, -turned_back / tiny]).reshape(len(shapes) + 3, -1)
    products = columns @ columns.T
    free = np.zeros(len(columns), bool)
    free[-3:] = True
    jaw = np.zeros((len(moved), 3))
    weights = np.zeros((len(moved), len(columns)))
    for _ in range(_JAW_STEPS):
        left = head.close_jaw(moved, jaw, joint) - neutral
        weights[:, -3:] = 0.0
        weights = _bounded(products, left.reshape(len(moved), -1) @ columns.T, free, weights)
        jaw = to_vector(multiply(to_quaternion(jaw), to_quaternion(weights[:, -3:])))
        if np.abs(weights[:, -3:]).max() < 1e-5:
            break
    return np.hstack([weights[:, : len(EXPRESSION)], jaw, weights[:, len(EXPRESSION) : -3]])


def _bounded(
    products: np.ndarray, targets: np.ndarray, free: np.ndarray | None = None, start: np.ndarray | None = None
) -> np.ndarray:
    """Weights (t, p) within 0..1 (any number where `free`) that bring columns closest to each of t targets.

    `products` (p, p) of the columns with each other, `targets` (t, p) of the targets with the columns. Coordinate
    descent as in Lewis et al., Practice and theory of blendshape facial models, 2014; opposed pairs cost their product.
    """
    count = len(products)
    free = np.zeros(count, bool) if free is None else free
    weights = np.zeros(targets.shape) if start is None else start.copy()
    size = np.diag(products)
    cost = np.zeros((count, count))
    for one, other in OPPOSED:
        i, j = EXPRESSION.index(one), EXPRESSION.index(other)
        cost[i, j] = cost[j, i] = _OPPOSITION * np.sqrt(size[i] * size[j])
    for _ in range(_SWEEPS):
        largest = 0.0
        for k in np.flatnonzero(size > 1e-12):
            pull = targets[:, k] - weights @ (products[:, k] + cost[:, k]) + weights[:, k] * size[k]
            value = pull / size[k]
            if not free[k]:
                value = np.clip(value, 0.0, 1.0)
            largest = max(largest, float(np.abs(value - weights[:, k]).max(initial=0.0)))
            weights[:, k] = value
        if largest < _CLOSE:
            break
    return weights


def _aligned(points: np.ndarray, to: np.ndarray, chosen: np.ndarray | slice) -> np.ndarray:
    """Each of (t, n, 3) turned and moved, not scaled, so that the `chosen` of its points come onto `to` (..., k, 3).

    `to` holds all n points or the chosen ones alone. Few bad ones do little harm.
    """
    own = points[:, chosen]
    to = to if to.shape[-2] == own.shape[1] else to[chosen]
    weights = np.ones(own.shape[:2])
    for _ in range(3):
        share = (weights / weights.sum(axis=1, keepdims=True))[:, :, None]
        middle, goal = (share * own).sum(axis=1, keepdims=True), (share * to).sum(axis=1, keepdims=True)
        u, _, v = np.linalg.svd((share * (own - middle)).transpose(0, 2, 1) @ (to - goal))
        u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
        error = np.linalg.norm((own - middle) @ (u @ v) + goal - to, axis=2)
        weights = 1 / (1 + (error / 0.002) ** 2)
    return (points - middle) @ (u @ v) + goal


def _turned_ball(placed: np.ndarray, neutral: np.ndarray, side: int) -> np.ndarray:
    """(t, 2) yaw and pitch of an eyeball against its place at rest, where it looks ahead."""
    ball, rest = placed[:, flame.BALLS[side]], neutral[flame.BALLS[side]]
    u, _, v = np.linalg.svd((rest - rest.mean(axis=0)).T @ (ball - ball.mean(axis=1, keepdims=True)))
    u[:, :, 2] *= np.linalg.det(u @ v)[:, None]
    return _angles((u @ v)[:, 2])


def _angles(direction: np.ndarray) -> np.ndarray:
    """(t, 2) yaw to the subject's left and pitch up of unit directions (t, 3)."""
    return np.stack([np.arctan2(direction[:, 0], direction[:, 2]), np.arcsin(np.clip(direction[:, 1], -1, 1))], axis=1)


def _look_weights(gaze: np.ndarray) -> np.ndarray:
    """(t, 8) ARKit's eyeLook weights of gaze (t, 4)."""
    still = (np.zeros((len(gaze), 39)), np.zeros((len(gaze), 3)), np.zeros((len(gaze), 2)))
    weights = to_arkit(*still, gaze.reshape(-1, 2, 2))
    return weights[:, [i for i, name in enumerate(ARKIT) if name.startswith("eyeLook")]]


def _eye_distance(vertices: np.ndarray) -> float:
    left, right = (flame.ball(vertices[part])[0] for part in flame.BALLS)
    return float(np.linalg.norm(left - right))


def read_axes(path: Path) -> np.ndarray:
    """(k, 5023, 3) of an npz with `expression`. Raises FieldsError for anything else."""
    axes = _arrays(path, "expression axes").get("expression", np.empty(0))
    if axes.ndim == 3 and axes.shape[:2] == (flame.VERTICES, 3):
        axes = axes.transpose(2, 0, 1)
    if axes.ndim != 3 or axes.shape[1:] != (flame.VERTICES, 3) or not np.isfinite(axes).all():
        raise FieldsError(f"{path} needs an array “expression” of size ({flame.VERTICES}, 3, k) in metres. Save it so.")
    return axes.astype(np.float64)


def fit_file(path: Path, basis: Basis, head: flame.Flame, axes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Controls (t, 48) of a scan's npz, and when: (t,) s, or frame numbers as integers.

    Raises FieldsError, in one sentence, for a file that holds no scan.
    """
    data = _arrays(path, "scan")
    if "vertices" in data:
        vertices = data["vertices"]
        if vertices.ndim != 3 or vertices.shape[1:] != (flame.VERTICES, 3) or not np.isfinite(vertices).any():
            raise FieldsError(
                f"“vertices” in {path.name} must be (t, {flame.VERTICES}, 3). Register the scans to FLAME."
            )
        controls = fit_vertices(vertices.astype(np.float64), _neutral(data, path), basis, head)
    elif {"expr", "jaw_pose", "eyes_pose"} <= data.keys():
        if axes is None:
            raise FieldsError(
                f"{path.name} holds FLAME coefficients: give the expression axes they belong to by --axes."
            )
        groups = [data[name].astype(np.float64) for name in ("expr", "jaw_pose", "eyes_pose")]
        count = len(groups[0]) if groups[0].ndim else 0
        widths = [(count, min(groups[0].shape[-1] if groups[0].ndim == 2 else 0, len(axes))), (count, 3), (count, 6)]
        if [group.shape for group in groups] != widths:
            raise FieldsError(
                f"{path.name} needs expr (t, up to {len(axes)} as in --axes), jaw_pose (t, 3) and eyes_pose (t, 6), "
                f"but has {', '.join(str(group.shape) for group in groups)}."
            )
        controls = fit_coefficients(*groups, axes[: widths[0][1]], basis)
    else:
        raise FieldsError(
            f"{path.name} holds neither “vertices” nor FLAME coefficients (expr, jaw_pose, eyes_pose). "
            "python -m training.scans --help says what is read."
        )
    when = data.get("time", data.get("timestep_id", np.arange(len(controls))))
    if when.shape != (len(controls),) or when.dtype.kind not in "iuf":
        raise FieldsError(f"The times in {path.name} are not {len(controls)} numbers, one for each scan. Correct them.")
    return controls, when


def _neutral(data: dict[str, np.ndarray], path: Path) -> np.ndarray:
    if data.get("neutral", np.empty(0)).shape == (flame.VERTICES, 3):
        neutral = data["neutral"].astype(np.float64)
    elif "rest" in data and data["rest"].size and data["rest"].dtype.kind in "iu":
        rest = data["rest"].ravel()
        if rest.min() < 0 or rest.max() >= len(data["vertices"]):
            raise FieldsError(f"“rest” in {path.name} names scans that are not there. Correct the numbers.")
        shown = data["vertices"][rest].astype(np.float64)
        neutral = _aligned(shown, shown[0], flame.SKIN).mean(axis=0)
    else:
        raise FieldsError(
            f"{path.name} does not say how the face is at rest: add “neutral” ({flame.VERTICES}, 3), or “rest”, the "
            "numbers of scans at rest."
        )
    if not np.isfinite(neutral).all():
        raise FieldsError(f"The face at rest in {path.name} has vertices that are no numbers. Choose another frame.")
    return neutral


def _arrays(path: Path, what: str) -> dict[str, np.ndarray]:
    """All arrays of an npz; nothing in it is executed."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_BYTES:
            raise FieldsError(f"{path.name} would unpack to {size / 1e9:.0f} GB. Cut it into shorter takes.")
        with np.load(path, allow_pickle=False) as file:
            # What holds Python objects belongs to the tracker that wrote it; it is never unpacked.
            return {name: file[name] for name in file.files if name in _READ}
    except FileNotFoundError:
        raise FieldsError(f"There is no file {path}. Check the path.") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise FieldsError(f"{path.name} can't be read as a {what} ({error}). Save it again as npz.") from None


_READ = {"vertices", "neutral", "rest", "expr", "jaw_pose", "eyes_pose", "expression", "time", "timestep_id"}


def takes(folder: Path) -> list[tuple[Path, Path]]:
    """(npz, video) of one name in a folder or below. Raises FieldsError where there is no such pair."""
    if not folder.is_dir():
        raise FieldsError(f"There is no folder at {folder}. Check the path.")
    found = []
    for path in sorted(folder.rglob("*.npz")):
        videos = [path.with_suffix(suffix) for suffix in sorted(VIDEOS) if path.with_suffix(suffix).exists()]
        if videos:
            found.append((path, videos[0]))
        else:
            print(f"Left out: {path.name} has no video of the same name beside it.", flush=True)
    if not found:
        raise FieldsError(f"No npz with a video of the same name lies in {folder}. Put them there, or check the path.")
    return found


def read(
    folder: Path, models: Path, rate: float, head: flame.Flame, axes: np.ndarray | None
) -> Iterator[tuple[Row, Row | None]]:
    """Rows with their twins of every take in a folder, with the scans' controls."""
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
    """(48,) of the scan of a video frame: the one with its number, or the nearest in time within half a frame."""
    if when.dtype.kind in "iu":
        places = np.flatnonzero(when == frame.index)
    else:
        step = np.median(np.diff(when)) if len(when) > 1 else 1 / 30
        places = np.flatnonzero(np.abs(when - frame.time) <= 0.5 * step + 1e-3)
        places = places[np.argsort(np.abs(when[places] - frame.time))]
    if not len(places) or np.isnan(controls[places[0], 0]):
        return None
    return controls[places[0]]


def _rests(controls: np.ndarray) -> bool:
    return bool(np.nanmax(np.abs(controls[: GAZE.start])) < _AT_REST and not (np.abs(controls[GAZE]) > 0.15).any())


def main() -> None:
    parser = arguments(__doc__, "folder of takes: npz and video of one name", "data/scans")
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
        raise SystemExit(f"Nothing in {options.folder} gave a picture with a scan, so nothing was written.")
    print(f"{count} rows written to {options.out}. Encode them and train with them, each time with this option:")
    print(f"python -m training.encode --extra {options.out}; python -m training.train --extra {options.out}")


if __name__ == "__main__":
    main()
