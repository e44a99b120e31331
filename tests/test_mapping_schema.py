"""docs/mapping.schema.json says what `mapping_file` reads and writes."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fields_blender.rig import mapping, mapping_file, sources
from fields_blender.rig.mapping import Mapping
from tests.test_mapping import MISTAKES, PRESETS, ROW, bones, channels, words

FILE = Path(__file__).parents[1] / "docs" / "mapping.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)
# What no schema can say: formulas that are incomplete, limits and points in the wrong order, two rows for one bone.
BEYOND = ("ends too early", "not expected there", "not closed", "follows nothing", "above its “max”", "left to right")
BEYOND = (*BEYOND, "same bone")


def document(*rows, **changes):
    return {"format": 2, "name": "test", "rows": list(rows)} | changes


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_the_presets_are_valid(path):
    VALIDATOR.validate(json.loads(path.read_text(encoding="utf-8")))


@settings(deadline=None)
@given(st.lists(channels, min_size=1, max_size=3), st.lists(bones, max_size=2, unique_by=lambda bone: bone.bone), words)
def test_what_is_written_is_valid(rows, turns, name):
    made = Mapping(name, tuple(rows), tuple(turns), "for people", ("a", "b"))
    VALIDATOR.validate(json.loads(json.dumps(mapping_file.to_data(made))))


@pytest.mark.parametrize("changes, says", MISTAKES)
def test_mistakes_are_refused(changes, says):
    data = document(ROW, **changes)
    with pytest.raises(mapping.Mistake) as mistake:
        mapping_file.from_data(data)
    assert VALIDATOR.is_valid(data) == any(words in str(mistake.value) for words in BEYOND), says


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "a"},
        {"source": "jawOpen", "key": 3},
        {"source": "jawOpen", "key": "a", "gain": "1"},
        {"source": "jawOpen", "key": "a", "names": "b"},
        {"source": "jawOpen", "key": "a", "curve": [[0, 0], [1]]},
        {"source": "jawOpen", "key": "a", "unit": "eyes"},
        {"source": "jawOpen", "key": "a", "replaces": ["jawOpen"]},
        {"source": "jaw", "key": "a"},
        {"source": "jaw", "bone": "jaw", "min": 0},
        {"source": "jawOpen", "bone": "jaw", "turn": "left", "unit": "eyes"},
        {"source": "0.5 jawOpne + 0.5 mouthClose", "key": "a"},
        {"source": "jawOpen; mouthClose", "key": "a"},
        {"source": "", "key": "a"},
    ],
    ids=str,
)
def test_wrong_rows_are_refused_by_both(wrong):
    assert not VALIDATOR.is_valid(document(wrong))
    with pytest.raises(mapping.Mistake):
        mapping_file.from_data(document(wrong))


VALUES = {
    "source": ["jawOpen", "jaw", "head", "gaze.left", "gaze.left.yaw", "2 jawOpen - .5e1 mouthClose", "max (jaw.x, 1)"]
    + ["jawOpn", "jawOpen2", "max", "1.5.2 jawOpen", "jawOpen * (1 - head.y", "1", "", None],
    "key": ["a", "", 3], "mesh": ["Face", 1], "bone": ["jaw", 2], "turn": ["left", "x", "down"],
    "move": ["out", "z", 1], "scale": ["y", "up", "xy"], "unit": ["eyes", "miles"], "property": ["p", None],
    "on": ["rig", []], "region": ["Jaw", "", 1], "gain": [2, 0.5, "1", True, 10**400], "offset": [-1, None],
    "min": [0, -2.5, "0"], "max": [1, 0.0, False], "curve": [[[0, 0], [1, 2]], [[1, 0], [0, 1]], [[0, 0]], [[0, 0, 1]]],
    "names": [["b"], [], "b", [1]], "unless": [["c"], {}], "replaces": [["jawOpen"], 0], "mute": [True, False, 0],
    "other": [1],
}  # fmt: skip
rows = st.fixed_dictionaries(
    {"source": st.sampled_from(VALUES["source"])},
    optional={name: st.sampled_from(values) for name, values in VALUES.items() if name != "source"},
)
few = st.sets(st.sampled_from(sorted(VALUES)), max_size=5)


@settings(deadline=None, max_examples=400)
@given(rows, few)
def test_what_the_schema_accepts_is_read(row, kept):
    data = document({name: value for name, value in row.items() if name == "source" or name in kept})
    if VALIDATOR.is_valid(data):
        try:
            mapping_file.from_data(data)
        except mapping.Mistake as mistake:
            assert any(words in str(mistake) for words in BEYOND), mistake


def test_it_knows_every_source_axis_unit_and_region():
    for name in sources.NAMES:
        VALIDATOR.validate(document({"source": name, "key": "a"}))
        assert not VALIDATOR.is_valid(document({"source": f"{name}x", "key": "a"}))
    for name in sources.ROTATIONS:
        VALIDATOR.validate(document({"source": name, "bone": "a"}))
    for axis in mapping.AXES:
        VALIDATOR.validate(document({"source": "jawOpen", "bone": "a", "turn": axis}))
        for unit in mapping.UNITS[1:]:
            VALIDATOR.validate(document({"source": "jawOpen", "bone": "a", "move": axis, "unit": unit}))
    assert SCHEMA["$defs"]["region"]["examples"] == list(sources.REGIONS)
