"""Track files: what is written is read back, and nothing else is."""

import contextlib
import io
import json
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fields_blender.core import track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import GROUPS


def random_track(n: int, gaps: list[int] | None = None, seed: int = 0) -> track.Track:
    rng = np.random.default_rng(seed)
    made = track.empty(np.cumsum(rng.uniform(0.001, 0.1, n)), {"name": "é"}, {"video": "übung.mp4"})
    for name, shape in GROUPS.items():
        made.groups[name][:] = rng.normal(size=(n, *shape))
    for name in GROUPS:
        made.groups[name][gaps or []] = 0.0 if name == "confidence" else np.nan
    return made


def npz(path, **replaced) -> None:
    """A Track file with some members replaced (None: left out)."""
    good = random_track(3)
    meta = np.array(json.dumps({"format": track.FORMAT, "card": {}, "source": {}}))
    members = {"time": good.time, "meta": meta, **good.groups, **replaced}
    np.savez(path, **{name: value for name, value in members.items() if value is not None})


@settings(max_examples=25)
@given(n=st.integers(0, 40), seed=st.integers(0, 99), data=st.data())
def test_round_trip(tmp_path_factory, n, seed, data):
    gaps = sorted(data.draw(st.sets(st.integers(0, n - 1)))) if n else []
    path = tmp_path_factory.mktemp("t") / "é.npz"
    before = random_track(n, gaps, seed)
    track.save(before, path)
    after = track.load(path)
    np.testing.assert_array_equal(after.time, before.time)
    for name in GROUPS:
        np.testing.assert_array_equal(after[name], before[name])
    assert after.card == before.card and after.source == before.source
    assert np.flatnonzero(~after.found).tolist() == gaps


def test_arrays_in_another_memory_order_are_saved_too(tmp_path):
    turned = random_track(4)
    groups = {name: np.asfortranarray(values.astype(np.float64)) for name, values in turned.groups.items()}
    track.save(track.Track(turned.time, groups), tmp_path / "t.npz")
    np.testing.assert_array_equal(track.load(tmp_path / "t.npz")["gaze"], turned["gaze"])


def test_a_failed_save_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "t.npz"
    track.save(random_track(3), path)
    before = path.read_bytes()

    def full_disk(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(FieldsError, match="No space left"):
        track.save(random_track(5), path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["t.npz"]


@pytest.mark.parametrize(
    "replaced",
    [
        {"meta": None},
        {"time": None},
        {"expression": None},
        {"time": np.array([[0.0, 1.0, 2.0]])},
        {"time": np.array([0.0, 2.0, 1.0])},
        {"time": np.array([0.0, np.nan, 2.0])},
        {"time": np.array(["a", "b", "c"])},
        {"expression": np.zeros((3, 40), np.float32)},
        {"expression": np.zeros((2, 39), np.float32)},
        {"gaze": np.zeros((3, 4), np.float32)},
        {"uncertainty": np.zeros((3, 7), np.float32)},
        {"gaze": np.full((3, 2, 2), np.inf, np.float32)},
        {"jaw": np.full((3, 3), 1e38, np.float32)},
        {"time": np.array([0.0, 1.0, 1e300])},
        {"jaw": np.zeros((3, 3), np.complex64)},
        {"jaw": np.zeros((3, 3), [("a", "f4")])},
        {"meta": np.array("not json")},
        {"meta": np.array("[1]")},
        {"meta": np.array("[" * 100_000)},
        {"meta": np.array(json.dumps({"format": 999}))},
        {"meta": np.array(json.dumps({"format": track.FORMAT, "card": "text"}))},
        {"meta": np.array(1.0)},
    ],
    ids=str,
)
def test_wrong_contents_are_refused(tmp_path, replaced):
    npz(tmp_path / "t.npz", **replaced)
    with pytest.raises(FieldsError):
        track.load(tmp_path / "t.npz")


class Bomb:
    """Its pickle calls a function when it is read."""

    def __reduce__(self):
        return (pytest.fail, ("something in the file was executed",))


def test_a_file_from_before_uncertainty_has_none(tmp_path):
    gappy = random_track(5, [2])
    groups = {name: values for name, values in gappy.groups.items() if name != "uncertainty"}
    meta = np.array(json.dumps({"format": track.FORMAT, "card": {}, "source": {}}))
    np.savez(tmp_path / "t.npz", time=gappy.time, meta=meta, **groups)
    uncertainty = track.load(tmp_path / "t.npz")["uncertainty"]
    assert uncertainty.dtype == np.float32 and uncertainty.shape == (5, 8)
    assert np.isnan(uncertainty[2]).all() and (np.delete(uncertainty, 2, axis=0) == 0).all()


def test_uncertainty_under_its_former_name_is_read(tmp_path):
    before = random_track(5, [2])
    npz(tmp_path / "t.npz", time=before.time, **{**before.groups, "uncertainty": None, "doubt": before["uncertainty"]})
    np.testing.assert_array_equal(track.load(tmp_path / "t.npz")["uncertainty"], before["uncertainty"])


@pytest.mark.parametrize("name", ["meta", "time", "expression"])
def test_pickles_are_refused(tmp_path, name):
    npz(tmp_path / "t.npz", **{name: np.array([Bomb()] * 3, dtype=object)})
    with pytest.raises(FieldsError):
        track.load(tmp_path / "t.npz")


def header(text: str) -> bytes:
    body = text.encode().ljust(118, b" ") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(body)) + body


def with_member(path, name: str, data: bytes) -> None:
    """A Track file in which the bytes of one member are `data`."""
    whole = io.BytesIO()
    npz(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            target.writestr(member, data if member == f"{name}.npy" else source.read(member))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b"{",
        pickle.dumps([1.0, 2.0]),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}"),
        header("{'descr': '<f8', 'fortran_order': False, 'shape': __import__('os')}"),
        header("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}") + pickle.dumps(Bomb()),
        b"\x93NUMPY\x01\x00" + struct.pack("<H", 60_000) + b"(" * 60_000,
    ],
    ids=range(10),
)
def test_harmful_headers_are_refused_without_taking_memory(tmp_path, data):
    with_member(tmp_path / "t.npz", "time", data)
    tracemalloc.start()
    with pytest.raises(FieldsError):
        track.load(tmp_path / "t.npz")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_folder_is_no_track(tmp_path):
    with pytest.raises(FieldsError, match="There is no track"):
        track.load(tmp_path)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("time.npy", bytes(100_000_000))
    assert (tmp_path / "t.npz").stat().st_size < 2_000_000
    tracemalloc.start()
    with pytest.raises(FieldsError, match="would unpack to"):
        track.load(tmp_path / "t.npz")
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "t.npz"
    track.save(random_track(20), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for data in [b"", b"hello", whole[:-30], whole[: len(whole) // 2], b"PK\x05\x06" + bytes(18)]:
        path.write_bytes(data)
        with pytest.raises(FieldsError):
            track.load(path)
    for _ in range(300):  # one wrong byte: either it is noticed, or the Track is still a valid one
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        path.write_bytes(data)
        with contextlib.suppress(FieldsError):
            track.load(path)
    with pytest.raises(FieldsError, match="There is no track"):
        track.load(tmp_path / "none.npz")
    with pytest.raises(FieldsError):
        track.load(tmp_path)


def test_hours_without_a_face_are_no_zip_bomb():
    """Nothing compresses better, and it must not be lost."""
    long = track.empty(np.arange(300_000, dtype=float))
    again = track.loads(track.dumps(long), "long.npz")
    assert len(again) == 300_000 and not again.found.any()


def test_an_array_header_without_an_end_is_refused(tmp_path):
    """numpy parses it with Python's tokenizer, which has an error of its own."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    with zipfile.ZipFile(tmp_path / "t.npz", "w") as archive:
        archive.writestr("meta.npy", data)
    with pytest.raises(FieldsError, match="is not a FIELDS track"):
        track.load(tmp_path / "t.npz")


def test_appearance_codes_are_kept_and_a_file_without_them_opens(tmp_path):
    made = random_track(5, gaps=[2])
    code = np.random.default_rng(0).normal(size=(5, track.CODE)).astype(np.float16)
    code[2] = np.nan
    coded = track.Track(made.time, made.groups, made.card, made.source, code)
    track.save(coded, tmp_path / "a.npz")
    again = track.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.code, code)
    assert again.code.dtype == np.float16 and track.loads(track.dumps(made), "b").code is None
    assert again.with_groups({}).code is again.code
    with pytest.raises(FieldsError, match="code"):
        track.Track(made.time, made.groups, code=code[:, 1:])
    npz(tmp_path / "c.npz", code=np.zeros((2, track.CODE), np.float16))
    with pytest.raises(FieldsError, match="not a FIELDS track"):
        track.load(tmp_path / "c.npz")
