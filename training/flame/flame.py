"""FLAME's mesh and joints, without expressions. Plain numpy.

Frame and unit are the model's: x to the subject's left, y up, z out of the face, metres. The model is FLAME 2023 Open
(CC-BY-4.0, Max Planck Institute for Intelligent Systems; Li, Bolkart, Black, Li, Romero, *Learning a model of facial
shape and expression from 4D scans*, SIGGRAPH Asia 2017) or any release saved with the same names.
"""

import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fields_blender.core.errors import FieldsError
from fields_blender.core.rotation import to_quaternion
from tools import shared_data

DATA = shared_data.find("data", "flame2023_open", "flame2023_open_without_expression.npz")
VERTICES = 5023
ROOT, NECK, JAW, LEFT_EYE, RIGHT_EYE = range(5)
# The mesh consists of the head (skin, inside of the mouth, eye sockets) and two eyeballs.
SKIN = slice(0, 3931)
BALLS = (slice(3931, 4477), slice(4477, VERTICES))  # left, right


@dataclass(frozen=True)
class Flame:
    """`template` (5023, 3) m; `triangles` (t, 3); `weights` (5023, 5) for root, neck, jaw, left and right eye;
    `jaw_correctives` (9, 5023, 3): displacement per entry of the jaw's rotation matrix minus 1;
    `joint_regressor` (5, 5023)."""

    template: np.ndarray
    triangles: np.ndarray
    weights: np.ndarray
    jaw_correctives: np.ndarray
    joint_regressor: np.ndarray

    def joints(self, neutral: np.ndarray) -> np.ndarray:
        """(5, 3) of a person's head (5023, 3) at rest."""
        return self.joint_regressor @ neutral

    def only(self, vertices: np.ndarray) -> "Flame":
        """The model restricted to some vertices, for `open_jaw` and `close_jaw` only."""
        return replace(self, weights=self.weights[vertices], jaw_correctives=self.jaw_correctives[:, vertices])

    def open_jaw(self, rest: np.ndarray, jaw: np.ndarray, joint: np.ndarray) -> np.ndarray:
        """Unposed vertices (t, 5023, 3) with the jaw rotated by axis-angles (t, 3) about its `joint` (3,)."""
        turn = matrices(jaw)
        share = self.weights[:, JAW, None]
        moved = rest + self._correctives(turn)
        return moved + share * ((moved - joint) @ turn.transpose(0, 2, 1) + joint - moved)

    def close_jaw(self, posed: np.ndarray, jaw: np.ndarray, joint: np.ndarray) -> np.ndarray:
        """The inverse of `open_jaw`: the vertices with the jaw rotated back."""
        turn = matrices(jaw)
        share = self.weights[:, JAW, None, None]
        blend = np.eye(3) + share * (turn - np.eye(3))[:, None]  # (t, 5023, 3, 3)
        back = np.linalg.solve(blend, (posed - joint)[..., None])[..., 0]
        # posed = blend (moved - joint) + joint, as the joint itself does not move.
        return back + joint - self._correctives(turn)

    def _correctives(self, turn: np.ndarray) -> np.ndarray:
        return np.tensordot((turn - np.eye(3)).reshape(-1, 9), self.jaw_correctives, 1)


def load(path: Path = DATA) -> Flame:
    """Raises FieldsError where the file is missing or is no FLAME model."""
    try:
        with np.load(path, allow_pickle=False) as data:
            head = Flame(
                data["v_template"].astype(np.float64),
                data["faces"].astype(np.int32),
                data["weights"].astype(np.float64),
                data["posedirs"][9:18].astype(np.float64),
                data["J_regressor"].astype(np.float64),
            )
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise FieldsError(
            "{path} can't be read as a FLAME model ({why}). Give an npz with v_template, faces, weights, posedirs "
            "and J_regressor.",
            path=path,
            why=error,
        ) from None
    if head.template.shape != (VERTICES, 3) or head.jaw_correctives.shape != (9, VERTICES, 3):
        raise FieldsError(
            "{path} does not have FLAME's {count:,} vertices. Give the model that the scans are registered to.",
            path=path,
            count=VERTICES,
        )
    return head


def matrices(vectors: np.ndarray) -> np.ndarray:
    """Rotation matrices (n, 3, 3) of axis-angle vectors (n, 3)."""
    w, x, y, z = to_quaternion(np.reshape(vectors, (-1, 3))).T
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    ).transpose(2, 0, 1)


def ball(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Centre (3,) and radius of the sphere through points (n, 3), by least squares."""
    solution = np.linalg.lstsq(np.c_[2 * points, np.ones(len(points))], (points**2).sum(axis=1), rcond=None)[0]
    return solution[:3], float(np.sqrt(solution[3] + solution[:3] @ solution[:3]))


def mirror(triangles: np.ndarray, template: np.ndarray) -> np.ndarray:
    """(5023,) the mirror vertex of each vertex, found by connectivity, since the template is asymmetric."""
    across = {}
    for a, b, c in triangles.tolist():
        across[a, b], across[b, c], across[c, a] = c, a, b
    flipped = template * (-1, 1, 1)
    middle = np.flatnonzero(np.abs(template[SKIN, 0]) < 0.001).tolist()
    best: dict[int, int] = {}
    # An edge on the middle line is its own mirror image; growing from any other edge soon fails.
    for a, b in ((a, b) for a in middle for b in middle if (a, b) in across and (b, a) in across):
        found = _grow(across, a, b)
        if len(set(found.values())) > len(set(best.values())):
            best = found
        if len(set(best.values())) == SKIN.stop:
            break
    result = np.arange(VERTICES)
    result[list(best)] = list(best.values())
    for here, there in (BALLS, BALLS[::-1]):
        own, other = flipped[here] - flipped[here].mean(axis=0), template[there] - template[there].mean(axis=0)
        distance = ((own[:, None] - other) ** 2).sum(axis=2)
        result[here] = distance.argmin(axis=1) + there.start
    return result


def _grow(across: dict[tuple[int, int], int], a: int, b: int) -> dict[int, int]:
    """Vertex -> mirror vertex for all that edge (a, b) reaches. across: edge -> third vertex of its triangle."""
    image = {a: a, b: b}
    edges, seen = [(a, b)], set()
    while edges:
        a, b = edge = edges.pop()
        if edge in seen or edge not in across or (image[b], image[a]) not in across:
            continue
        seen.add(edge)
        c, other = across[edge], across[image[b], image[a]]
        if image.setdefault(c, other) != other:
            continue  # a quad that is split along the other diagonal there
        edges += [(c, b), (a, c)]
    return image
