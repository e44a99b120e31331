"""Position and rotation of the head from landmarks; and landmarks turned to the front.

The landmark network sees its crop as if the camera pointed at the face. So the landmarks of a picture are first
converted to points in space as a camera turned to the face would see them. Then an average face is fitted to those that
expressions hardly move.
"""

import json
from functools import cache

import numpy as np

from ..core.arrays import Floats, Quaternions, Vectors
from ..core.errors import FieldsError
from ..core.paths import MODELS
from ..core.rotation import inverse, multiply, to_quaternion, to_vector

RIGID_FACE = MODELS / "rigid_face.json"
# Distance between the eyeballs' centres over distance between the outer eye corners, both of MediaPipe's average face.
INTER_OCULAR = 0.7146
OUTER_EYE_CORNERS = (33, 263)  # the subject's right one first
EYE_CORNERS = (33, 133, 362, 263)


def focal_length(width: int, height: int) -> float:
    """The focal length (px) assumed for a picture of unknown lens: 45 degrees across the longer side."""
    return 1.2 * max(width, height)


def head_pose(landmarks: Floats, width: int, height: int) -> tuple[Vectors, Vectors]:
    """Rotation (3,) axis-angle in rad, head to camera, and translation (3,) in inter-ocular distances.

    `landmarks`: (478, 3) px in a `width` x `height` picture from `face.FaceTracker`; a batch (n, 478, 3) gives (n, 3)
    and (n, 3). Axes as in docs/data-path.md. The translation is the midpoint between the eyeballs; its z is negative,
    in front of the camera. NaN landmarks give NaN. The fit is Horn's: Closed-form solution of absolute orientation
    using unit quaternions, JOSA A 1987.
    """
    points, view = _seen_by_turned_camera(landmarks, width, height)
    face = rigid_face()
    rotation, scale, shift = _fit(face["points"], points[:, face["indices"].astype(int)], face["weights"])
    from_camera = shift - (0.0, 0.0, focal_length(width, height))
    translation = _rotate(view, (from_camera / scale[:, None])[:, None])[:, 0]
    vector = to_vector(multiply(view, rotation))
    return vector.reshape(*landmarks.shape[:-2], 3), translation.reshape(*landmarks.shape[:-2], 3)


def frontal(landmarks: Floats, rotation: Vectors, width: int, height: int) -> Floats:
    """Landmarks (478, 3) or (n, 478, 3) as if the head faced the camera and had a standard size.

    x to the subject's left, y up, z out of the face; 0 is the middle of the four eye corners; 1 is an inter-ocular
    distance, taken as a fixed part of the distance in space between the outer eye corners.
    `rotation`: (3,) or (n, 3) from `head_pose` for the same landmarks and picture size.
    """
    points, view = _seen_by_turned_camera(landmarks, width, height)
    head = to_quaternion(np.reshape(rotation, (-1, 3)))
    points = _rotate(multiply(inverse(head), view), points)
    right, left = (points[:, i] for i in OUTER_EYE_CORNERS)
    size = np.linalg.norm(left - right, axis=1) * INTER_OCULAR
    points = (points - points[:, EYE_CORNERS].mean(axis=1, keepdims=True)) / size[:, None, None]
    return points.reshape(landmarks.shape)


def line_of_sight(landmarks: Floats, width: int, height: int) -> Quaternions:
    """The rotation (n, 4) from the camera's axis to where it sees the face; arguments of `head_pose`."""
    return _seen_by_turned_camera(landmarks, width, height)[1]


def _seen_by_turned_camera(landmarks: Floats, width: int, height: int) -> tuple[Floats, Quaternions]:
    """Points (n, 478, 3) in space as a camera turned to the face sees them; and its rotation (n, 4), to the real one.

    x right, y up, z to the viewer. The origin lies on the line of sight at the depth where the landmarks' z is 0; the
    unit is the length that one px covers there, so the camera is a focal length away.
    """
    pixels = np.asarray(landmarks, dtype=np.float64).reshape(-1, *landmarks.shape[-2:])
    focal = focal_length(width, height)
    rays = pixels - (width / 2, height / 2, 0.0)
    rays[..., 1] *= -1.0
    rays[..., 2] = -focal
    middle = rays[:, EYE_CORNERS].mean(axis=1)
    away = np.linalg.norm(middle, axis=1, keepdims=True) / focal  # 1 in the picture's middle
    view = _shortest_turn(middle)
    rays = _rotate(inverse(view), rays)
    # A flat picture stretches what is off its middle: by `away` along circles around it, by its square across them.
    # The scale of z is their geometric mean.
    z = pixels[..., 2] / away**1.5
    # Perspective: nearer points lie farther from the line of sight in the picture than in space.
    points = rays * ((focal + z) / -rays[..., 2])[..., None]
    points[..., 2] = -z
    return points, view


def _fit(face: Floats, points: Floats, weights: Floats) -> tuple[Quaternions, Floats, Vectors]:
    """Rotation (n, 4), scale (n,) and shift (n, 3) that bring `face` (k, 3) closest to `points` (n, k, 3)."""
    weights = weights / weights.sum()
    gap = np.isnan(points.sum(axis=(1, 2)))
    points = np.where(gap[:, None, None], face, points)  # eigh refuses NaN
    from_middle, to_middle = weights @ face, weights @ points
    source, target = face - from_middle, points - to_middle[:, None]
    s = np.einsum("k,ki,nkj->nij", weights, source, target)
    n = np.empty((len(points), 4, 4))
    n[:, 0, 0] = np.trace(s, axis1=1, axis2=2)
    n[:, 0, 1:] = n[:, 1:, 0] = np.stack(
        [s[:, 1, 2] - s[:, 2, 1], s[:, 2, 0] - s[:, 0, 2], s[:, 0, 1] - s[:, 1, 0]], axis=1
    )
    n[:, 1:, 1:] = s + s.transpose(0, 2, 1) - n[:, 0, 0, None, None] * np.eye(3)
    values, vectors = np.linalg.eigh(n)
    rotation = vectors[:, :, -1]
    scale = values[:, -1] / (weights @ (source**2).sum(axis=1))
    shift = to_middle - scale[:, None] * _rotate(rotation, from_middle[None, None])[:, 0]
    rotation[gap] = np.nan
    return rotation, np.where(gap, np.nan, scale), shift


def _rotate(rotation: Quaternions, points: Floats) -> Floats:
    """Points (n, k, 3) rotated by quaternions (n, 4)."""
    w, q = rotation[:, None, :1], rotation[:, None, 1:]
    twice = 2.0 * np.cross(q, points)
    return points + w * twice + np.cross(q, twice)


def _shortest_turn(directions: Vectors) -> Quaternions:
    """Quaternions (n, 4) of the shortest rotations from straight ahead (0, 0, -1) to directions (n, 3)."""
    ahead = np.array([0.0, 0.0, -1.0])
    directions = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    turn = np.concatenate([1.0 + directions @ ahead[:, None], np.cross(ahead, directions)], axis=1)
    return turn / np.linalg.norm(turn, axis=1, keepdims=True)


@cache
def rigid_face() -> dict[str, Floats]:
    """models/rigid_face.json: `indices` (k,) of landmarks that expressions hardly move, their `points` (k, 3) on an
    average face in inter-ocular distances, and `weights` (k,). Raises FieldsError when it is missing or damaged.
    """
    try:
        card = json.loads(RIGID_FACE.read_text(encoding="utf-8"))
        return {name: np.array(card[name], dtype=np.float64) for name in ("indices", "points", "weights")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FieldsError(
            "{path} is missing or damaged ({why}). Reinstall the extension.", path=RIGID_FACE, why=str(error)
        ) from None
