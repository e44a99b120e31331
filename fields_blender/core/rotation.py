"""Rotations as arrays: axis-angle vectors (n, 3) in rad and unit quaternions (n, 4), w first."""

import numpy as np

from .arrays import Floats, Quaternions, Vectors


def to_quaternion(vectors: Vectors) -> Quaternions:
    """Quaternions (n, 4) of axis-angle vectors (n, 3). NaN rows stay NaN."""
    vectors = np.asarray(vectors, dtype=np.float64)
    half = np.linalg.norm(vectors, axis=1, keepdims=True) / 2.0
    # sin(half) / angle tends to 1/2 at no rotation; np.sinc(x) is sin(pi x) / (pi x).
    return np.hstack([np.cos(half), vectors * np.sinc(half / np.pi) / 2.0])


def to_vector(quaternions: Quaternions) -> Vectors:
    """Axis-angle vectors (n, 3) of unit quaternions (n, 4), with angles of at most pi."""
    quaternions = np.where(quaternions[:, :1] < 0.0, -quaternions, quaternions)
    sine = np.linalg.norm(quaternions[:, 1:], axis=1, keepdims=True)
    half = np.arctan2(sine, quaternions[:, :1])
    return 2.0 * quaternions[:, 1:] / np.sinc(half / np.pi)


def multiply(a: Quaternions, b: Quaternions) -> Quaternions:
    """The rotation b followed by the rotation a, for quaternions (n, 4)."""
    scalar = a[:, :1] * b[:, :1] - np.sum(a[:, 1:] * b[:, 1:], axis=1, keepdims=True)
    return np.hstack([scalar, a[:, :1] * b[:, 1:] + b[:, :1] * a[:, 1:] + np.cross(a[:, 1:], b[:, 1:])])


def inverse(quaternions: Quaternions) -> Quaternions:
    """The opposite rotations, for unit quaternions (n, 4)."""
    return quaternions * (1.0, -1.0, -1.0, -1.0)


def slerp(a: Quaternions, b: Quaternions, weight: Floats) -> Quaternions:
    """From a (weight 0) to b (weight 1) at constant speed, the shorter way round: (n, 4), (n, 4), (n,) -> (n, 4).

    Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985.
    """
    cosine = np.sum(a * b, axis=1, keepdims=True)
    b = np.where(cosine < 0.0, -b, b)  # the same rotation, on the same half of the sphere as a
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    weight = weight[:, None]
    # sin(w angle) / sin(angle), written so that it is w where the two rotations are the same.
    shrink = np.sinc(angle / np.pi)
    mixed = a * (1.0 - weight) * np.sinc((1.0 - weight) * angle / np.pi) / shrink
    mixed = mixed + b * weight * np.sinc(weight * angle / np.pi) / shrink
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def rotate(quaternions: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (..., 3) rotated by unit quaternions (..., 4); leading sizes broadcast."""
    w, q = quaternions[..., :1], quaternions[..., 1:]
    twice = 2.0 * np.cross(q, points)
    return points + w * twice + np.cross(q, twice)
