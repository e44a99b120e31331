"""The mapping format: what is written is what is read, and mistakes are named."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, GROUPS
from fields_blender.core.track import Track
from fields_blender.rig import formula, mapping, mapping_file, retarget, sources
from fields_blender.rig.mapping import BoneChannel, Channel, Mapping

PRESETS = sorted((Path(__file__).parents[1] / "models" / "mappings").glob("*.json"))
FORMAT1 = Path(__file__).parent / "data" / "arkit_format1.json"


def track(n: int = 20) -> Track:
    random = np.random.default_rng(5)
    groups = {name: random.uniform(-0.3, 0.9, (n, *shape)).astype(np.float32) for name, shape in GROUPS.items()}
    groups["confidence"][:] = 1.0
    return Track(np.arange(n) / 30.0, groups)


def file(tmp_path, *rows, **changes) -> Path:
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps({"format": 2, "name": "test", "rows": list(rows)} | changes))
    return path


def values(tmp_path, *rows):
    return retarget.retarget(track(), mapping_file.load(file(tmp_path, *rows)))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_read_and_written_alike(path, tmp_path):
    made = mapping_file.load(path)
    mapping_file.save(made, tmp_path / "again.json")
    assert mapping_file.load(tmp_path / "again.json") == made
    assert (tmp_path / "again.json").read_text(encoding="utf-8") == path.read_text(encoding="utf-8")
    assert set(made.regions.values()) <= set(sources.REGIONS)
    assert made.about


def test_files_of_format_1_move_an_arkit_head_as_the_preset_does_to_the_last_bit():
    old, new = (
        retarget.retarget(track(), mapping_file.load(path)) for path in (FORMAT1, PRESETS[0].with_name("arkit.json"))
    )
    assert old.names == new.names == tuple(ARKIT)
    assert old.values.tobytes() == new.values.tobytes()
    assert {name: turn.tobytes() for name, turn in old.rotations.items()} == {
        name: turn.tobytes() for name, turn in new.rotations.items()
    }


words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)
finite = st.floats(-1e6, 1e6)
followed = st.sampled_from(["jawOpen", "jawOpen - mouthClose", "max(jaw.x, 0.3 gaze.left.yaw)"]).map(formula.parse)
common = {"source": followed, "region": words, "gain": finite, "offset": finite, "mute": st.booleans(),
          "names": st.lists(words, max_size=2).map(tuple), "unless": st.lists(words, max_size=2).map(tuple),
          "minimum": st.just(-math.inf) | st.floats(-5, 0), "maximum": st.just(math.inf) | st.floats(0, 5),
          "curve": st.just(()) | st.just(((0.0, 0.0), (0.5, 0.1), (1.0, 1.0)))}  # fmt: skip
channels = st.one_of(
    st.builds(Channel, key=words, mesh=st.just("") | words, **common),
    st.builds(
        Channel, bone=words, does=st.sampled_from(["turn", "move"]), axis=st.sampled_from(mapping.AXES), **common
    ),
    st.builds(
        Channel, bone=words, does=st.just("move"), axis=st.just("up"), unit=st.sampled_from(mapping.UNITS), **common
    ),
    st.builds(Channel, bone=words, does=st.just("scale"), axis=st.sampled_from("xyz"), **common),
    st.builds(Channel, prop=words, on=st.just("") | words, **common),
)
bones = st.builds(BoneChannel, source=st.sampled_from(sources.ROTATIONS), bone=words, region=words, gain=finite)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(channels, min_size=1, max_size=4), st.lists(bones, max_size=3, unique_by=lambda bone: bone.bone), words)
def test_writing_and_reading_is_the_identity(tmp_path, rows, turns, name):
    made = Mapping(name, tuple(rows), tuple(turns))
    mapping_file.save(made, tmp_path / "any.json")
    assert mapping_file.load(tmp_path / "any.json") == made


def test_a_row_is_formula_curve_gain_offset_limits_in_that_order(tmp_path):
    row = {"source": "jawOpen - 0.5 mouthClose", "key": "Open", "curve": [[0, 0], [0.5, 1], [1, 1]], "gain": 2,
           "offset": -0.2, "min": 0, "max": 1.5}  # fmt: skip
    from fields_blender.core.arkit import to_arkit

    performance = track()
    weights = to_arkit(*(performance[name] for name in ("expression", "jaw", "eyelids", "gaze")))
    followed = weights[:, ARKIT.index("jawOpen")] - 0.5 * weights[:, ARKIT.index("mouthClose")]
    expected = np.clip(np.clip(followed * 2.0, 0.0, 1.0) * 2.0 - 0.2, 0.0, 1.5)
    np.testing.assert_allclose(values(tmp_path, row).values[:, 0], expected, atol=1e-12)


def test_one_source_moves_several_targets_and_products_make_correctives(tmp_path):
    curves = values(
        tmp_path,
        {"source": "mouthFunnel", "key": "Funnel_UL"},
        {"source": "mouthFunnel", "key": "Funnel_UR"},
        {"source": "mouthFunnel * jawOpen", "key": "Fix"},
        {"source": "jawOpen", "key": "Open"},
    )
    assert curves.names == ("Funnel_UL", "Funnel_UR", "Fix", "Open")
    np.testing.assert_array_equal(curves.values[:, 0], curves.values[:, 1])
    np.testing.assert_allclose(curves.values[:, 2], curves.values[:, 0] * curves.values[:, 3])


def test_muted_rows_are_left_out(tmp_path):
    turn = {"source": "head", "bone": "head", "mute": True}
    curves = values(tmp_path, {"source": "jawOpen", "key": "a", "mute": True}, {"source": "jawOpen", "key": "b"}, turn)
    assert curves.names == ("b",) and not curves.rotations


def test_bones_and_properties_have_names_of_their_own(tmp_path):
    curves = values(
        tmp_path,
        {"source": "jawOpen", "bone": "jaw", "turn": "left", "gain": 0.3},
        {"source": "jawLeft - jawRight", "bone": "jaw", "move": "left", "unit": "mouth"},
        {"source": "jawOpen", "property": "open", "on": "ctrl"},
        {"source": "jawOpen", "key": "open", "mesh": "Teeth"},
    )
    assert curves.names == ("jaw turn left", "jaw move left (mouth)", "open (ctrl)", "open (Teeth)")


ROW = {"source": "jawOpen", "key": "a"}


# Changes to a file, and what is said about each.
MISTAKES = [
    ({"format": 3}, "formats 1 and 2"),
    ({"format": True}, "formats 1 and 2"),
    ({"rows": []}, "maps nothing"),
    ({"rows": {"a": 1}}, "list of objects"),
    ({"rows": [3]}, "list of objects"),
    ({"shape_keys": []}, "shape_keys"),
    ({"probe": "a"}, "list of names"),
    ({"about": 3}, "about"),
    ({"rows": [ROW | {"source": "jawOpne"}]}, "“jawOpne” is not captured"),
    ({"rows": [ROW | {"source": "jawOpen +"}]}, "entry 1 of “rows” can't be followed: it ends too early"),
    ({"rows": [{"source": "jawOpen"}]}, "no “key”, “bone” or “property”"),
    ({"rows": [ROW | {"property": "b"}]}, "more than one"),
    ({"rows": [ROW | {"move": "up"}]}, "a bone that follows a number"),
    ({"rows": [{"source": "jawOpen", "bone": "b"}]}, "“turn”, “move”, “scale”"),
    ({"rows": [{"source": "jawOpen", "bone": "b", "move": "up", "turn": "x"}]}, "one of"),
    ({"rows": [{"source": "jawOpen", "bone": "b", "move": "sideways"}]}, "none of left"),
    ({"rows": [{"source": "jawOpen", "bone": "b", "move": ["up"]}]}, "none of left"),
    ({"rows": [{"source": "jawOpen", "bone": "b", "scale": "up"}]}, "none of x"),
    ({"rows": [{"source": "jawOpen", "bone": "b", "move": "up", "unit": "miles"}]}, "unit"),
    ({"rows": [ROW | {"min": 1, "max": 0}]}, "above"),
    ({"rows": [ROW | {"mute": 1}]}, "neither true nor false"),
    ({"rows": [ROW | {"curve": [[0, 0]]}]}, "points"),
    ({"rows": [ROW | {"curve": [[0, 0], [0, 1]]}]}, "left to right"),
    ({"rows": [ROW | {"gian": 1}]}, "gian"),
    ({"rows": [ROW] * 5001}, "more than"),
    ({"rows": [{"source": "jaw", "bone": "jaw"}] * 2}, "same bone"),
    ({"rows": [{"source": "jaw", "bone": "jaw", "offset": 1}]}, "offset"),
]


@pytest.mark.parametrize("changes, says", MISTAKES)
def test_mistakes_are_named(tmp_path, changes, says):
    with pytest.raises(FieldsError) as error:
        mapping_file.load(file(tmp_path, ROW, **changes))
    assert says in str(error.value) and str(error.value).endswith(".")


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge.json"
    path.write_bytes(b" " * (mapping_file.LARGEST_FILE + 1))
    with pytest.raises(FieldsError, match="too large"):
        mapping_file.load(path)


WORDS = st.sampled_from(["source", "key", "bone", "turn", "curve", "gain", "names", "rows", "min"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner),
        max_leaves=12,
    )
)
def test_anything_but_a_mapping_gets_a_sentence(rubbish):
    for data in (rubbish, {"format": 2, "name": "x", "rows": [rubbish]}, {"format": 1, "name": "x", "bones": rubbish}):
        try:
            mapping_file.from_data(data)
        except (mapping.Mistake, OverflowError) as mistake:
            assert str(mistake)
