"""Tables of weights as spreadsheets, scripts and other tools write them: every kind is read right, and told."""

import codecs
import json

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.exchange import recordings, timecode
from fields_blender.exchange.recordings import Options
from tests.recorded import weights_of

NAMES = ["eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthSmileRight", "browInnerUp"]
JAW = ARKIT.index("jawOpen")


def opening(count: int) -> np.ndarray:
    """jawOpen (n,) of every table here."""
    return np.round(0.5 - 0.5 * np.cos(np.arange(count) / 7.0), 6)


def table(count, first=(), names=NAMES, comma=",", point="."):
    """A CSV whose columns are `first` (name, values) and `names`; jawOpen opens, all else is 0.02."""
    lines = [comma.join([*(name for name, _ in first), *names])]
    for row in range(count):
        numbers = [f"{opening(count)[row] if 'pen' in name or 'PEN' in name else 0.02:.6f}" for name in names]
        before = [str(values[row]) for _, values in first]
        lines.append(comma.join([*before, *(number.replace(".", point) for number in numbers)]))
    return "\n".join(lines) + "\n"


def read(tmp_path, text, name="a.csv", **options):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    notes = []
    made = recordings.read(tmp_path / name, Options(**options), notes)
    return made, " ".join(map(str, notes))


def check(made, count, step, jaw=None):
    assert made.found.all() and len(made) == count
    np.testing.assert_allclose(np.diff(made.time), step, atol=1.1e-3)  # times are rounded to ms
    np.testing.assert_allclose(made.time[-1], (count - 1) * step, rtol=1.5e-3)
    np.testing.assert_allclose(weights_of(made)[:, JAW], opening(count) if jaw is None else jaw, atol=1e-5)


# -- the numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comma", "point", "before"),
    [
        (",", ".", ""),
        (";", ",", ""),
        ("\t", ",", ""),
        (";", ".", "sep=;\n"),
        ("|", ".", "sep=|\n"),
        (";", ",", "sep=;\r\n"),
    ],
)
def test_separators_and_decimal_commas(tmp_path, comma, point, before):
    made, _ = read(tmp_path, before + table(40, comma=comma, point=point))
    check(made, 40, 1 / 60)


def test_decimal_commas_in_quotes(tmp_path):
    lines = table(40, comma=";", point=",").splitlines()
    quoted = [",".join(f'"{cell}"' for cell in line.split(";")) for line in lines]
    check(read(tmp_path, "\n".join(quoted))[0], 40, 1 / 60)


def test_commas_between_and_within_numbers_are_refused(tmp_path):
    with pytest.raises(FieldsError, match="can't be told apart"):
        read(tmp_path, table(40, point=","))


@pytest.mark.parametrize(
    "encoded",
    [
        lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-32"),
        lambda text: text.replace("Notes", "Größe").encode("cp1252"),
    ],
)
def test_encodings(tmp_path, encoded):
    text = table(20, [("Notes", ["a"] * 20)])
    check(read(tmp_path, encoded(text))[0], 20, 1 / 60)
    frames = json.dumps({"facsNames": NAMES, "weightMat": [[0.1] * 6] * 20, "exportFps": 60})
    check(read(tmp_path, encoded(frames), "a.json")[0], 20, 1 / 60, np.full(20, 0.1))


@pytest.mark.parametrize("empty", ["", "nan", "-", "NA", "null", "#N/A"])
def test_an_empty_cell_holds_and_the_row_stays(tmp_path, empty):
    lines = table(40).splitlines()
    cells = lines[11].split(",")
    cells[2] = empty
    lines[11] = ",".join(cells)
    made, told = read(tmp_path, "\n".join(lines))
    check(made, 40, 1 / 60, np.where(np.arange(40) == 10, opening(40)[9], opening(40)))
    assert "Cells without a number, held from the row above: 1." in told


def test_an_empty_column_is_at_rest(tmp_path):
    made, told = read(tmp_path, table(40, names=[*NAMES, "tongueOut"]).replace("0.020000\n", "\n"))
    check(made, 40, 1 / 60)
    assert not weights_of(made)[:, ARKIT.index("tongueOut")].any() and "tongueOut" not in NAMES
    assert "Cells" not in told and "Not in the file, at rest: HeadYaw" in told


def test_one_wild_cell_changes_nothing_else(tmp_path):
    lines = table(40).splitlines()
    lines[20] = lines[20].replace("0.020000", "6.2", 1)
    made, told = read(tmp_path, "\n".join(lines))
    check(made, 40, 1 / 60)
    np.testing.assert_allclose(made["eyelids"][:, 0], 0.02, rtol=1e-5)
    assert "far out of range, held from the row above: 1." in told and "Weights read as 0 to 1." in told


def test_the_units_can_be_said(tmp_path):
    text = table(40, [("HeadYaw", np.full(40, 1.2))])
    assert "radians" in read(tmp_path, text)[1]
    made, told = read(tmp_path, text, unit="degrees", weight_unit="percent")
    np.testing.assert_allclose(made["head"][:, 1], -np.radians(1.2), rtol=1e-5)
    np.testing.assert_allclose(weights_of(made)[:, JAW], opening(40) / 100, atol=1e-6)
    assert "Weights read as percent." in told and "Head rotation read in degrees." in told


# -- the time ------------------------------------------------------------------------------------------------------


def at(fps, count=60, unit=1.0, start=0.0, digits=6):
    return [round(start + i / fps / unit, digits) for i in range(count)]


@pytest.mark.parametrize(
    ("name", "values", "step"),
    [
        ("Time", at(30), 1 / 30),
        ("Timecode", at(30, digits=4), 1 / 30),
        ("timeCode", at(25), 1 / 25),
        ("timestamp", at(30, start=1.7e9), 1 / 30),
        ("Timestamp", at(30, unit=1e-3, start=1.7e12, digits=0), 1 / 30),
        ("t", at(24), 1 / 24),
        ("time_ms", at(50, unit=1e-3), 1 / 50),
        ("timestamp_us", at(60, unit=1e-6, digits=0), 1 / 60),
        ("ts", at(60, unit=1e-9, digits=0), 1 / 60),
        ("ticks", at(60, unit=1e-7, digits=0), 1 / 60),
        ("Zeit [s]", at(30), 1 / 30),
        ("Sekunden", at(30), 1 / 30),
        ("Frame", list(range(60)), 1 / 30),
        ("", list(range(60)), 1 / 30),
        ("frame_id", list(range(100, 220, 2)), 2 / 30),
        ("Timecode", [f"2026-05-04T10:11:{12 + i // 25:02d}.{i % 25 * 40:03d}Z" for i in range(60)], 1 / 25),
        ("date", [f"2026-05-04 10:11:{12 + i // 25:02d}.{i % 25 * 40:03d}" for i in range(60)], 1 / 25),
        ("clock", [f"00:59:{57 + i // 25:02d}.{i % 25 * 40:03d}" for i in range(60)], 1 / 25),
        ("m:s", [f"1:{i // 50:02d}.{i % 50 * 2:02d}" for i in range(60)], 1 / 50),
    ],
)  # fmt: skip
def test_any_time_column_is_used_and_told(tmp_path, name, values, step):
    made, told = read(tmp_path, table(len(values), [(name, values)]))
    check(made, len(values), step)
    assert f"Time from “{name}”" in told


def test_frame_numbers_are_at_the_rate_that_the_artist_says_and_missing_ones_stay_missing(tmp_path):
    frames = [*range(10), *range(20, 30)]
    made, _ = read(tmp_path, table(20, [("Frame", frames)]), fps=24)
    np.testing.assert_allclose(made.time, np.array(frames) / 24)


def test_without_a_time_column_that_is_told(tmp_path):
    assert "No column says the time: read at 60 frames a second" in read(tmp_path, table(9))[1]
    made, told = read(tmp_path, table(60, [("Timecode", ["00:00:00:00"] * 60)]), fps=25)
    check(made, 60, 1 / 25)
    assert "No column says the time: read at 25 frames a second" in told


def test_a_constant_time_code_gives_way_to_a_column_that_moves(tmp_path):
    text = table(60, [("Timecode", ["00:00:00:00"] * 60), ("Frame", range(60))])
    made, told = read(tmp_path, text)
    check(made, 60, 1 / 30)
    assert "Not used: Timecode." in told


def codes(fps, count, fraction=lambda i: "", base=60):
    moments = [(i // fps // base, i // fps % base, i) for i in range(count)]
    return [f"00:{minute:02d}:{second:02d}:{i % fps:02d}{fraction(i)}" for minute, second, i in moments]


@pytest.mark.parametrize("fps", [24, 25, 30, 48, 50, 60, 100, 120])
@pytest.mark.parametrize(
    "fraction", [lambda i: "", lambda i: f".{i % 1000:03d}", lambda i: f".{i * 37 % 1000:03d}", lambda i: ".207"]
)
def test_time_codes_at_every_rate(tmp_path, fps, fraction):
    made, told = read(tmp_path, table(3 * fps, [("Timecode", codes(fps, 3 * fps, fraction))]))
    check(made, 3 * fps, 1 / fps)
    assert f"time codes of {fps} frames a second" in told


@pytest.mark.parametrize(("labels", "rate"), [(24, 23.976), (30, 29.97), (60, 59.94), (24, 24.0)])
def test_the_frame_rate_says_how_long_a_frame_of_the_time_code_is(tmp_path, labels, rate):
    made, _ = read(tmp_path, table(100, [("Timecode", codes(labels, 100))]), fps=rate)
    check(made, 100, 1 / rate)


def test_fractions_of_a_frame_are_kept_where_they_make_the_steps_even(tmp_path):
    made, _ = read(tmp_path, table(3000, [("Timecode", [timecode.write(i / 59.94, 60) for i in range(3000)])]))
    np.testing.assert_allclose(made.time, np.arange(3000) / 59.94, atol=1e-4)
    made, _ = read(tmp_path, table(200, [("Timecode", [timecode.write(i / 24, 30) for i in range(200)])]))
    np.testing.assert_allclose(np.diff(made.time), 1 / 24, atol=1e-4)


def test_minutes_of_thirty_seconds(tmp_path):
    made, told = read(tmp_path, table(2000, [("Timecode", codes(30, 2000, base=30))]))
    check(made, 2000, 1 / 30)
    assert "whose minutes have 30 seconds" in told


def test_a_recording_that_was_started_again_goes_on(tmp_path):
    made, told = read(tmp_path, table(90, [("Timecode", [*codes(30, 45), *codes(30, 45)])]))
    check(made, 90, 1 / 30)
    assert "starts again" in told


def test_hours_of_nothing_are_no_gap(tmp_path):
    text = table(40, [("Timecode", [*codes(30, 20), *(code.replace("00:", "22:", 1) for code in codes(30, 20))])])
    made, told = read(tmp_path, text)
    assert made.time[-1] < 2.0 and "rows follow on" in told


def test_a_time_coarser_than_the_rows_is_spread(tmp_path):
    made, told = read(tmp_path, table(90, [("Time", [f"11:42:{i // 30:02d}" for i in range(90)])]))
    check(made, 90, 1 / 30)
    assert "share one time" in told


def test_a_row_without_a_time_lies_between_its_neighbours(tmp_path):
    made, _ = read(tmp_path, table(30, [("Time", [*at(30, 10), "", *at(30, 30)[11:]])]))
    check(made, 30, 1 / 30)


def test_lines_that_are_no_rows_are_left_out(tmp_path):
    header, *rows = table(30, [("Time", at(30))]).splitlines()
    made, _ = read(tmp_path, "\n".join([header, *rows[:9], header, *rows[9:], "end of recording"]))
    check(made, 30, 1 / 30)


# -- the names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        lambda part, side: f"{part} {side}",
        lambda part, side: f"{side.lower()}{part[0].upper()}{part[1:]}" if side else part,
        lambda part, side: "_".join(words(part) + [side]).upper().strip("_"),
        lambda part, side: "_".join(words(part) + [side[:1]]).strip("_"),
        lambda part, side: f"blendShapes.{part[0].upper()}{part[1:]}{side}",
        lambda part, side: f"Face|ARKit_{part}{side}",
        lambda part, side: " ".join(word.title() for word in [*words(part), side]).strip(),
        lambda part, side: f"{side[:1]}_{part}".strip("_"),
        lambda part, side: f"{part}.{side}".strip("."),
    ],
)  # fmt: skip
def test_every_name_in_every_spelling(spelled):
    from fields_blender.exchange.arkit_names import arkit_index

    wrong = {}
    for index, name in enumerate(ARKIT):
        side = next((side for side in ("Left", "Right") if name.endswith(side)), "")
        made = spelled(name.removesuffix(side), side)
        if arkit_index(made) != index:
            wrong[made] = name
    assert not wrong


def words(part: str) -> list[str]:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in part)
    return spaced.split()


def test_what_is_not_used_and_not_there_is_named(tmp_path):
    text = table(30, [("Mood", ["calm"] * 30)], names=[*NAMES, "LeftEyeYaw", "noseTwirl"])
    made, told = read(tmp_path, text)
    assert "Not used: Mood, noseTwirl." in told
    assert "HeadYaw, HeadPitch, HeadRoll" in told and "+ " in told
    np.testing.assert_allclose(made["gaze"][:, 0], [[0.02, 0.0]] * 30, atol=1e-6)  # no eyeLook weights say it


# -- JSON ----------------------------------------------------------------------------------------------------------

FRAMES = [[float(weight if name == "jawOpen" else 0.02) for name in NAMES] for weight in opening(30)]
NAMED = [dict(zip(NAMES, frame, strict=True)) for frame in FRAMES]


@pytest.mark.parametrize(
    "data",
    [
        {"facsNames": NAMES, "weightMat": FRAMES, "exportFps": 25, "mood": "calm"},
        {"blendShapeNames": NAMES, "frames": [{"weights": row, "time": i / 25} for i, row in enumerate(FRAMES)]},
        [{"time": i / 25} | row for i, row in enumerate(NAMED)],
        {"fps": 25, "frames": [{"blendShapes": row} for row in NAMED]},
        {"frames": [{"timestamp": 40 * i, "categories": [{"categoryName": n, "score": w} for n, w in row.items()]}
                    for i, row in enumerate(NAMED)]},
        {name: [row[name] for row in NAMED] for name in NAMES} | {"time": [i / 25 for i in range(30)]},
    ],
)  # fmt: skip
def test_layouts_of_json(tmp_path, data):
    made, told = read(tmp_path, json.dumps(data), "a.json")
    check(made, 30, 1 / 25)
    assert ("mood" not in data) or "Not used: mood." in told


def test_missing_numbers_in_json(tmp_path):
    rows = [list(row) for row in FRAMES]
    rows[4][2], rows[9] = None, [None] * 6
    made, told = read(tmp_path, json.dumps({"facsNames": NAMES, "weightMat": rows, "exportFps": 25}), "a.json")
    assert np.flatnonzero(~made.found).tolist() == [9]
    np.testing.assert_allclose(weights_of(made)[4, JAW], opening(30)[3], atol=1e-6)
    assert "held from the row above: 1." in told
