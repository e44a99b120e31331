"""Fit models/head_turn.json: the correction of the landmark network's bias on turned heads, from renders.

    python -m training.fit_head_pose_correction --data data/renders

Ridge regression of the missing rotation on `terms` of `fields_blender/capture/head_pose_correction.py`, on the data and
their mirror image. Reads `make_data`'s shards, but not the inner maps. Prints the remaining error on people kept out,
each without their own constant offset (where "straight ahead" lies is a convention of each head model).
"""

import argparse
import json
from pathlib import Path

import numpy as np

from fields_blender.capture.head_pose_correction import HEAD_TURN, terms
from fields_blender.capture.pose import rigid_face
from fields_blender.core.rotation import multiply, to_quaternion, to_vector

MIRROR = np.array([1.0, -1.0, -1.0])  # mirrors an axis-angle vector
KEPT_OUT = 5  # every fifth person
POWERS = 19  # terms of the rotation alone: they are well determined, so their ridge penalty is smaller
RIDGE = 3e-4  # less is no better on new people and lets the landmarks' jitter through
MOST = 100_000  # rows; more make no difference


def read(folder: Path) -> dict[str, np.ndarray]:
    """rotation (n, 3) as estimated, true (n, 3), front (n, 478, 3) at the rigid points, else 0, person, family (n,)."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("rotation", "true", "front", "person", "family")}
    rigid = rigid_face()["indices"].astype(int)
    for number, path in enumerate(sorted(folder.glob("shard-*[0-9].npz"))):
        with np.load(path, allow_pickle=False) as shard:
            front = np.zeros((len(shard["person"]), 478, 3), np.float32)
            front[:, rigid] = shard["landmarks"][:, rigid]
            parts["front"].append(front)
            parts["rotation"].append(shard["rotation"].astype(np.float64))
            parts["true"].append(_vectors(shard["turn"].astype(np.float64)))
            parts["person"].append(shard["person"] + 10_000 * number)
            parts["family"].append(shard["family"])
        if sum(len(part) for part in parts["person"]) > MOST:
            break
    if not parts["person"]:
        raise SystemExit(f"No shards in {folder}: run training.pictures.make_data first.")
    return {name: np.concatenate(part) for name, part in parts.items()}


def fit(data: dict[str, np.ndarray], chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (k, 3) and shift (3,) from the chosen rows (bool)."""
    rotation, true, front = (data[name][chosen] for name in ("rotation", "true", "front"))
    x = np.concatenate([terms(rotation, front), terms(rotation * MIRROR, mirrored(front))])
    missing = _between(rotation, true)
    y = np.concatenate([missing, missing * MIRROR])
    family = np.tile(data["family"][chosen], 2)
    # A family's convention of "straight ahead" must not be learned from the shape of its heads.
    means = [(x[family == f].mean(axis=0), y[family == f].mean(axis=0)) for f in np.unique(family)]
    for f, (x_mean, y_mean) in zip(np.unique(family), means, strict=True):
        x[family == f] -= x_mean
        y[family == f] -= y_mean
    penalty = np.full(x.shape[1], RIDGE * len(x))
    penalty[:POWERS] /= 10
    matrix = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y)
    return matrix, np.mean([y_mean - x_mean @ matrix for x_mean, y_mean in means], axis=0)


def mirrored(front: np.ndarray) -> np.ndarray:
    """`front` of the mirrored faces; only the rigid points are set."""
    face = rigid_face()
    rigid, points = face["indices"].astype(int), face["points"]
    partner = [int(np.argmin(np.linalg.norm(points - point * (-1, 1, 1), axis=1))) for point in points]
    other = np.zeros_like(front)
    other[:, rigid] = front[:, rigid[partner]] * (-1, 1, 1)
    return other


def errors(rotation: np.ndarray, true: np.ndarray, person: np.ndarray) -> np.ndarray:
    """(n,) degrees between rotations (n, 3) and the true ones, without each person's constant offset."""
    missing = _between(rotation, true)
    for p in np.unique(person):
        missing[person == p] -= missing[person == p].mean(axis=0)
    return np.degrees(np.linalg.norm(missing, axis=1))


def _between(rotation: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(n, 3): rotation, in the head's own axes, from rotations (n, 3) to the true ones."""
    return to_vector(multiply(to_quaternion(rotation) * (1, -1, -1, -1), to_quaternion(true)))


def _vectors(matrices: np.ndarray) -> np.ndarray:
    """Axis-angle vectors (n, 3) of rotation matrices (n, 3, 3) that turn by less than half a turn."""
    axis = np.stack(
        [
            matrices[:, 2, 1] - matrices[:, 1, 2],
            matrices[:, 0, 2] - matrices[:, 2, 0],
            matrices[:, 1, 0] - matrices[:, 0, 1],
        ],
        axis=1,
    )
    sine, cosine = np.linalg.norm(axis, axis=1) / 2, (np.trace(matrices, axis1=1, axis2=2) - 1) / 2
    angle = np.arctan2(sine, cosine)
    return axis / 2 / np.sinc(angle / np.pi)[:, None]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("data/renders"))
    arguments.add_argument("--out", type=Path, default=HEAD_TURN)
    options = arguments.parse_args()
    data = read(options.data)
    out = data["person"] % KEPT_OUT == 0
    matrix, shift = fit(data, ~out)
    rotation = data["rotation"][out]
    missing = terms(rotation, data["front"][out]) @ matrix + shift
    better = to_vector(multiply(to_quaternion(rotation), to_quaternion(missing)))
    person, true = data["person"][out], data["true"][out]
    before, after = errors(rotation, true, person), errors(better, true, person)
    slopes = [float(np.polyfit(true[:, i], better[:, i], 1)[0]) for i in range(3)]
    said = f"people kept out: {before.mean():.2f} degrees off before, {after.mean():.2f} after"
    print(f"{len(true)} pictures of {said}; slopes of pitch, yaw, roll {np.round(slopes, 3)}")
    card = {
        "meaning": "What the landmark network's heads lack of their turn (rad, head's axes) is terms @ matrix + shift; "
        "see fields_blender/capture/head_pose_correction.py",
        "made_by": "training/fit_head_pose_correction.py",
        "licence": "CC0-1.0",
        "pictures": int((~out).sum()),
        "measured": said,
        "shift": np.round(shift, 6).tolist(),
        "matrix": np.round(matrix, 5).tolist(),
    }
    options.out.write_text(json.dumps(card, indent=1).replace("\n   ", " ").replace("\n  ]", " ]") + "\n")


if __name__ == "__main__":
    main()
