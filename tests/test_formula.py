"""Formulas over sources."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fields_blender.rig import formula, sources

VALUES = {name: np.linspace(0.1, 0.9, 5) * (i % 7 + 1) / 7 for i, name in enumerate(sources.NAMES)}

numbers = st.floats(-3, 3).map(lambda value: round(value, 4)).filter(bool)
leaves = st.sampled_from(sources.NAMES)
texts = st.recursive(
    leaves | st.tuples(numbers, leaves).map(lambda pair: f"{pair[0]!r} {pair[1]}"),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(" + ".join),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]} - ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]}) * ({pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"max({pair[0]}, {pair[1]})"),
        st.tuples(inner, inner).map(lambda pair: f"min({pair[0]}, 1 - {pair[1]})"),
    ),
    max_leaves=8,
)


def value(made):
    return formula.evaluate(made, VALUES.__getitem__)


@given(texts)
def test_showing_and_reading_is_the_identity(text):
    made = formula.parse(text)
    assert formula.parse(formula.show(made)) == made
    assert formula.show(formula.parse(formula.show(made))) == formula.show(made)


@given(texts)
def test_python_agrees_on_the_value(text):
    ours, shown = formula.parse(text), text
    for number, name in set(__import__("re").findall(r"(-?\d[\d.e-]*) ([A-Za-z][\w.]*)", text)):
        shown = shown.replace(f"{number} {name}", f"({number}) * {name}")
    names = {name.replace(".", "_"): array for name, array in VALUES.items()}
    for name in sorted(sources.NAMES, key=len, reverse=True):
        shown = shown.replace(name, name.replace(".", "_"))
    theirs = eval(shown, {"max": np.maximum, "min": np.minimum, **names})
    np.testing.assert_allclose(value(ours), theirs, rtol=1e-9, atol=1e-9)


@given(texts)
def test_mirroring_twice_is_the_identity(text):
    made = formula.parse(text)
    assert formula.mirrored_formula(formula.mirrored_formula(made)) == made


def test_what_a_mirror_does():
    mirror = lambda text: formula.show(formula.mirrored_formula(formula.parse(text)))  # noqa: E731
    assert mirror("jawLeft + 2 mouthSmileRight - browInnerUp") == "jawRight + 2 mouthSmileLeft - browInnerUp"
    assert mirror("jaw.y") == "-jaw.y" and mirror("0.5 gaze.left.yaw") == "-0.5 gaze.right.yaw"
    assert mirror("gaze.left.pitch * jaw.x") == "gaze.right.pitch * jaw.x"


def test_a_lone_source_is_given_back_untouched():
    assert formula.evaluate(formula.parse(" jawOpen "), VALUES.__getitem__) is VALUES["jawOpen"]


def test_the_first_source_is_the_main_one():
    assert formula.names(formula.parse("0.5 mouthSmileLeft + 0.5 mouthSmileRight * mouthSmileLeft")) == (
        "mouthSmileLeft",
        "mouthSmileRight",
    )


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "empty"),
        ("  ", "empty"),
        ("1 + 2", "follows nothing"),
        ("jawOpen +", "ends too early"),
        ("jawOpen mouthClose", "“mouthClose” is not expected"),
        ("(jawOpen", "parenthesis"),
        ("jawOpen)", "“)” is not expected"),
        ("jawOpen; import os", "“; import os”"),
        ("__import__", "no part of a formula"),
        ("max()", "not expected"),
        ("1e999 jawOpen", "too large"),
        ("1e300 * 1e300 jawOpen", "too large"),
        ("(" * 60 + "jawOpen" + ")" * 60, "too many"),
        ("max(" * 60 + "jawOpen" + ")" * 60, "too many"),
        ("-" * 6000 + "(" * 40, "too many"),
        ("jawOpen + " * 2000, "longer"),
    ],
)
def test_mistakes_are_told_in_words(text, says):
    with pytest.raises(ValueError) as error:
        formula.parse(text)
    assert says in str(error.value)
