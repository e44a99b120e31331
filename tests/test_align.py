"""Similarities between heads: laws, and the heads whose meshes are known."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.geometry import align, demo_head
from training.flame import flame
from training.people import ict_head

DEMO = Path(__file__).parents[1] / "models/demo_head.npz"


def turned(points: np.ndarray, scale: float = 37.0) -> np.ndarray:
    """Points as another tool has them: z up, larger, elsewhere."""
    return scale * points @ np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]) + (3.0, -2.0, 160.0)


def test_a_similarity_comes_back_exactly():
    rng = np.random.default_rng(5)
    points = rng.normal(size=(14, 3))
    scale, rotation, offset = align.align(points, turned(points))
    np.testing.assert_allclose(scale * points @ rotation.T + offset, turned(points), atol=1e-9)
    assert abs(scale - 37.0) < 1e-9
    back = align.align(turned(points), points)
    assert abs(back[0] * scale - 1.0) < 1e-9
    np.testing.assert_allclose(back[1] @ rotation, np.eye(3), atol=1e-12)


def test_a_mirror_image_is_never_taken_for_a_turn():
    points = np.random.default_rng(5).normal(size=(9, 3))
    assert np.linalg.det(align.align(points, points * (-1, 1, 1))[1]) > 0.99


def test_noise_is_shared_out_and_bad_places_are_refused():
    rng = np.random.default_rng(6)
    scale, rotation, _ = align.align(align.AVERAGE, turned(align.AVERAGE) + rng.normal(0, 0.4, (14, 3)))
    assert abs(scale / 37.0 - 1) < 0.02
    assert np.trace(rotation.T @ align.align(align.AVERAGE, turned(align.AVERAGE))[1]) > 2.999
    for places in (np.zeros((14, 3)), np.linspace(0, 1, 14)[:, None] * np.ones(3), align.AVERAGE[:2]):
        with pytest.raises(FieldsError, match="one line"):
            align.align(align.AVERAGE[: len(places)], places)


def known() -> list:
    heads = [pytest.param(lambda: _demo(), "FIELDS Head", id="demo")]
    flame_here = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")
    ict_here = pytest.mark.skipif(not ict_head.DATA.exists(), reason="ICT-FaceKit is not here")
    heads.append(pytest.param(lambda: _flame(), "FLAME", id="flame", marks=flame_here))
    return [*heads, pytest.param(lambda: _ict(), "ICT-FaceKit", id="ict", marks=ict_here)]


def _demo() -> tuple[np.ndarray, np.ndarray]:
    head = demo_head.load(DEMO)
    return head.vertices, head.corner_vertex


def _flame() -> tuple[np.ndarray, np.ndarray]:
    head = flame.load()
    return head.template, head.triangles


def _ict() -> tuple[np.ndarray, np.ndarray]:
    head = ict_head.load()
    assert head.triangles is not None
    return head.neutral, head.triangles


@pytest.mark.parametrize("head, name", known())
def test_known_meshes_are_known_in_any_unit_and_direction(head, name):
    vertices, faces = head()
    for placed in (vertices, turned(vertices)):
        topology = align.topology_of(placed, faces)
        assert topology is not None and topology.name == name
    places = align.landmarks_of(vertices, faces)
    assert places is not None and align.deviation(places) < 0.07
    shuffled = np.random.default_rng(1).permutation(vertices)
    assert align.landmarks_of(shuffled, faces) is None and align.landmarks_of(vertices[:-1], faces) is None
    assert align.landmarks_of(vertices, faces[:10]) is None
