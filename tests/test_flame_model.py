"""The artist's own FLAME model file, of any release. Models here are made up: FLAME's topology is the template's, its
axes are not FLAME's."""

import pickle
import sys

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.flame import flame_basis, flame_model
from tests import fake_flame

VERTICES = flame_basis.VERTICES


def same(model: flame_model.FlameModel, parts: dict[str, np.ndarray]) -> None:
    close = {"rtol": 1e-5, "atol": 1e-7}
    np.testing.assert_allclose(model.template, parts["v_template"], **close)
    np.testing.assert_array_equal(model.triangles, parts["f"])
    np.testing.assert_allclose(model.identity, np.moveaxis(parts["shapedirs"][:, :, :-100], 2, 0), **close)
    np.testing.assert_allclose(model.expression, np.moveaxis(parts["shapedirs"][:, :, -100:], 2, 0), **close)
    np.testing.assert_allclose(model.joint_regressor, parts["J_regressor"], **close)
    np.testing.assert_allclose(model.pose_correctives[5], parts["posedirs"][:, :, 5], **close)
    np.testing.assert_allclose(model.joints()[2], parts["v_template"][900], rtol=1e-4, atol=1e-6)


def official() -> dict:
    """As the official pickles hold them: chumpy arrays, a sparse joint regressor, words."""
    parts = fake_flame.parts(identity=10)
    parts |= {name: fake_flame.Ch(parts[name]) for name in ("v_template", "shapedirs", "posedirs", "weights")}
    return parts | {"J_regressor": fake_flame.csc_matrix(parts["J_regressor"]), "bs_style": "lbs"}


def test_the_official_pickle_with_chumpy_and_scipy(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        fake_flame.pretend(patch)
        (tmp_path / "generic_model.pkl").write_bytes(pickle.dumps(official(), 2))
    before = set(sys.modules)
    same(flame_model.load(tmp_path / "generic_model.pkl"), fake_flame.parts(identity=10))
    assert not {"chumpy.ch", "scipy.sparse.csc"} & (set(sys.modules) - before)


def test_npz_models(tmp_path):
    parts = fake_flame.parts(identity=60)
    np.savez(tmp_path / "a.npz", **parts, landmarks=np.array([{"a": 1}], dtype=object))
    same(flame_model.load(tmp_path / "a.npz"), parts)
    apart = {name: parts[name] for name in ("v_template", "weights", "J_regressor")}
    apart |= {"faces": parts["f"], "posedirs": np.moveaxis(parts["posedirs"], 2, 0)}
    apart |= {"identity": parts["shapedirs"][:, :, :60], "expression": parts["shapedirs"][:, :, 60:]}
    np.savez(tmp_path / "b.npz", **apart)
    same(flame_model.load(tmp_path / "b.npz"), parts)


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("v_template", np.zeros((10475, 3)), "10,475 vertices"),
        ("v_template", None, "no mesh"),
        ("shapedirs", np.zeros((VERTICES, 3, 50)), "expression axes"),
        ("shapedirs", np.zeros((VERTICES, 2, 400)), "“axes”"),
        ("shapedirs", np.full((VERTICES, 3, 101), np.nan), "without sense"),
        ("f", np.array([[0, 1, VERTICES]]), "triangles"),
        ("f", np.array([[0.0, 1.0, np.nan]]), "triangles"),
        ("weights", np.zeros((VERTICES, 55)), "weights"),
        ("J_regressor", None, "J_regressor"),
    ],
)
def test_what_is_no_flame_is_told(tmp_path, part, value, says):
    parts = fake_flame.parts(identity=1) | {part: value}
    np.savez(tmp_path / "a.npz", **{name: array for name, array in parts.items() if array is not None})
    with pytest.raises(FieldsError, match=says):
        flame_model.load(tmp_path / "a.npz")


def test_a_pickle_that_is_no_model(tmp_path):
    for content in (b"", b"text", pickle.dumps([1, 2]), pickle.dumps({"v_template": [1.0]}), b"\x80\x02cos\nsystem\n."):
        (tmp_path / "a.pkl").write_bytes(content)
        with pytest.raises(FieldsError):
            flame_model.load(tmp_path / "a.pkl")
    with pytest.raises(FieldsError, match="no file"):
        flame_model.load(tmp_path / "b.pkl")
