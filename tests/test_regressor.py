"""The bundled network and its card: they belong together, and a damaged one is refused in words."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from fields_blender.errors import FieldsError
from fields_blender.names import GROUPS
from fields_blender.regressor import OUTPUTS, Regressor

MODELS = Path(__file__).parent.parent / "models"


@pytest.fixture
def copy(tmp_path):
    for name in ("regressor.onnx", "regressor.json"):
        shutil.copy(MODELS / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="module")
def faces():
    """Forty sets of landmarks; what they show does not matter here."""
    rng = np.random.default_rng(3)
    return rng.normal(0, 0.3, (40, 478, 3)).astype(np.float32), rng.normal(0, 0.2, (40, 3)).astype(np.float32)


def test_outputs_have_the_sizes_and_ranges_of_the_contract(faces):
    read = Regressor(MODELS, "cpu").predict(*faces)
    assert set(read) == set(OUTPUTS)
    for name, value in read.items():
        assert value.shape == (40, *GROUPS[name]) and value.dtype == np.float32 and np.isfinite(value).all(), name
    for name in ("expression", "eyelids", "emotion", "intensity"):
        assert read[name].min() >= 0 and read[name].max() <= 1, name
    assert (read["jaw"][:, 0] >= 0).all()
    np.testing.assert_allclose(read["emotion"].sum(axis=1), 1, atol=1e-5)


def test_a_frame_is_read_the_same_alone_and_among_others(faces):
    regressor = Regressor(MODELS, "cpu")
    whole = regressor.predict(*faces, neutral=faces[0][0])
    alone = regressor.predict(faces[0][7:8], faces[1][7:8], neutral=faces[0][0])
    for name in OUTPUTS:
        np.testing.assert_allclose(alone[name][0], whole[name][7], atol=1e-4)


def test_what_the_person_looks_like_at_rest_matters(faces):
    regressor = Regressor(MODELS, "cpu")
    without, with_rest = regressor.predict(*faces), regressor.predict(*faces, neutral=faces[0][0])
    assert np.abs(without["expression"] - with_rest["expression"]).max() > 0.01


def test_a_damaged_network_is_refused(copy):
    data = bytearray((copy / "regressor.onnx").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (copy / "regressor.onnx").write_bytes(data)
    with pytest.raises(FieldsError, match=r"damaged.*Install the extension again"):
        Regressor(copy, "cpu")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"inputs": {}}', "null"])
def test_a_damaged_card_is_refused(copy, text):
    (copy / "regressor.json").write_text(text)
    with pytest.raises(FieldsError, match="Install the extension again"):
        Regressor(copy, "cpu")


def test_a_card_of_other_outputs_is_refused(copy):
    card = json.loads((copy / "regressor.json").read_text())
    card["expression"] = card["expression"][::-1]
    (copy / "regressor.json").write_text(json.dumps(card))
    with pytest.raises(FieldsError, match="other outputs"):
        Regressor(copy, "cpu")


def test_another_network_behind_the_right_sum_is_refused(copy):
    other = (MODELS / "face_detector.onnx").read_bytes()
    (copy / "regressor.onnx").write_bytes(other)
    card = json.loads((copy / "regressor.json").read_text())
    (copy / "regressor.json").write_text(json.dumps({**card, "sha256": hashlib.sha256(other).hexdigest()}))
    with pytest.raises(FieldsError, match=r"another one.*Install the extension again"):
        Regressor(copy, "cpu")


def test_a_missing_network_is_named(copy):
    (copy / "regressor.onnx").unlink()
    with pytest.raises(FieldsError, match=r"regressor\.onnx|can't be read"):
        Regressor(copy, "cpu")
