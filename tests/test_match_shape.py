"""Shapes whose names tell nothing: found by how they move the face. Laws for our own head, measures for others."""

from pathlib import Path

import numpy as np
import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT, EXPRESSION
from fields_blender.geometry import demo_head, face_frame
from fields_blender.geometry.align import landmarks_of
from fields_blender.rig import formula, match_shape
from fields_blender.rig.match_result import DOUBTFUL, Match
from tools import shared_data

ROOT = Path(__file__).parents[1]
ICT = shared_data.find("data", "ict_facekit", "ict_compact.npz")
FLAME = shared_data.find("data", "flame2023_open", "flame2023_open_without_expression.npz")


@pytest.fixture(scope="module")
def ours() -> tuple[np.ndarray, np.ndarray]:
    """The demo head: (n, 3) m and its 52 shapes (52, n, 3)."""
    head = demo_head.load(demo_head.FILE)
    moves = np.zeros((len(ARKIT), len(head.vertices), 3), np.float32)
    for name, (which, motion) in head.keys.items():
        moves[ARKIT.index(name), which] = motion
    return head.vertices, moves


@pytest.fixture(scope="module")
def ict() -> tuple[np.ndarray, np.ndarray, list[str]]:
    if not ICT.exists():
        pytest.skip("ICT-FaceKit is not in the shared data")
    with np.load(ICT) as file:
        names = [str(name).replace("_L", "Left").replace("_R", "Right") for name in file["expr_names"]]
        return file["neutral"], file["expr"], names


def turned(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q * np.linalg.det(q)


def renamed(rest: np.ndarray, moves: np.ndarray, names: list[str], seed: int = 0) -> tuple[Match, dict[str, str]]:
    """The match of the head with its shapes shuffled and called "Key 1", ..., and what each is in truth."""
    order = np.random.default_rng(seed).permutation(len(names))
    aliases = [f"Key {i + 1}" for i in range(len(order))]
    return match_shape.match(aliases, rest, moves[order]), {a: names[i] for a, i in zip(aliases, order, strict=True)}


def sources(found: Match, name: str) -> dict[str, float]:
    """What a shape follows and how far: source -> gain."""
    row = next(row for row in found.rows if row.channel.target == name)
    columns = {source: np.eye(len(ARKIT))[i] for i, source in enumerate(ARKIT)}
    gains = formula.evaluate(row.channel.source, lambda source: columns[source])
    return {ARKIT[i]: float(gains[i]) for i in np.flatnonzero(gains)}


def sums(moves: np.ndarray, *names: str) -> np.ndarray:
    return moves[[ARKIT.index(name) for name in names]].sum(axis=0)


@pytest.mark.parametrize(
    "scale, turn, offset",
    [(1.0, np.eye(3), 0.0), (100.0, np.eye(3)[[0, 2, 1]] * (1, 1, -1), 0.0), (0.3, turned(4), 7.0)],
)
def test_our_own_shapes_come_back_wherever_the_head_is(ours, scale, turn, offset):
    turn = turn * np.linalg.det(turn)
    found, truth = renamed(scale * ours[0] @ turn.T + offset, scale * ours[1] @ turn.T, list(ARKIT))
    right = [row for row in found.rows if sources(found, row.channel.target) == {truth[row.channel.target]: 1.0}]
    assert len(right) >= 50 and min(row.confidence for row in right) >= DOUBTFUL
    assert not found.missing and not found.spare


def test_sums_come_back_as_what_they_are_made_of(ours):
    rest, moves = ours
    made = {
        "Smile": sums(moves, "mouthSmileLeft", "mouthSmileRight"),
        "Angry": sums(moves, "browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight"),
        "Blink": sums(moves, "eyeBlinkLeft", "eyeBlinkRight"),
        "Aa": sums(moves, "jawOpen"),
        "Surprise": sums(moves, "browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
    }
    found = match_shape.match(list(made), rest, np.array(list(made.values())))
    assert set(sources(found, "Smile")) == {"mouthSmileLeft", "mouthSmileRight"}
    assert set(sources(found, "Angry")) == {"browDownLeft", "browDownRight", "noseSneerLeft", "noseSneerRight"}
    assert set(sources(found, "Blink")) == {"eyeBlinkLeft", "eyeBlinkRight"}
    assert set(sources(found, "Surprise")) == {"browInnerUp", "browOuterUpLeft", "browOuterUpRight"}
    assert sources(found, "Aa") == {"jawOpen": 1.0}
    for name in made:  # full sources show the whole shape, once
        assert sum(sources(found, name).values()) == pytest.approx(1.0, abs=0.06)


def test_a_shape_that_others_show_already_is_left_out_with_the_reason(ours):
    rest, moves = ours
    both = sums(moves, "mouthSmileLeft", "mouthSmileRight")
    names = ["a", "b", "both", "jaw", "brow"]
    shapes = [moves[ARKIT.index(n)] for n in ("mouthSmileLeft", "mouthSmileRight")] + [both]
    shapes += [moves[ARKIT.index(n)] for n in ("jawOpen", "browInnerUp")]
    found = match_shape.match(names, rest, np.array(shapes))
    assert sources(found, "a") == {"mouthSmileLeft": 1.0} and sources(found, "b") == {"mouthSmileRight": 1.0}
    assert "already show" in found.spare["both"]


def test_shapes_that_are_no_expressions_stay_unmatched_with_the_reason(ours):
    rest, moves = ours
    real = ARKIT[::5]
    names = ["fat", "up", "still", "broken", "ears", *real]
    broken = moves[0].copy()
    broken[5] = np.nan
    ears = np.zeros_like(rest)
    ears[rest[:, 2] < -0.03] = (0.0, 0.0, -0.01)  # the back of the head
    shapes = [(rest - rest.mean(axis=0)) * 0.05, np.full_like(rest, 0.01), np.zeros_like(rest), broken, ears]
    found = match_shape.match(names, rest, np.concatenate([shapes, moves[::5]]))
    assert set(found.spare) == set(names[:5])
    assert "another person" in found.spare["fat"] and "shifts" in found.spare["up"]
    assert found.spare["still"] == "it moves nothing" and "not a number" in found.spare["broken"]
    assert {row.channel.target: formula.show(row.channel.source) for row in found.rows} == {n: n for n in real}


def test_of_opposed_sources_a_row_follows_one_side(ours):
    rest, moves = ours
    mixed = [0.6 * sums(moves, a) + 0.5 * sums(moves, b) for a, b in (("mouthSmileLeft", "mouthFrownLeft"),)]
    mixed += [moves[ARKIT.index(n)] for n in ("jawOpen", "eyeBlinkLeft", "browInnerUp")]
    found = match_shape.match(["mixed", "jaw", "blink", "brow"], rest, np.array(mixed))
    for row in found.rows:
        assert not {"mouthSmileLeft", "mouthFrownLeft"} <= set(formula.names(row.channel.source))


def test_opposed_sources_are_not_combined_where_that_would_explain_more(ours):
    rest, moves = ours
    others = ("noseSneerLeft", "noseSneerRight", "cheekPuff", "mouthUpperUpLeft")
    shapes = [sums(moves, "eyeLookUpLeft", "eyeLookDownLeft"), *(sums(moves, name) for name in others)]
    found = match_shape.match(["mixed", *others], rest, np.array(shapes))
    assert not {"eyeLookUpLeft", "eyeLookDownLeft"} <= set(sources(found, "mixed"))


def test_six_places_in_any_order_say_where_the_face_is(ours):
    rest, moves = ours
    places = landmarks_of(rest, demo_head.load(demo_head.FILE).corner_vertex)[face_frame.SELECTED_ROWS]
    turn = turned(9)
    names = ["p", "q", "r"]
    few = np.array([moves[ARKIT.index(n)] for n in ("mouthPucker", "mouthFunnel", "browDownLeft")])
    found = match_shape.match(names, 9.0 * rest @ turn.T, 9.0 * few @ turn.T, 9.0 * places[[3, 5, 0, 2, 4, 1]] @ turn.T)
    assert [formula.show(row.channel.source) for row in found.rows] == ["mouthPucker", "mouthFunnel", "browDownLeft"]
    with pytest.raises(FieldsError, match="do not lie as on a face"):
        match_shape.match(names, rest, few, np.random.default_rng(2).normal(size=(6, 3)))


def test_another_head_is_told_by_its_shapes(ict):
    rest, moves, names = ict
    found, truth = renamed(rest, moves, names, 3)
    sure = [row for row in found.rows if row.confidence >= DOUBTFUL]
    right = [row for row in sure if _one_of(truth[row.channel.target], sources(found, row.channel.target))]
    assert len(right) >= 40 and len(right) >= 0.9 * len(sure)


def test_nine_nameless_shapes_of_another_head_move_it_right(ict):
    rest, moves, names = ict
    nine = "eyeBlinkLeft eyeBlinkRight mouthSmileLeft mouthSmileRight jawOpen mouthPucker mouthFunnel browInnerUpLeft "
    nine = [*nine.split(), "mouthFrownLeft"]
    found, truth = renamed(rest, np.array([moves[names.index(name)] for name in nine]), nine, 1)
    right = [row for row in found.rows if _one_of(truth[row.channel.target], sources(found, row.channel.target))]
    assert len(right) >= 8


def _one_of(truth: str, found: dict[str, float]) -> bool:
    """Is this the shape's own source? ICT-FaceKit has a left and a right one of some that ARKit has one of."""
    return set(found) <= {truth, truth.removesuffix("Left").removesuffix("Right")} if found else False


@pytest.mark.skipif(not FLAME.exists(), reason="FLAME 2023 Open is not in the shared data")
def test_flames_mesh_is_told_by_its_shapes():
    with np.load(FLAME) as file:
        rest = file["v_template"]
    with np.load(ROOT / "models" / "flame_basis.npz") as file:
        moves, names = np.concatenate([file["expression"], file["eyelids"]]), [*EXPRESSION, *ARKIT[0:8:7]]
    found, truth = renamed(rest, moves, names)
    sure = [row for row in found.rows if row.confidence >= DOUBTFUL]
    right = [row for row in sure if set(sources(found, row.channel.target)) == {truth[row.channel.target]}]
    assert len(right) >= 20 and len(right) >= 0.8 * len(sure)


def test_a_wink_beside_a_blink_of_both_eyes_shuts_no_eye_twice(ours):
    rest, moves = ours
    both = sums(moves, "eyeBlinkLeft", "eyeBlinkRight")
    others = [moves[ARKIT.index(name)] for name in ("jawOpen", "browInnerUp", "mouthPucker")]
    wink = moves[ARKIT.index("eyeBlinkLeft")]
    found = match_shape.match(list("abcde"), rest, np.array([both, wink, *others]))
    assert sources(found, "a") == {"eyeBlinkRight": 1.0}
    assert sources(found, "b") == {"eyeBlinkLeft": 1.0, "eyeBlinkRight": -1.0}
    row = next(row for row in found.rows if row.channel.target == "b")
    assert row.channel.minimum == 0.0, "a wink is never undone"


def test_many_vertices_are_no_hindrance(ours):
    rest, moves = ours
    times = 200_000 // len(rest) + 1
    few = [ARKIT.index(name) for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileLeft", "browInnerUp")]
    found = match_shape.match(list("abcd"), np.tile(rest, (times, 1)), np.tile(moves[few], (1, times, 1)))
    assert [formula.show(row.channel.source) for row in found.rows] == [ARKIT[i] for i in few]


@pytest.mark.parametrize(
    "spoil, says",
    [
        (lambda n, r, m: ([], r, m[:0]), "no shape keys"),
        (lambda n, r, m: (n, r[:4], m[:, :4]), "only 4 vertices"),
        (lambda n, r, m: (n, r, m * 0.0), "moves anything"),
        (lambda n, r, m: (n, np.where(np.arange(len(r))[:, None] == 3, np.nan, r), m), "not a number"),
        (lambda n, r, m: (n, r * 0.0, m), "one point"),
        (lambda n, r, m: (n, r, np.full_like(m, np.nan)), "moves anything"),
        (lambda n, r, m: (n, r, np.ones_like(m)), "part of the face"),
    ],
)
def test_bad_input_gives_a_sentence(ours, spoil, says):
    rest, moves = ours
    with pytest.raises(FieldsError, match=says):
        match_shape.match(*spoil(["a", "b", "c"], rest, moves[:3]))
