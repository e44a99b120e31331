"""Laws of blending takes and of capturing a part again."""

from dataclasses import replace

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import EXPRESSION, GROUPS
from fields_blender.core.rotation import to_quaternion
from fields_blender.core.track import CODE, Track, dumps, loads
from fields_blender.shape import blend


def performance(n=48, seed=0, start=0.0, gaps=(), fps=24.0, **source):
    random = np.random.default_rng(seed)
    groups = {name: random.uniform(0.0, 0.5, (n, *shape)).astype(np.float32) for name, shape in GROUPS.items()}
    for row in gaps:
        for name, values in groups.items():
            values[row] = 0.0 if name == "confidence" else np.nan
    return Track(start + np.arange(n) / fps, groups, {"name": "model"}, source)


def same(a, b):
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in GROUPS)


def test_bytes_there_and_back():
    track = performance(gaps=(3,), name="take")
    again = loads(dumps(track), "take")
    assert same(track, again) and again.source == track.source and np.array_equal(again.time, track.time)
    with pytest.raises(FieldsError, match="take 2"):
        loads(dumps(track)[:-100], "take 2")


@pytest.mark.parametrize("part", blend.PARTS)
def test_nothing_of_the_other_changes_nothing(part):
    first, second = performance(gaps=(3, 4)), performance(seed=1, gaps=(10,))
    assert same(blend.blend(first, second, 0.0, part), first)


def test_all_of_the_other_is_the_other():
    first, second = performance(gaps=(3,)), performance(seed=1)
    assert same(blend.blend(first, second, 1.0), second)


def test_with_itself_it_stays_itself():
    first = performance(gaps=(7,))
    half = blend.blend(first, first, 0.5)
    for name in GROUPS:
        np.testing.assert_allclose(half[name], first[name], atol=1e-6)


def test_half_of_each_lies_between():
    first, second = performance(), performance(seed=1)
    half = blend.blend(first, second, 0.5)
    np.testing.assert_allclose(half["expression"], (first["expression"] + second["expression"]) / 2, atol=1e-6)


def test_heads_are_blended_the_short_way_along_the_arc():
    """Half-way between 2.8 rad and 3.6 rad (stored as -2.68), and between quarter turns about x and about y."""
    first, second = performance(2), performance(2, seed=1)
    first.groups["head"][:] = (0, 2.8, 0), (np.pi / 2, 0, 0)
    second.groups["head"][:] = (0, 3.6 - 2 * np.pi, 0), (0, np.pi / 2, 0)
    half = blend.blend(first, second, 0.5)["head"]
    np.testing.assert_allclose(np.mod(half[0, 1], 2 * np.pi), 3.2, atol=1e-5)
    ends = to_quaternion(np.array([[np.pi / 2, 0, 0], [0, np.pi / 2, 0]])).sum(axis=0)
    np.testing.assert_allclose(to_quaternion(half[[1]])[0], ends / np.linalg.norm(ends), atol=1e-6)


def test_a_part_leaves_the_rest_bit_by_bit():
    first, second = performance(), performance(seed=1)
    made = blend.blend(first, second, 1.0, "LOWER")
    smile, brow = EXPRESSION.index("mouthSmileLeft"), EXPRESSION.index("browInnerUp")
    np.testing.assert_array_equal(made["expression"][:, smile], second["expression"][:, smile])
    np.testing.assert_array_equal(made["expression"][:, brow], first["expression"][:, brow])
    np.testing.assert_array_equal(made["jaw"], second["jaw"])
    for name in ("eyelids", "gaze", "head", "emotion"):
        np.testing.assert_array_equal(made[name], first[name])


def test_parts_of_the_face_do_not_overlap():
    taken = sorted(blend.PARTS["UPPER"]["expression"] + blend.PARTS["LOWER"]["expression"])
    assert taken == list(range(len(EXPRESSION)))
    upper = {EXPRESSION[i] for i in blend.PARTS["UPPER"]["expression"]}
    assert {"browInnerUp", "eyeWideLeft", "eyeSquintRight", "cheekSquintLeft"} <= upper
    assert not {"cheekPuff", "noseSneerLeft", "mouthSmileLeft", "jawForward", "tongueOut"} & upper


def test_a_gap_in_one_is_filled_by_the_other():
    first, second = performance(gaps=(5,)), performance(seed=1, gaps=(9,))
    half = blend.blend(first, second, 0.5)
    np.testing.assert_array_equal(half["expression"][5], second["expression"][5])
    np.testing.assert_array_equal(half["expression"][9], first["expression"][9])
    assert half.found.all()


def test_the_other_is_read_at_the_firsts_moments():
    first, second = performance(48), performance(96, seed=1, fps=48.0)
    made = blend.blend(first, second, 1.0)
    np.testing.assert_allclose(made["expression"], second["expression"][::2], atol=1e-6)
    assert same(blend.blend(first, blend.moved(second, 1e4), 1.0), first)


@pytest.mark.parametrize("weight", [-0.1, 1.1, np.nan, np.zeros(3)], ids=str)
def test_other_shares_are_refused(weight):
    with pytest.raises(FieldsError):
        blend.blend(performance(), performance(), weight)
    with pytest.raises(FieldsError):
        blend.blend(performance(), performance(), 0.5, "NOSE")


def test_a_part_captured_again_replaces_that_part_alone():
    old, new = performance(96, gaps=(2,)), performance(24, seed=1, start=1.0)
    made = blend.splice(old, new, fade=0.2)
    np.testing.assert_allclose(made.time, old.time)
    inside = (made.time >= 0.99) & (made.time <= new.time[-1])
    for name in GROUPS:
        np.testing.assert_array_equal(made[name][~inside], old[name][~inside])
    middle = (made.time > 1.3) & (made.time < 1.6)
    np.testing.assert_array_equal(made["expression"][middle], new["expression"][(new.time > 1.3) & (new.time < 1.6)])


def test_a_part_captured_again_has_no_jump_at_its_ends():
    old, new = performance(96), performance(24, start=1.0)
    for track, value in ((old, 0.0), (new, 1.0)):
        for values in track.groups.values():
            values[:] = value
    made = blend.splice(old, new, fade=0.25)["expression"][:, 0]
    assert made.max() == 1.0 and np.abs(np.diff(made)).max() < 0.2


def constant(track, value):
    for values in track.groups.values():
        values[:] = value
    return track


def test_the_old_part_fades_out_in_even_steps():
    """From its last frame of its own on, within the time of the fade; each frame is one step further."""
    old, new = constant(performance(96), 0.0), constant(performance(48, start=1.0), 1.0)
    made = blend.splice(old, new, fade=0.25)["expression"][:, 0]
    step = (1 / 24) / (0.25 + 1 / 24)
    for ramp in (made[23:30], made[72:65:-1]):
        np.testing.assert_allclose(ramp, step * np.arange(7), atol=1e-6)
    assert (made[30:66] == 1).all()


def test_where_the_old_part_does_not_go_on_the_new_one_does_not_fade():
    """The old one has a hole before what is captured again: there is nothing to come from."""
    whole = constant(performance(96), 0.0)
    kept = np.r_[0:24, 48:96]
    old = Track(whole.time[kept], {name: values[kept] for name, values in whole.groups.items()})
    made = blend.splice(old, constant(performance(24, start=2.0), 1.0), fade=0.25)
    expression = made["expression"][:, 0]
    assert expression[23] == 0 and expression[24] == 1
    assert 0 < expression[24 + 23] < 1 and expression[24 + 24] == 0


@pytest.mark.parametrize("shift", [-0.3, 0.0, 0.3])
def test_frames_of_the_old_part_at_the_same_moments_go(shift):
    """Captured at moments a bit off: no two frames of the result are closer than about one step."""
    old, new = performance(96), performance(24, seed=1, start=1.0 + shift / 24)
    made = blend.splice(old, new)
    assert len(made) == 96 and np.diff(made.time).min() > 0.6 / 24


def test_where_the_face_was_lost_again_the_old_part_stays():
    old, new = performance(96), performance(24, seed=1, start=1.0, gaps=(10, 11))
    made = blend.splice(old, new)
    np.testing.assert_allclose(made["expression"][34], old["expression"][34], atol=1e-6)
    assert made.found.all()


def test_capturing_the_same_again_changes_nothing():
    old = performance(96, gaps=(5,))
    part = Track(old.time[30:60], {name: values[30:60] for name, values in old.groups.items()})
    made = blend.splice(old, part)
    for name in GROUPS:
        np.testing.assert_allclose(made[name], old[name], atol=1e-6)


def test_a_part_beside_the_old_one_makes_it_longer():
    strip = {"name": "a", "first": 0, "last": 47}
    old = performance(48, strips=[strip], rate=24.0)
    new = performance(24, start=10.0, strips=[{**strip, "first": 240, "last": 263}], rate=24.0)
    made = blend.splice(old, new)
    assert len(made) == 72 and [s["first"] for s in made.source["strips"]] == [0, 240]
    np.testing.assert_array_equal(made["expression"][48:], new["expression"])
    assert "strips" not in blend.splice(performance(48), new).source
    other_rate = performance(24, start=10.0, strips=[strip], rate=25.0)
    assert "strips" not in blend.splice(old, other_rate).source


def test_appearance_codes_follow_their_frames():
    card = {"networks": {"encoder": {"sha256": "a"}}}

    def coded(track, number):
        code = np.full((len(track), CODE), number, np.float16)
        code[~track.found] = np.nan
        return replace(track, code=code, card=card)

    old, new = coded(performance(), 1), coded(performance(24, 1, 0.5, (3,)), 2)
    spliced = blend.splice(old, new)
    second = (spliced.time >= 0.5) & (spliced.time < 1.5 - 1e-9)
    wanted = np.where(second, 2.0, 1.0)
    wanted[12 + 3] = 1.0  # no face in the new one
    np.testing.assert_array_equal(spliced.code[:, 0], wanted)
    assert (blend.moved(old, 2.0).code == 1).all() and (blend.at_times(old, old.time[3:9]).code == 1).all()
    # Codes of another encoder say nothing beside these.
    assert (
        blend.splice(old, replace(new, card={})).code is None
        and blend.splice(replace(old, code=None), new).code is None
    )
    assert (blend.blend(old, replace(new, card={}), 0.5).code == 1).all()
