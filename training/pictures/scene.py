"""What a picture is rendered from: `Scene` in NumPy, and the same data for Warp's kernels."""

from dataclasses import dataclass

import numpy as np
import warp as wp

LAMPS = 4


@dataclass
class Scene:
    """A batch of b pictures with n vertices and t triangles, of which the last may be transparent.

    points (b, n, 3): pixel x, y (down), 1 / distance. place (b, n, 3): camera axes (origin at the head's, x to the
    picture's right, y up, z towards the camera). colour (b, n, 3): linear albedo of what has no texture. uv (b, n, 2):
    into the texture. triangles (b, t, 3) int32, counterclockwise seen from outside; kind (b, t) int32: label of
    `mesh_parts`; alpha (b, t): 1 opaque; of lashes the coverage by hair.
    albedo (b, s, s, 3), bump (b, s, s, 2): skin. eye (b, 2, 3, 3): left and right eyeball's centre, gaze axis, up.
    eye_colour (b, 4, 3): pupil, iris, its rim, white. eye_size (b, 3): the iris' edge in rad, the pupil as a part of
    it, a seed 0..1 for this person's iris streaks and veins.
    harmonics (b, 9, 3), lamp, lamp_colour (b, LAMPS, 3), lamp_size (b, 4) rad, shadow (b,) 0..1: see light.py.
    shine (b, 2): strength and exponent of the skin's highlight. camera (b, 3): its place. scale (b,): pixels per IOU.
    """

    points: np.ndarray
    place: np.ndarray
    colour: np.ndarray
    uv: np.ndarray
    triangles: np.ndarray
    kind: np.ndarray
    alpha: np.ndarray
    albedo: np.ndarray
    bump: np.ndarray
    eye: np.ndarray
    eye_colour: np.ndarray
    eye_size: np.ndarray
    harmonics: np.ndarray
    lamp: np.ndarray
    lamp_colour: np.ndarray
    lamp_size: np.ndarray
    shadow: np.ndarray
    shine: np.ndarray
    camera: np.ndarray
    scale: np.ndarray


# Rows of a scene's table of small vectors. (Warp copies structures at every call, so they should have few members.)
AT_CAMERA, AT_EYE, AT_EYE_COLOUR, AT_EYE_SIZE, AT_HARMONICS = (wp.constant(k) for k in (0, 1, 7, 11, 12))
AT_LAMP, AT_LAMP_COLOUR, AT_LAMP_SIZE, AT_SHINE = (wp.constant(k) for k in (21, 25, 29, 33))  # AT_SHINE: and shadow
AT_SCALE = wp.constant(34)
_ROWS = 35


@wp.struct
class Arrays:
    points: wp.array2d(dtype=wp.vec3)
    place: wp.array2d(dtype=wp.vec3)
    colour: wp.array2d(dtype=wp.vec3)
    uv: wp.array2d(dtype=wp.vec2)
    triangles: wp.array2d(dtype=wp.vec3i)
    kind: wp.array2d(dtype=wp.int32)
    alpha: wp.array2d(dtype=wp.float32)
    albedo: wp.array3d(dtype=wp.vec3)
    bump: wp.array3d(dtype=wp.vec2)
    table: wp.array2d(dtype=wp.vec3)


def table(scene: Scene) -> np.ndarray:
    """(b, rows, 3) the small vectors of a scene, in the rows named above."""
    table = np.zeros((len(scene.camera), _ROWS, 3), np.float32)
    table[:, AT_CAMERA] = scene.camera
    table[:, AT_EYE : AT_EYE + 6] = scene.eye.reshape(-1, 6, 3)
    table[:, AT_EYE_COLOUR : AT_EYE_COLOUR + 4] = scene.eye_colour
    table[:, AT_EYE_SIZE] = scene.eye_size
    table[:, AT_HARMONICS : AT_HARMONICS + 9] = scene.harmonics
    table[:, AT_LAMP : AT_LAMP + LAMPS] = scene.lamp
    table[:, AT_LAMP_COLOUR : AT_LAMP_COLOUR + LAMPS] = scene.lamp_colour
    table[:, AT_LAMP_SIZE : AT_LAMP_SIZE + LAMPS, 0] = scene.lamp_size
    table[:, AT_SHINE, :2] = scene.shine
    table[:, AT_SHINE, 2] = scene.shadow
    table[:, AT_SCALE, 0] = scene.scale
    return table
