"""Live Link Face CSV: the app's columns, time codes that keep every frame's own time, and values that come back."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.core import track
from fields_blender.core.arkit import from_arkit
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, GROUPS
from fields_blender.core.rotation import to_quaternion
from fields_blender.exchange import livelink, timecode
from fields_blender.exchange.face_table import Reading
from tools import shared_data

CONVENTIONS = shared_data.find("conventions", "arkit_variants.json")


def read(path, fps) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(seconds, counts, 52 weights in the order of ARKIT, 9 rotations), strictly: anything unexpected is an error."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    assert len(header) == 63 and len(set(header)) == 63
    assert all(len(row) == 63 for row in rows)
    seconds = []
    for row in rows:
        hours, minutes, second, frame = row[0].split(":")
        assert [len(part) for part in (hours, minutes, second)] == [2, 2, 2] and 0 <= float(frame) < fps
        seconds.append(int(hours) * 3600 + int(minutes) * 60 + int(second) + float(frame) / fps)
    at = {name.lower(): i for i, name in enumerate(header)}
    weights = np.array([[float(row[at[name.lower()]]) for name in ARKIT] for row in rows])
    rotations = np.array([[float(value) for value in row[-9:]] for row in rows])
    return np.array(seconds), np.array([int(row[1]) for row in rows]), weights, rotations


def a_track(time, weights=None, head=None, gaps=()) -> track.Track:
    made = track.empty(np.asarray(time, float))
    for shape, values in zip(GROUPS.values(), made.groups.values(), strict=True):
        values[:] = np.zeros((len(made), *shape))
    if weights is not None:
        for name, values in from_arkit(weights).items():
            made.groups[name][:] = values
    if head is not None:
        made.groups["head"][:] = head
    for name in GROUPS:
        made.groups[name][list(gaps)] = 0.0 if name == "confidence" else np.nan
    return made


def test_columns_are_the_apps():
    assert livelink.COLUMNS[:3] == ("Timecode", "BlendShapeCount", "EyeBlinkLeft")
    jaw = livelink.COLUMNS.index("JawForward")
    assert livelink.COLUMNS[jaw : jaw + 4] == ("JawForward", "JawRight", "JawLeft", "JawOpen")
    assert livelink.COLUMNS[-9:-6] == ("HeadYaw", "HeadPitch", "HeadRoll")
    if not CONVENTIONS.exists():
        pytest.skip("the full list of columns is not here (arkit_variants.json)")
    assert list(livelink.COLUMNS) == json.loads(CONVENTIONS.read_text())["live_link_face_csv_columns"]


@pytest.mark.parametrize("rate", [23.976, 25, 29.97, 30, 50, 59.94, 120])
def test_round_trip_at_any_rate(tmp_path, rate):
    rng = np.random.default_rng(1)
    weights = np.round(rng.uniform(0, 1, (90, 52)), 6)
    opposites = "jawLeft eyeLookInLeft eyeLookDownLeft eyeLookInRight eyeLookDownRight".split()
    weights[:, [ARKIT.index(name) for name in opposites]] = 0  # of two opposite weights only one can be there
    made = a_track(np.arange(90) / rate, weights, gaps=[3, 4])
    livelink.write(made, tmp_path / "a.csv")
    time, counts, values, _ = read(tmp_path / "a.csv", 60 if rate > 31 else 30)
    np.testing.assert_allclose(time, made.time, atol=1e-4)
    assert (counts == np.where(made.found, 61, 0)).all() and counts[3] == 0
    np.testing.assert_allclose(values[made.found], weights[made.found], atol=2e-6)
    assert not values[3:5].any()


def test_values_are_clamped(tmp_path):
    made = a_track([0.0, 0.1])
    made.groups["expression"][:] = 1.7
    made.groups["eyelids"][:] = -0.4
    livelink.write(made, tmp_path / "a.csv")
    _, _, values, _ = read(tmp_path / "a.csv", 30)
    assert values.max() == 1.0 and values.min() == 0.0


def test_a_strip_that_begins_before_frame_0(tmp_path):
    livelink.write(a_track([-2.0, -1.5, 0.0]), tmp_path / "a.csv")
    np.testing.assert_allclose(read(tmp_path / "a.csv", 30)[0], [0.0, 0.5, 2.0])


@pytest.mark.parametrize(
    ("head", "column", "sign"),
    [((0.0, 0.3, 0.0), 0, -1), ((0.3, 0.0, 0.0), 1, -1), ((0.0, 0.0, 0.3), 2, 1)],
)
def test_turns_about_one_axis(tmp_path, head, column, sign):
    """+y to the subject's left is -yaw, +x downwards is -pitch, +z to the subject's right shoulder is roll."""
    livelink.write(a_track([0.0], head=head), tmp_path / "a.csv")
    expected = np.zeros(9)
    expected[column] = sign * 0.3
    np.testing.assert_allclose(read(tmp_path / "a.csv", 30)[3][0], expected, atol=1e-6)


@given(st.lists(st.floats(-0.8, 0.8), min_size=3, max_size=3))
def test_head_angles_compose_to_the_rotation(tmp_path_factory, angles):
    path = tmp_path_factory.mktemp("a") / "a.csv"
    livelink.write(a_track([0.0], head=angles), path)
    yaw, pitch, roll = read(path, 30)[3][0, :3]
    turn = about(1, -yaw) @ about(0, -pitch) @ about(2, roll)
    np.testing.assert_allclose(turn, matrix(np.array(angles, np.float32)), atol=1e-5)


def test_eyes_look_left_and_up(tmp_path):
    made = a_track([0.0])
    made.groups["gaze"][:] = (0.2, 0.1)
    livelink.write(made, tmp_path / "a.csv")
    np.testing.assert_allclose(read(tmp_path / "a.csv", 30)[3][0, 3:], [0.2, -0.1, 0.0] * 2, atol=1e-6)


def test_a_folder_that_can_not_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FieldsError, match="can't be written"):
        livelink.write(a_track([0.0]), tmp_path / "file" / "a.csv")


def about(axis: int, angle: float) -> np.ndarray:
    return matrix(np.eye(3)[axis] * angle)


def matrix(vector: np.ndarray) -> np.ndarray:
    w, x, y, z = to_quaternion(vector[None])[0]
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def recording(path, codes, columns=None, rows=None, header=livelink.COLUMNS):
    """A CSV as the app writes it, with some columns set; BlendShapeCount 61."""
    values = np.zeros((len(codes), len(header)))
    for name, column in (columns or {}).items():
        values[:, list(header).index(name)] = column
    lines = [",".join(header)]
    for row, (code, numbers) in enumerate(zip(codes, values, strict=True)):
        text = [str(number) for number in numbers]
        for name, value in (("Timecode", code), ("BlendShapeCount", "61")):
            if name in header:
                text[list(header).index(name)] = value
        lines.append((rows or {}).get(row, ",".join(text)))
    path.write_text("\n".join(lines))
    return path


def codes(count, fps=60, start="14:03:52"):
    return [f"{start}:{i % fps:02d}.{i % 7}07" for i in range(count)]


@pytest.mark.parametrize("rate", [12, 23.976, 25, 30, 59.94, 120])
def test_out_and_in_again(tmp_path, rate):
    rng = np.random.default_rng(3)
    weights = np.round(rng.uniform(0, 1, (90, 52)), 6)
    opposites = "jawLeft eyeLookInLeft eyeLookDownLeft eyeLookInRight eyeLookDownRight".split()
    weights[:, [ARKIT.index(name) for name in opposites]] = 0
    made = a_track(7.0 + np.arange(90) / rate, weights, rng.uniform(-0.7, 0.7, (90, 3)), gaps=[0, 20, 21])
    livelink.write(made, tmp_path / "a.csv")
    back = livelink.read(tmp_path / "a.csv")
    np.testing.assert_allclose(back.time, made.time - 7.0, atol=1e-4)
    assert (back.found == made.found).all()
    for name in ("expression", "jaw", "eyelids", "gaze", "head"):
        np.testing.assert_allclose(back[name], made[name], atol=5e-6, err_msg=name)
    livelink.write(back, tmp_path / "b.csv")
    assert read(tmp_path / "b.csv", 60 if rate > 31 else 30)[1].tolist() == np.where(made.found, 61, 0).tolist()


def test_columns_in_any_order_and_spelling(tmp_path):
    header = ["HeadRoll", "jawopen", "eyeBlink_R", "Mood", "browInnerUp", "HeadPitch",
              "mouthSmile_L", "CheekPuff", "HeadYaw"]  # fmt: skip
    path = recording(tmp_path / "a.csv", codes(3), {"jawopen": 0.5, "eyeBlink_R": 0.25, "Mood": 9.0}, header=header)
    back = livelink.read(path, Reading(fps=10))
    assert len(back) == 3
    np.testing.assert_allclose(back["eyelids"][:, 1], 0.25)
    np.testing.assert_allclose(back["jaw"][:, 0], 0.5 * 0.35, rtol=1e-6)


def test_rows_without_a_face_are_gaps(tmp_path):
    rows = {2: "14:03:52:02.207,0", 3: "14:03:52:03.207,0" + ",0" * 61, 5: "14:03:52:05.207,61,nan" + ",0" * 60}
    back = livelink.read(recording(tmp_path / "a.csv", codes(8), {"JawOpen": 0.4}, rows))
    assert back.found.tolist() == [True, True, False, False, True, True, True, True]  # one empty cell is no gap
    assert np.isnan(back["jaw"][2]).all() and back["confidence"][2] == 0


@pytest.mark.parametrize("fps", [24, 25, 30, 60])
def test_the_rate_is_read_off_whole_frame_numbers(tmp_path, fps):
    made = [f"00:00:{i // fps:02d}:{i % fps:02d}" for i in range(2 * fps + 3)]
    back = livelink.read(recording(tmp_path / "a.csv", made))
    np.testing.assert_allclose(back.time, np.arange(len(made)) / fps, atol=1e-9)


def test_a_recording_without_time_codes(tmp_path):
    header = [name for name in livelink.COLUMNS if name != "Timecode"]
    path = recording(tmp_path / "a.csv", codes(4), header=header)
    np.testing.assert_allclose(livelink.read(path).time, np.arange(4) / 60)
    np.testing.assert_allclose(livelink.read(path, Reading(fps=24)).time, np.arange(4) / 24)


def test_both_readings_of_the_head(tmp_path):
    path = recording(tmp_path / "a.csv", codes(2), {"HeadYaw": 0.5, "HeadPitch": -0.25})
    np.testing.assert_allclose(livelink.read(path)["head"], livelink.read(path, Reading("radians"))["head"])
    forty = np.radians(40)
    expected = about(1, -0.5 * forty) @ about(0, 0.25 * forty)
    np.testing.assert_allclose(matrix(livelink.read(path, Reading("40 degrees"))["head"][0]), expected, atol=1e-6)
    flipped = about(1, 0.5) @ about(0, -0.25)
    np.testing.assert_allclose(matrix(livelink.read(path, Reading(flip_head=True))["head"][0]), flipped, atol=1e-6)
    path = recording(tmp_path / "a.csv", codes(2), {"HeadYaw": -30.0})
    np.testing.assert_allclose(livelink.read(path)["head"][0], [0, np.radians(30), 0], atol=1e-6)


@pytest.mark.parametrize(("largest", "degrees"), [(0.3, False), (1.5, False), (5.0, True), (90.0, True)])
def test_turns_that_no_head_makes_mean_degrees(tmp_path, largest, degrees):
    """What is said in rows without a face does not count."""
    yaw = largest * np.sin(np.linspace(0, 3, 30))
    yaw[3] = 500.0
    rows = {3: f"{codes(4)[3]},0" + ",0" * 52 + ",500" + ",0" * 8}
    back = livelink.read(recording(tmp_path / "a.csv", codes(30), {"HeadYaw": yaw}, rows))
    unit = np.pi / 180 if degrees else 1.0
    np.testing.assert_allclose(np.delete(back["head"][:, 1], 3), -np.delete(yaw, 3) * unit, atol=1e-6)
    assert not back.found[3]


@pytest.mark.parametrize(("rate", "fps"), [(24, 30), (29.97, 30), (30, 30), (48, 60), (60, 60), (120, 60)])
def test_the_time_code_counts_at_30_or_60(tmp_path, rate, fps):
    livelink.write(a_track(1.0 + np.arange(31) / rate), tmp_path / "a.csv")
    last = (tmp_path / "a.csv").read_text().splitlines()[-1].split(",")[0]
    assert last == timecode.write(1.0 + 30 / rate, fps)


def test_the_same_time_twice_and_rows_out_of_order(tmp_path):
    made = ["00:00:00:02", "00:00:00:00", "00:00:00:00", "00:00:00:04"]
    back = livelink.read(recording(tmp_path / "a.csv", made, {"JawOpen": [0.1, 0.2, 0.3, 0.4]}))
    np.testing.assert_allclose(back["jaw"][:, 0] / 0.35, [0.2, 0.1, 0.4], rtol=1e-5)


def test_a_spreadsheet_saved_it(tmp_path):
    path = recording(tmp_path / "a.csv", codes(3), {"JawOpen": 0.5})
    path.write_text("\ufeff" + path.read_text().replace(",", ";") + "\n\n", encoding="utf-8")
    assert livelink.read(path).found.all()


def test_weights_in_percent(tmp_path):
    back = livelink.read(recording(tmp_path / "a.csv", codes(3), {"EyeBlinkLeft": 75.0}))
    np.testing.assert_allclose(back["eyelids"][:, 0], 0.75)
