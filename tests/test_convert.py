"""`python -m fields_blender convert`."""

import numpy as np
import pytest

from fields_blender.__main__ import FAILED, OK, USAGE, main
from fields_blender.core import track
from fields_blender.exchange import recordings
from tests.fake_flame import parts
from tests.recorded import performance


@pytest.fixture
def take(tmp_path):
    track.save(performance(), tmp_path / "take.npz")
    return tmp_path / "take.npz"


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz"])
def test_there_and_back(take, tmp_path, capsys, suffix):
    assert main(["convert", str(take), "-o", str(tmp_path / f"a{suffix}")]) == OK
    assert "40 frames, 2 without a face" in capsys.readouterr().out
    assert main(["convert", str(tmp_path / f"a{suffix}"), "-o", str(tmp_path / "b.npz")]) == OK
    np.testing.assert_allclose(track.load(tmp_path / "b.npz")["expression"], performance()["expression"], atol=1e-5)


def test_flame(take, tmp_path):
    np.savez(tmp_path / "model.npz", **parts(identity=1))
    flame = ["--flame", str(tmp_path / "model.npz")]
    assert main(["convert", str(take), "-o", str(tmp_path / "a.npz"), "--format", "flame", *flame]) == OK
    assert main(["convert", str(tmp_path / "a.npz"), "-o", str(tmp_path / "b.csv"), *flame]) == OK
    back = recordings.read(tmp_path / "b.csv")
    np.testing.assert_allclose(back["head"], performance()["head"], atol=1e-5)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["take.npz", "-o", "take.npz"], FAILED),
        (["take.npz", "-o", "a.fbx"], FAILED),
        (["take.npz", "-o", "a.npz", "--format", "flame"], FAILED),
        (["take.npz", "-o", "a.csv", "--fps", "0"], FAILED),
        (["nothing.csv", "-o", "a.npz"], FAILED),
        (["take.npz"], USAGE),
    ],
)
def test_what_can_not_be_done_is_told(take, tmp_path, monkeypatch, words, code, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["convert", *words]) == code
    assert capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["take.npz"]
