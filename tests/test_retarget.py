"""Track x mapping -> Curves."""

import json
from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.arkit import to_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, EXPRESSION, GROUPS, JAW_OPEN
from fields_blender.core.track import Track
from fields_blender.rig import mapping_file, retarget
from fields_blender.rig.mapping import BoneChannel, Mapping, channel

ARKIT_FILE = Path(__file__).parents[1] / "models" / "mappings" / "arkit.json"


def track(n: int = 20, gaps: tuple[int, ...] = ()) -> Track:
    random = np.random.default_rng(5)
    groups = {name: random.uniform(0.0, 0.3, (n, *shape)).astype(np.float32) for name, shape in GROUPS.items()}
    for row in gaps:
        for name, values in groups.items():
            values[row] = 0.0 if name == "confidence" else np.nan
    return Track(np.arange(n) / 30.0, groups)


def mapping(tmp_path, **changes) -> Path:
    data = {"format": 1, "name": "test", "shape_keys": [{"source": "jawOpen", "key": "Open", "region": "Jaw"}]}
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(data | changes))
    return path


def test_the_arkit_mapping_is_a_renaming():
    mapping = mapping_file.load(ARKIT_FILE)
    performance = track(gaps=(3, 4))
    curves = retarget.retarget(performance, mapping)
    weights = to_arkit(*(performance[name] for name in ("expression", "jaw", "eyelids", "gaze")))
    assert sorted(curves.names) == sorted(ARKIT)
    expected = np.minimum(weights[:, [ARKIT.index(name) for name in curves.names]], 2.0)
    np.testing.assert_allclose(curves.values, expected, atol=1e-12)
    assert np.isnan(curves.values[3:5]).all() and not np.isnan(curves.values[[2, 5]]).any()
    np.testing.assert_allclose(curves.rotations["head"], performance["head"])
    assert np.isnan(curves.rotations["eye.L"][3]).all()


def test_every_shape_key_of_the_arkit_mapping_has_a_region_and_every_replaced_key_exists():
    mapping = mapping_file.load(ARKIT_FILE)
    assert set(mapping.regions.values()) == {"Brow", "Eye", "Cheek", "Nose", "Mouth", "Jaw", "Tongue", "Head"}
    assert {name for bone in mapping.bones for name in bone.replaces} <= set(ARKIT)


def test_gain_offset_and_limits_in_that_order(tmp_path):
    entry = {"source": "jaw.x", "key": "Open", "region": "Jaw", "gain": 2, "offset": -0.1, "min": 0, "max": 0.3}
    performance = track()
    curves = retarget.retarget(performance, mapping_file.load(mapping(tmp_path, shape_keys=[entry])))
    np.testing.assert_allclose(curves.values[:, 0], np.clip(performance["jaw"][:, 0] * 2.0 - 0.1, 0, 0.3), atol=1e-7)


def test_channels_of_one_key_add_up_and_confidence_has_gaps_too(tmp_path):
    entries = [
        {"source": "jawOpen", "key": "Open", "region": "Jaw"},
        {"source": "confidence", "key": "Open", "region": "Jaw"},
        {"source": "confidence", "key": "Sure", "region": "Jaw"},
    ]
    performance = track(gaps=(0,))
    curves = retarget.retarget(performance, mapping_file.load(mapping(tmp_path, shape_keys=entries)))
    assert curves.names == ("Open", "Sure")
    np.testing.assert_allclose(
        curves.values[1:, 0], performance["jaw"][1:, 0] / JAW_OPEN + performance["confidence"][1:, 0], atol=1e-6
    )
    assert np.isnan(curves.values[0]).all()


def test_the_gain_of_a_rotation_scales_its_angle():
    performance = track()
    bones = BoneChannel("head", "neck", "Head", gain=0.4), BoneChannel("jaw", "jaw", "Jaw")
    curves = retarget.retarget(performance, Mapping("test", (), bones))
    np.testing.assert_allclose(curves.rotations["neck"], 0.4 * performance["head"].astype(np.float64))
    np.testing.assert_allclose(curves.rotations["jaw"], performance["jaw"])


def test_rows_that_change_are_known_with_what_must_move_with_them():
    before = track()
    groups = {name: before[name].copy() for name in GROUPS}
    groups["expression"][:, EXPRESSION.index("mouthPucker")] += 0.1
    rows = tuple(channel(name, name) for name in ("mouthPucker", "browInnerUp", "jawOpen", "mouthClose"))
    bones = (BoneChannel("jaw", "jaw", "Jaw", replaces=("jawOpen",)), BoneChannel("head", "head", "Head"))
    found = retarget.changed_channels(before, Track(before.time, groups), Mapping("test", rows, bones))
    # Whether lips close is told by jawOpen and mouthClose; a bone that opens the jaw instead has to know.
    assert [row.key for row in found.channels] == ["mouthPucker", "jawOpen", "mouthClose"]
    assert [bone.bone for bone in found.bones] == ["jaw"]
    assert not retarget.changed_channels(before, before, Mapping("test", rows, bones)).channels


@pytest.mark.parametrize("yaw, pitch", [(0.4, 0.0), (0.0, 0.3), (0.4, 0.3), (-0.5, -0.2)])
def test_gaze_turns_the_eye_to_the_direction_of_its_angles(tmp_path, yaw, pitch):
    performance = track(1)
    performance["gaze"][0, 0] = yaw, pitch
    path = mapping(tmp_path, bones=[{"source": "gaze.left", "bone": "eye.L", "region": "Eye"}])
    x, y, z = retarget.retarget(performance, mapping_file.load(path)).rotations["eye.L"][0]
    angle = np.linalg.norm([x, y, z])
    # Rodrigues' formula on the resting look, z out of the face.
    axis, look = np.array([x, y, z]) / angle, np.array([0.0, 0.0, 1.0])
    look = look * np.cos(angle) + np.cross(axis, look) * np.sin(angle) + axis * (axis @ look) * (1 - np.cos(angle))
    expected = np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)
    np.testing.assert_allclose(look, expected, atol=1e-6)


@pytest.mark.parametrize(
    "changes, says",
    [
        ({"format": 3}, "formats 1 and 2"),
        ({"name": ""}, "name"),
        ({"shape_keys": []}, "maps nothing"),
        ({"shape_keys": {"jawOpen": 1}}, "list"),
        ({"shape_keys": [{"source": "jawOpne", "key": "a", "region": "b"}]}, "jawOpne"),
        ({"shape_keys": [{"source": "jawOpen", "region": "b"}]}, "“key”"),
        ({"shape_keys": [{"source": "jawOpen", "key": "a", "region": "b", "gian": 1}]}, "gian"),
        ({"shape_keys": [{"source": "jawOpen", "key": "a", "region": "b", "gain": "1"}]}, "not a number"),
        ({"shape_keys": [{"source": "jawOpen", "key": "a", "region": "b", "min": 1, "max": 0}]}, "above"),
        ({"shape_keys": [{"source": "jawOpen", "key": "a", "region": "b", "gain": 10**400}]}, "too large"),
        ({"bones": [{"source": "jawOpen", "bone": "jaw", "region": "Jaw"}]}, "gaze.left"),
        ({"bones": [{"source": "jaw", "bone": "jaw", "region": "Jaw", "names": "jaw"}]}, "list of names"),
        ({"bones": [{"source": "jaw", "bone": "jaw", "region": "Jaw"}] * 2}, "same bone"),
        ({"drivers": []}, "drivers"),
    ],
)
def test_mistakes_in_a_mapping_are_named(tmp_path, changes, says):
    with pytest.raises(FieldsError, match=says):
        mapping_file.load(mapping(tmp_path, **changes))


@pytest.mark.parametrize(
    "text", ["", "[]", "{", "[" * 100_000, "\xff\xfe", '{"format": 1, "name": "x", "shape_keys": [{"gain": NaN}]}']
)
def test_what_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "mapping.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FieldsError):
        mapping_file.load(path)


def test_a_missing_mapping_is_said_so(tmp_path):
    with pytest.raises(FieldsError, match="no mapping"):
        mapping_file.load(tmp_path / "none.json")
