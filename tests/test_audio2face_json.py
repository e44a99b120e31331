"""Audio2Face's JSON: there and back, gaps and head included."""

import json

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import JAW_OPEN
from fields_blender.core.track import Track
from fields_blender.exchange import audio2face_json, recordings
from tests.recorded import performance, weights_of


def test_audio2face(tmp_path):
    data = {"exportFps": 30.0, "trackPath": "a.wav", "numPoses": 6, "numFrames": 2, "facsNames": [
        "browDownLeft", "jawOpen", "mouthFunnel", "nonsense", "Lyra.eyeBlinkRight", "mouth_close"],
        "weightMat": [[0, 1, 0.5, 9, 0.25, 0], [0, 0.5, 0, 9, 0, 0]]}  # fmt: skip
    (tmp_path / "a.json").write_text(json.dumps(data))
    made = recordings.read(tmp_path / "a.json")
    np.testing.assert_allclose(made.time, [0, 1 / 30])
    np.testing.assert_allclose(made["jaw"][:, 0], [JAW_OPEN, JAW_OPEN / 2], rtol=1e-6)
    assert made["eyelids"][0, 1] == 0.25 and not made["head"].any() and made.found.all()
    del data["exportFps"]
    (tmp_path / "a.json").write_text(json.dumps(data))
    assert recordings.read(tmp_path / "a.json").time[1] == 1 / 60


@pytest.mark.parametrize("gaps", [(), (0, 1, 7, 39), (38, 39)])
def test_json_out_and_in_again(tmp_path, gaps):
    made = performance(gaps=gaps)
    audio2face_json.write(made, tmp_path / "a.json")
    back = recordings.read(tmp_path / "a.json")
    np.testing.assert_allclose(back.time, made.time, atol=1e-6)
    assert (back.found == made.found).all()
    np.testing.assert_allclose(weights_of(back), weights_of(made), atol=2e-6)
    np.testing.assert_allclose(back["head"], made["head"], atol=2e-6)
    held = json.loads((tmp_path / "a.json").read_text())["weightMat"]
    assert all(len(row) == 52 for row in held)
    if 7 in gaps:
        assert held[7] == held[6] and held[0] == [0] * 52


def test_rounded_times_come_through_unchanged(tmp_path):
    """Times in whole milliseconds: no weight moves by being read between two rows."""
    made = performance(gaps=())
    rounded = Track(np.round(made.time + 3.0, 3), made.groups, made.card, made.source)
    audio2face_json.write(rounded, tmp_path / "a.json", fps=24)
    np.testing.assert_allclose(weights_of(recordings.read(tmp_path / "a.json")), weights_of(made), atol=1e-6)
    assert json.loads((tmp_path / "a.json").read_text())["start"] == 3.0


def test_json_at_another_rate(tmp_path):
    made = performance(gaps=())
    audio2face_json.write(made, tmp_path / "a.json", fps=48)
    back = recordings.read(tmp_path / "a.json")
    assert len(back) == 79
    np.testing.assert_allclose(weights_of(back)[::2], weights_of(made), atol=2e-6)


@pytest.mark.parametrize("cell", [{}, [], "x", None])
def test_head_rotations_that_are_none_are_refused_by_name(tmp_path, cell):
    audio2face_json.write(performance(gaps=()), tmp_path / "a.json")
    data = json.loads((tmp_path / "a.json").read_text())
    data["head"][3][1] = cell
    (tmp_path / "a.json").write_text(json.dumps(data))
    with pytest.raises(FieldsError, match="not angles"):
        recordings.read(tmp_path / "a.json")
