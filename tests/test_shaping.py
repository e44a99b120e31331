"""All settings together: nothing by default, in the right order, stored and read back, quick."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fields_blender.core.track import Track
from fields_blender.shape.adjust import Channel
from fields_blender.shape.shaping import Shaping, from_json
from tests.tracks import lively, same

ALL = Shaping(
    "AUTOMATIC", 0.5, 1.5, True, 0.5, True, "SAVITZKY_GOLAY", (0.5,) * 9, "EASE", True, 0.3, "LEFT", (0.8,) * 9,
    {"jawOpen": Channel(gain=1.2, least=0.0), "tongueOut": Channel(mute=True)},
)  # fmt: skip


def play(shaping: Shaping, performance: Track) -> Track:
    return shaping.finish(shaping.prepare(performance).at(1.0))


def test_the_default_is_the_performance_itself_bit_by_bit():
    performance = lively(gap=slice(10, 20))
    assert same(play(Shaping(), performance), performance)


def test_settings_are_stored_and_read_back():
    for shaping in (Shaping(), ALL):
        assert from_json(shaping.to_json()) == shaping
        assert "\n" not in shaping.to_json()
    for damaged in ("", "{}", "[1]", "null", ALL.to_json().replace('"even"', '"odd"'), ALL.to_json()[:-3], "[" * 99999):
        assert from_json(damaged) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"smooth": " "}, {"smooth": [1.0] * 8}, {"smooth": ["1"] * 9}, {"strength": [None] * 9}, {"smoothing": -1e308},
        {"smoothing": "NONE"}, {"stretch": "x"}, {"stretch": 10**400}, {"rest_to": 1e12},
        {"mirror": 1}, {"neutral": []}, {"even": True},
        {"rest_from": float("nan")},
        {"channels": {"jawOpen": {"gain": 1.0, "least": None, "most": "yz", "mute": False, "offset": 0.0}}},
        {"channels": {"jawOpen": {"gain": 1.0, "least": None, "most": None, "mute": 1e-320, "offset": 0.0}}},
        {"added": [{"emotion": "none", "strength": 1.0, "start": 0.0, "end": 1.0}]},
        {"added": [{"emotion": "fear", "strength": "1", "start": 0.0, "end": 1.0}]}, {"side": "ABOVE"},
    ],
    ids=str,
)  # fmt: skip
def test_settings_of_another_kind_are_none(changed):
    assert from_json(json.dumps({**json.loads(ALL.to_json()), **changed})) is None


def test_what_is_prepared_depends_on_the_slow_settings_alone():
    other = replace(ALL, mirror=False, even=0.0, side="BOTH", strength=(1.0,) * 9, channels={})
    assert ALL.slow == other.slow == other
    performance = lively(gap=slice(10, 20))
    assert same(ALL.prepare(performance).track, other.prepare(performance).track)
    assert ALL.slow != replace(ALL, stretch=0.6).slow


def test_all_at_once_moves_and_leaves_no_gap():
    performance = lively(gap=slice(10, 20))
    after = play(ALL, performance)
    assert after.found.all() and not same(after, performance)
    assert np.isfinite(after["expression"]).all() and np.isfinite(after["head"]).all()
