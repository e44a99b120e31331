"""FLAME heads whose expression axes are anybody's: known by their mesh, driven exactly."""

import numpy as np
import pytest

from fields_blender.core.names import EXPRESSION
from fields_blender.flame import flame_basis, flame_fit
from fields_blender.flame.flame_fit import JAW, LOOKS
from fields_blender.rig import formula
from training.flame import flame

pytestmark = pytest.mark.skipif(not flame.DATA.exists(), reason="the FLAME 2023 Open template is not here")
MM = 0.001
SKIN = flame_basis.SKIN
# z up, looking along -y, in cm: as most heads in Blender.
TO_BLENDER = 100.0 * np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


@pytest.fixture(scope="module")
def head() -> flame.Flame:
    return flame.load()


def edges_of(head: flame.Flame) -> np.ndarray:
    corners = head.triangles
    return np.unique(np.sort(np.concatenate([corners[:, :2], corners[:, 1:], corners[:, ::2]]), axis=1), axis=0)


def ours() -> np.ndarray:
    return np.concatenate([*flame_basis.shapes(), flame_basis.jaw()])


def made_up(head: flame.Flame, rank: int = 100) -> np.ndarray:
    """(rank, 5023, 3) m: a release's axes, that span ours and much else, each a mixture of everything."""
    rng = np.random.default_rng(11)
    face = np.minimum(np.linalg.norm(ours(), axis=2).max(axis=0)[:, None] / (10 * MM), 1.0) ** 2
    smooth = [
        np.sin(head.template @ rng.normal(0, 60, 3) + rng.uniform(0, 6))[:, None] * rng.normal(0, MM, 3) * face
        for _ in range(rank - 51)
    ]
    span = np.concatenate([ours()[np.linalg.norm(ours(), axis=2).max(axis=1) > 0], smooth])
    _, size, axes = np.linalg.svd(span.reshape(len(span), -1), full_matrices=False)
    turn = np.linalg.qr(rng.normal(size=(len(span), len(span))))[0]
    return (turn @ (size[:, None] ** 0.5 * axes)).reshape(len(span), -1, 3) * 0.1


def test_flame_is_known_by_its_edges(head):
    edges = edges_of(head)
    assert flame_fit.is_flame(5023, edges) and flame_fit.is_flame(5023, edges[::-1, ::-1])
    some = np.random.default_rng(2).uniform(size=len(edges)) < 0.99
    lids = np.isin(edges, np.concatenate(flame_basis.marks()[0])).all(axis=1)
    assert flame_fit.is_flame(5023, edges[some | lids]), "an artist may have deleted faces"
    assert not flame_fit.is_flame(5022, edges) and not flame_fit.is_flame(5023, edges[:0])
    other = np.random.default_rng(3).permutation(5023)
    assert not flame_fit.is_flame(5023, other[edges])
    # All the edges asked for by name, and the rest of another mesh.
    assert not flame_fit.is_flame(5023, np.concatenate([edges[lids], other[edges]]))


def test_size_and_direction_come_back_exactly_and_people_do_not_tilt_it(head):
    for to in (np.eye(3), TO_BLENDER, 0.3 * np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]):
        to = to * np.sign(np.linalg.det(to))
        np.testing.assert_allclose(flame_fit.flame_to_head(head.template @ to.T), to, atol=1e-4 * np.abs(to).max())
    with np.load(flame.DATA) as file:
        person = head.template + file["identity"][..., :5] @ np.array([2.0, -1.5, 1.0, 1.0, -1.0])
    found = flame_fit.flame_to_head(person @ TO_BLENDER.T)
    assert ((found != 0) == (TO_BLENDER != 0)).all() and abs(np.abs(found).max() / 100 - 1) < 0.15


@pytest.mark.parametrize("jaw", [False, True])
def test_what_a_release_spans_comes_back(head, jaw):
    axes = made_up(head)
    assert np.linalg.matrix_rank(axes.reshape(len(axes), -1)) == 100
    fitted = flame_fit.fit(head.template @ TO_BLENDER.T, axes @ TO_BLENDER.T, jaw)
    assert fitted.missing == ("tongueOut",)  # FLAME has none
    rng = np.random.default_rng(5)
    weights = rng.uniform(0, 1, (40, len(fitted.sources))) * (rng.uniform(size=(40, len(fitted.sources))) < 0.25)
    rows = flame_fit.channels(fitted, [f"expression_{i}" for i in range(len(axes))])
    # Through the text of the mapping, as it is saved.
    pushed = np.zeros((40, len(axes)))
    for row in rows:
        followed = formula.parse(formula.show(row.source))
        place = int(row.key.removeprefix("expression_"))
        pushed[:, place] = formula.evaluate(followed, lambda name: weights[:, fitted.sources.index(name)])
        low, high = flame_fit.value_range(row)
        assert low - 1e-9 <= pushed[:, place].min() and pushed[:, place].max() <= high + 1e-9
    shown = np.tensordot(pushed, axes, 1)[:, SKIN]
    truth = np.tensordot(weights, ours()[: len(fitted.sources)], 1)[:, SKIN]
    error = np.linalg.norm(shown - truth, axis=2)
    print(f"mean {error.mean() / MM:.4f} mm, worst {error.max() / MM:.3f} mm")
    assert error.mean() < 0.05 * MM and error.max() < 0.5 * MM
    assert np.abs(pushed).max() < flame_fit.SLIDER_LIMIT


def test_what_it_does_not_span_is_told_and_comes_as_near_as_it_can(head):
    axes = flame_basis.shapes()[0][[EXPRESSION.index(name) for name in ("mouthSmileLeft", "jawForward")]]
    fitted = flame_fit.fit(head.template, 2.0 * axes, jaw=False)
    column = fitted.sources.index("mouthSmileLeft")
    np.testing.assert_allclose(fitted.weights[column], (0.5, 0), atol=1e-3)
    assert "browInnerUp" in fitted.missing and "mouthSmileLeft" not in fitted.missing
    assert set(JAW) & set(fitted.sources) == set() and set(LOOKS) <= set(fitted.sources)


def test_identities_are_left_to_the_artist(head):
    with np.load(flame.DATA) as file:
        identity = np.moveaxis(file["identity"], 2, 0).astype(np.float64)
    axes = made_up(head)[:30]
    kept = flame_fit.are_expressions([f"axis {i}" for i in range(90)], np.concatenate([identity, axes]))
    assert kept[60:].all() and kept[:60].sum() <= 6, kept[:60].sum()
    assert not flame_fit.are_expressions(["Shape1", "Pose3", "betas_2"], axes[:3]).any()
    assert flame_fit.are_expressions(["Exp000", "expression_3", "ψ 1"], axes[:3]).all()
