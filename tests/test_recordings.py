"""Recordings of other tools: what is in them comes out, whatever file it is; hostile files give one sentence."""

import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from fields_blender.core import safe_npy, timeline, track
from fields_blender.core.errors import FieldsError
from fields_blender.core.names import ARKIT
from fields_blender.exchange import audio2face_json, livelink, recordings
from tests.recorded import IFACIALMOCAP, face_cap, performance, weights_of


def test_a_track_of_our_own(tmp_path):
    made = performance()
    track.save(made, tmp_path / "a.npz")
    back = recordings.read(tmp_path / "a.npz")
    np.testing.assert_array_equal(back["expression"], made["expression"])
    moved = recordings.starting_at(back, 3.5)
    assert moved.time[0] == 3.5 and np.allclose(np.diff(moved.time), np.diff(made.time))


def test_a_capture_can_start_anywhere():
    """Its strips stay where they were, so they must not say which frames the moved performance covers."""
    made = performance(24, gaps=())
    source = {"strips": [{"name": "a", "first": 0, "last": 23}], "rate": 24.0}
    captured = track.Track(made.time, made.groups, {}, source)
    frames = timeline.whole_frames(captured, 24.0)
    np.testing.assert_array_equal(timeline.whole_frames(recordings.starting_at(captured, 0.0), 24.0), frames)
    np.testing.assert_array_equal(timeline.whole_frames(recordings.starting_at(captured, 10.0), 24.0), frames + 240)
    assert len(recordings.starting_at(track.empty(np.empty(0)), 1.0)) == 0


def test_an_import_can_be_exported_as_anything(tmp_path):
    """Phone text -> CSV -> JSON -> track: each says the same."""
    (tmp_path / "a.txt").write_text("\n".join([IFACIALMOCAP] * 3))
    first = recordings.read(tmp_path / "a.txt")
    livelink.write(first, tmp_path / "b.csv")
    audio2face_json.write(recordings.read(tmp_path / "b.csv"), tmp_path / "c.json")
    track.save(recordings.read(tmp_path / "c.json"), tmp_path / "d.npz")
    last = recordings.read(tmp_path / "d.npz")
    np.testing.assert_allclose(weights_of(last), weights_of(first), atol=1e-5)
    np.testing.assert_allclose(last["head"], first["head"], atol=1e-5)


HOSTILE = {
    "nothing.csv": b"",
    "nothing.json": b"",
    "zeros.csv": bytes(5000),
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
    "header.csv": ",".join(livelink.COLUMNS).encode(),
    "names.csv": b"Timecode,BlendShapeCount," + b"EyeBlinkLeft" * 300_000 + b"\n" + b"1," * 100,
    "field.csv": ",".join(livelink.COLUMNS).encode() + b'\n"' + b"a" * 500_000,
    "deep.json": b'{"facsNames":' + b"[" * 200_000,
    "deeper.json": b'{"a":' * 100_000,
    "nan.json": b'{"facsNames":["jawOpen"],"weightMat":[[NaN]]}',
    "list.json": b"[1,2,3]",
    "wide.json": json.dumps({"facsNames": [*ARKIT], "weightMat": [[]] * 100_000}).encode(),
    "many.json": json.dumps({"facsNames": ["jawOpen"] * 40_000, "weightMat": [[1]] * 40_000}).encode(),
    "huge.json": json.dumps({"facsNames": [*ARKIT], "weightMat": [[10**400] * 52]}).encode(),
    "digits.json": b'{"facsNames":' + b"9" * 100_000 + b"}",
    "rate.json": json.dumps({"exportFps": 1e-300, "facsNames": [*ARKIT], "weightMat": [[0] * 52] * 2}).encode(),
    "slow.json": json.dumps({"exportFps": 0, "facsNames": [*ARKIT], "weightMat": [[0] * 52] * 2}).encode(),
    "text.json": json.dumps({"facsNames": [*ARKIT], "weightMat": [["1"] * 52]}).encode(),
    "phonemes.json": json.dumps({"facsNames": ["AA", "EE"], "weightMat": [[0, 1]]}).encode(),
    "lost.txt": (IFACIALMOCAP.replace("tongueOut-0", "trackingStatus-0") + "\n").encode() * 3,
    "words.txt": b"jawOpen-12|" + b"a" * 1_000_000 + b"#" * 1_000_000,
    "k.txt": b"k," + b"1," * 500_000 + b"\n" + b"k,\n" * 10_000,
    "inf.txt": face_cap("k,inf" + ",0" * 62).encode(),
    "year.txt": face_cap("k,1e300" + ",0" * 62, "k,0" + ",0" * 62).encode(),
    "spin.txt": face_cap("k,0,0,0,0,1e200,0,0" + ",0" * 56).encode(),
    "heavy.txt": face_cap("k,0" + ",0" * 10 + ",1e90" * 52).encode(),
    "other.txt": b"Dear diary,\n" * 100,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_give_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(HOSTILE[name])
    tracemalloc.start()
    try:
        with pytest.raises(FieldsError) as caught:
            recordings.read(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000 + 40 * len(HOSTILE[name])
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json", "a.npz", "a.npy", "folder"])
def test_files_that_are_not_there_and_folders(tmp_path, name):
    with pytest.raises(FieldsError):
        recordings.read(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(FieldsError):
        recordings.read(tmp_path / name)


_TOKENS = st.sampled_from(
    [*'k,|#-&=;:\n"{}[]é\x00'] + ["nan", "1e999", "-0.5", "60", "jawOpen", "eyeBlink_L", "14:03:52:28.207", "head#"]
    + ["bs", "Timecode", "BlendShapeCount", "EyeBlinkLeft", "facsNames", "weightMat", "exportFps", IFACIALMOCAP]
    + [",".join(livelink.COLUMNS), face_cap("k,5" + ",0.5" * 62)]
)  # fmt: skip


@seed(1)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_TOKENS, max_size=30), st.sampled_from([".csv", ".txt", ".json"]))
def test_any_text_gives_a_track_or_a_sentence(tmp_path, parts, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_text("".join(parts), encoding="utf-8", errors="replace")
    check(path)


@seed(1)
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from(["a.csv", "a.json", "a.txt", "b.txt", "a.npz"]))
def test_damaged_recordings_give_a_track_or_a_sentence(tmp_path, data, name):
    if not (tmp_path / "whole.csv").exists():
        made = performance(4, gaps=(1,))
        livelink.write(made, tmp_path / "whole.csv")
        audio2face_json.write(made, tmp_path / "whole.json")
        track.save(made, tmp_path / "whole.npz")
    whole = {
        "a.csv": lambda: (tmp_path / "whole.csv").read_bytes(),
        "a.json": lambda: (tmp_path / "whole.json").read_bytes(),
        "a.npz": lambda: (tmp_path / "whole.npz").read_bytes(),
        "a.txt": lambda: (IFACIALMOCAP + "\n").encode() * 3,
        "b.txt": lambda: face_cap("k,5" + ",0.5" * 62, "k,25" + ",0.5" * 62).encode(),
    }
    damaged = bytearray(whole[name]())
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / name).write_bytes(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    check(tmp_path / name)


def check(path):
    try:
        made = recordings.read(path)
    except FieldsError as error:
        assert "\n" not in str(error)
        return
    assert len(made) and np.isfinite(made["expression"][made.found]).all() and (np.diff(made.time) > 0).all()


def npy_bytes(shape, dtype="<f4", data=b"", version=(1, 0)) -> bytes:
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    size = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + size + header + data


@pytest.mark.parametrize(
    "content",
    [
        npy_bytes((10**12,)),
        npy_bytes((2**62, 4)),
        npy_bytes((-1, 3), data=bytes(12)),
        npy_bytes("(" * 500 + ")" * 500),
        npy_bytes("[0] * 10**10"),
        npy_bytes((2,), data=bytes(8), version=(2, 0)),
        b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1) + b" " * 100,
        npy_bytes((3,), data=bytes(11)),
        b"\x93NUMPY\x01\x00",
        b"\x80\x04.",
    ],
)
def test_arrays_that_lie(tmp_path, content):
    (tmp_path / "exp.npy").write_bytes(content)
    with pytest.raises(FieldsError):
        safe_npy.load(tmp_path / "exp.npy")


def test_arrays_of_objects_are_left_out(tmp_path):
    np.savez(tmp_path / "a.npz", expr=np.eye(2), other=np.array([{"a": 1}, None], dtype=object))
    assert list(safe_npy.load(tmp_path / "a.npz")) == ["expr"]


def test_a_zip_that_unpacks_to_gigabytes(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("expr.npy", "w") as file,
    ):
        file.write(npy_bytes((80_000_000,), "|u1"))
        for _ in range(80):
            file.write(bytes(1_000_000))
    assert (tmp_path / "a.npz").stat().st_size < 200_000
    with pytest.raises(FieldsError, match="would unpack"):
        safe_npy.load(tmp_path / "a.npz")
    assert safe_npy.load(tmp_path / "a.npz", wanted=["jaw_pose"]) == {}


def test_a_file_larger_than_any_recording(tmp_path):
    with (tmp_path / "a.json").open("wb") as file:
        file.write(b"{")
        file.truncate(audio2face_json.MAX_BYTES + 1)
    with pytest.raises(FieldsError, match="larger than 100 MB"):
        recordings.read(tmp_path / "a.json")
