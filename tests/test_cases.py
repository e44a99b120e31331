"""The recordings of `cases` in the shared data: what users have that was read wrongly once, and what is right."""

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.exchange import recordings
from fields_blender.exchange.recordings import Options
from fields_blender.flame.flame_basis import VERTICES
from tools import shared_data

CASES = shared_data.find("data", "cases")
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the cases are not in the shared data")


def read(name, **options):
    notes = []
    return recordings.read(CASES / name, Options(**options), notes), " ".join(notes)


@pytest.mark.parametrize(
    ("name", "count", "step", "told"),
    [
        ("C1_decimal_comma/semicolon_comma.csv", 60, 1 / 60, "time codes of 60"),
        ("C2_one_empty_cell_is_a_gap/dash_cells.csv", 90, 1 / 30, "held from the row above: 9"),
        ("C2_one_empty_cell_is_a_gap/empty_col.csv", 60, 1 / 60, "+ 11"),
        ("C2_one_empty_cell_is_a_gap/nan_col.csv", 60, 1 / 60, "+ 11"),
        ("C2_one_empty_cell_is_a_gap/no_rot_vals.csv", 60, 1 / 60, "at rest: HeadYaw, HeadPitch, HeadRoll"),
        ("C3_time_column_ignored/a2f3d.csv", 60, 1 / 30, "“timeCode”: in s"),
        ("C3_time_column_ignored/frame.csv", 60, 1 / 30, "“Frame”: frame numbers"),
        ("C3_time_column_ignored/iso.csv", 90, 1 / 30, "“Timecode”: clock times"),
        ("C3_time_column_ignored/tc_seconds.csv", 60, 1 / 30, "“Timecode”: in s"),
        ("C3_time_column_ignored/time_s.csv", 60, 1 / 30, "“Time”: in s"),
        ("C4_timecode_24_25_50_with_fraction/frac24.csv", 48, 1 / 24, "time codes of 24"),
        ("C4_timecode_24_25_50_with_fraction/mp_24.csv", 100, 1 / 24, "time codes of 24"),
        ("C4_timecode_24_25_50_with_fraction/mp_25.csv", 100, 1 / 25, "time codes of 25"),
        ("C6_timecode_rolls_at_30/base30_timecode.csv", 1200, 1 / 30, "minutes have 30 seconds"),
        ("C6_timecode_rolls_at_30/base30_timestamp.csv", 1200, 1 / 30, "“Timestamp”"),
        ("C7_utf16/utf16.csv", 39, 1 / 60, "time codes of 60"),
        ("C9_units_guessed_from_one_number/deg_small.csv", 60, 1 / 60, "in degrees"),
        ("C9_units_guessed_from_one_number/spike.csv", 120, 1 / 60, "out of range, held from the row above: 1"),
    ],
)
def test_tables(name, count, step, told):
    made, said = read(name)
    assert len(made) == count and made.found.all() and told in said
    np.testing.assert_allclose(np.diff(made.time), step, atol=1e-6)
    assert 0.3 < made["jaw"][:, 0].max() <= 0.351 and np.abs(made["head"]).max() < 0.3


def test_the_frame_rate_overrides_what_time_codes_count():
    made, _ = read("C4_timecode_24_25_50_with_fraction/mp_24p.csv", fps=23.976)
    np.testing.assert_allclose(np.diff(made.time), 1 / 23.976, rtol=1e-5)


@pytest.fixture(scope="module")
def axes():
    return np.random.default_rng(4).normal(0, 1e-3, (100, VERTICES, 3))


@pytest.mark.parametrize(
    ("name", "rows", "gaps", "told"),
    [
        ("F1_missing_numbers_close_up/emoca_gap", 24, 12, "left as gaps: 12"),
        ("F1_missing_numbers_close_up/vhap_gap", 24, 12, "left as gaps: 12"),
        ("F2_one_file_of_a_sequence/flame_param/00013.npz", 16, 0, "one of 16 numbered frames"),
        ("F3_two_faces/emoca2", 8, 0, "2 faces"),
        ("F4_head_pose_eye_pose_dropped/fht_npz.npz", 50, 0, "Not used: shape"),
        ("F4_head_pose_eye_pose_dropped/fht_v2.npz", 50, 0, "frame rate"),
        ("F6_expressions_poses/beat2.npz", 50, 0, "30 frames a second"),
    ],
)
def test_flame(axes, name, rows, gaps, told):
    made, said = read(name, axes=axes)
    assert len(made) == rows and int((~made.found).sum()) == gaps and told in said
    assert np.nanmax(made["jaw"][:, 0]) > 0.1 and np.nanmax(made["head"][:, 1]) > 0.05
    if name.startswith(("F4", "F6")):
        assert np.nanmax(made["gaze"][:, :, 0]) == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("path", sorted((CASES / "robustness").glob("*")), ids=lambda path: path.name)
def test_hostile_files_give_a_track_or_a_sentence(axes, path):
    try:
        made = recordings.read(path, Options(axes=axes))
    except FieldsError as error:
        assert "\n" not in str(error)
        return
    assert made.time[-1] - made.time[0] < 1e5
