"""The two networks and their card: they belong together, and a damaged one is refused with an explanation."""

import json
from pathlib import Path

import numpy as np
import pytest

from fields_blender.capture.regressor import OUTPUTS, Regressor
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS

onnx = pytest.importorskip("onnx")
from tests import make_networks  # noqa: E402 - needs onnx

MODELS = Path(__file__).parent.parent / "models"


@pytest.fixture
def made(tmp_path):
    make_networks.write(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def frames():
    """Twenty frames' landmarks, rotations and maps; what they show does not matter here."""
    rng = np.random.default_rng(3)
    return (
        rng.normal(0, 0.3, (20, 478, 3)).astype(np.float32),
        rng.normal(0, 0.2, (20, 3)).astype(np.float32),
        *(rng.normal(0, 2, (20, *shape)).astype(np.float16) for shape in make_networks.MAPS.values()),
    )


# ---- the bundled networks


@pytest.fixture(scope="module")
def bundled() -> Regressor:
    return Regressor(MODELS, "cpu")


def test_outputs_have_the_sizes_and_ranges_of_the_contract(bundled, frames):
    features = bundled.encode(*frames)
    assert features.shape == (20, bundled.features) and features.dtype == np.float32
    read = bundled.read(features, bundled.mean_face, 0.0)
    assert set(read) == set(OUTPUTS)
    for name, value in read.items():
        assert value.shape == (20, *GROUPS[name]) and value.dtype == np.float32 and np.isfinite(value).all(), name
    for name in ("expression", "eyelids", "emotion", "intensity"):
        assert read[name].min() >= 0 and read[name].max() <= 1, name
    assert (read["jaw"][:, 0] >= 0).all() and (read["uncertainty"] > 0).all()
    np.testing.assert_allclose(read["emotion"].sum(axis=1), 1, atol=1e-5)


def test_a_frame_is_read_the_same_alone_and_among_others(bundled, frames):
    whole, alone = bundled.encode(*frames), bundled.encode(*(part[7:8] for part in frames))
    np.testing.assert_allclose(alone[0], whole[7], atol=2e-3)
    together, single = bundled.read(whole, whole[0], 1.0), bundled.read(whole[7:8], whole[0], 1.0)
    for name in OUTPUTS:
        np.testing.assert_allclose(single[name][0], together[name][7], atol=1e-4)


def test_what_the_person_looks_like_at_rest_matters(bundled, frames):
    features = bundled.encode(*frames)
    one, other = (bundled.read(features, features[0], certainty) for certainty in (0.0, 1.0))
    assert np.abs(one["expression"] - other["expression"]).max() > 0.01


def test_the_mean_face_is_neutral(bundled):
    read = bundled.read(bundled.mean_face[None], bundled.mean_face, 0.0)
    assert read["emotion"][0, 0] > 0.8 and read["expression"].max() < 0.1 and read["eyelids"].max() < 0.1


# ---- networks made for the test


def test_everything_reaches_the_networks_as_it_is(made, frames):
    regressor = Regressor(made, "cpu")
    landmarks, rotation, *maps = frames
    parts = [landmarks.mean(1), rotation]
    parts += [lips.astype(np.float32).mean((1, 2, 3))[:, None] for lips in maps[:2]]
    features = regressor.encode(*frames)
    assert regressor.features == make_networks.FEATURES
    np.testing.assert_allclose(features, np.concatenate(parts, axis=1), atol=1e-5)
    # The mean face, all zeros here, counts for what the certainty lacks to 1.
    for certainty in (0.0, 0.4, 1.0):
        read = regressor.read(features, features[3], certainty)
        for name in OUTPUTS:
            expected = make_networks.read(features, certainty * features[3], name).reshape(20, *GROUPS[name])
            np.testing.assert_allclose(read[name], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["encoder", "regressor"])
def test_a_damaged_network_is_refused(made, name):
    path = made / f"{name}.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(FieldsError, match=rf"{name}\.onnx is not the file its card describes.*Reinstall"):
        Regressor(made, "cpu")


@pytest.mark.parametrize("name", ["encoder", "regressor"])
def test_a_missing_network_is_named(made, name):
    (made / f"{name}.onnx").unlink()
    with pytest.raises(FieldsError, match=rf"{name}\.onnx can't be read.*Reinstall"):
        Regressor(made, "cpu")


@pytest.mark.parametrize("data", [b"", b"no array", np.zeros(3).tobytes()])
def test_a_damaged_mean_face_is_refused(made, data):
    (made / "mean_face.npy").write_bytes(data)
    with pytest.raises(FieldsError, match=r"mean_face\.npy, can't be used.*Install the extension again"):
        Regressor(made, "cpu")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"networks": {}}', "null"])
def test_a_damaged_card_is_refused(made, text):
    (made / "regressor.json").write_text(text)
    with pytest.raises(FieldsError, match="Install the extension again"):
        Regressor(made, "cpu")


@pytest.mark.parametrize("names", ["expression", "emotions", "uncertainty"])
def test_a_card_of_other_outputs_is_refused(made, names):
    card = json.loads((made / "regressor.json").read_text())
    make_networks.write_card(made, **{names: card[names][::-1]})
    with pytest.raises(FieldsError, match="other outputs"):
        Regressor(made, "cpu")


@pytest.mark.parametrize(("name", "other"), [("encoder", "regressor"), ("regressor", "encoder")])
def test_another_network_behind_the_right_sum_is_refused(made, name, other):
    (made / f"{name}.onnx").write_bytes((made / f"{other}.onnx").read_bytes())
    make_networks.write_card(made)
    with pytest.raises(FieldsError, match=r"another one.*Install the extension again"):
        Regressor(made, "cpu")
