"""Clips: every frame, in order, at its own time, upright; and an error that explains why where that fails."""

import itertools
import os
import struct
import sys
import threading
import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest

from fields_blender.capture import clip as clips
from fields_blender.capture import video
from fields_blender.capture.clip import Clip, PicturePiece, VideoPiece, frames, open_stills, open_video
from fields_blender.capture.display_matrix import mirroring
from fields_blender.core.errors import FieldsError
from tests.make_clips import DATA, VFR_STAMPS, painted, read_number, write_pictures, write_video


@pytest.fixture(scope="session")
def long_video(tmp_path_factory) -> Path:
    """20 s at 25 fps."""
    return write_video(tmp_path_factory.mktemp("clips") / "long.mp4", 500, 25)


def read(clip: Clip) -> tuple[list[int], list[float]]:
    got = list(frames(clip))
    assert [frame.index for frame in got] == list(range(len(got)))
    assert all(a.time < b.time for a, b in itertools.pairwise(got))
    assert all(frame.image.dtype == np.uint8 and frame.image.ndim == 3 for frame in got)
    return [read_number(frame.image) for frame in got], [frame.time for frame in got]


def test_every_frame_at_its_time(long_video):
    clip = open_video(long_video)
    numbers, times = read(clip)
    assert numbers == list(range(500)) and clip.count == 500 and not clip.notes
    np.testing.assert_allclose(times, np.arange(500) / 25, atol=1e-6)


@pytest.mark.parametrize("start,end", [(0.48, 1.0), (7.32, 9.0), (19.5, None), (None, 0.04), (12.0, 12.04)])
def test_a_stretch_is_what_lies_in_it(long_video, start, end):
    clip = open_video(long_video, start, end)
    first, last = round((start or 0) * 25), 500 if end is None else round(end * 25)
    assert read(clip)[0] == list(range(first, last)) and clip.count == last - first


def test_variable_frame_rate_goes_by_time_stamps():
    numbers, times = read(open_video(DATA / "vfr.mp4"))
    assert numbers == list(range(len(VFR_STAMPS)))
    np.testing.assert_allclose(times, np.array(VFR_STAMPS) / 1000, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["ten_bit.mp4", "alpha.webm", "alpha.mov", "odd.mp4", "rotated.mp4", "wide_pixels.mp4"]
)
def test_unusual_pictures_come_upright_in_8_bit(name):
    assert read(open_video(DATA / name))[0] == [0, 1, 2, 3]


def test_sizes_are_those_of_the_upright_picture():
    assert next(frames(open_video(DATA / "rotated.mp4"))).image.shape == (96, 64, 3)
    assert next(frames(open_video(DATA / "wide_pixels.mp4"))).image.shape == (64, 128, 3)
    assert next(frames(open_video(DATA / "odd.mp4"))).image.shape == (67, 65, 3)


def test_a_file_that_does_not_say_its_length_is_measured():
    clip = open_video(DATA / "no_length.webm")
    numbers, times = read(clip)
    assert numbers == list(range(30)) and clip.count == 30 and clip.source["fps"] == 30
    np.testing.assert_allclose(times, np.arange(30) / 30, atol=2e-3)
    assert video.probe(DATA / "no_length.webm").duration == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("start", [0.0, 0.2])
def test_a_picture_that_grows_midway_is_read_until_there_and_told(start):
    clip = open_video(DATA / "growing.ts", start)
    assert read(clip)[0] == list(range(round(start * 30), 15))
    assert "changes at 0.5 s" in clip.notes[0] and len(clip.notes) == 1


def test_what_follows_a_change_of_size_is_never_read():
    with pytest.raises(FieldsError, match="size of the picture"):
        read(open_video(DATA / "growing.ts", 0.6))
    backwards = Clip((VideoPiece(str(DATA / "growing.ts"), 0.0, 1.0, 1.0, -1.0),))
    with pytest.raises(FieldsError, match="size of the picture"):
        read(backwards)


def test_pictures_that_stand_still_stay(tmp_path):
    """Every picture comes twice, some for long, as when a screen is recorded."""
    shown = [0, 0, 1, 1, 2, 2, 2, 2, 2, 3, *[4] * 30, 5, 5]
    writer = cv2.VideoWriter(str(tmp_path / "a.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (64, 64))
    for number in shown:
        writer.write(painted(number))
    writer.release()
    numbers, times = read(open_video(tmp_path / "a.avi"))
    assert numbers == shown
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=2e-3)


# a, b, c, d of the display matrix, and how the painted picture must be stored so that it comes out upright.
MIRRORED = {
    "left to right": ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    "upside down": ((1, 0, 0, -1), lambda image: image[::-1]),
    "transposed": ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
    "transposed the other way": ((0, -1, -1, 0), lambda image: image[::-1, ::-1].transpose(1, 0, 2)),
}


@pytest.mark.parametrize("way", MIRRORED)
def test_mirrored_display_matrices(tmp_path, way):
    matrix, stored = MIRRORED[way]
    first = stored(painted(0, 96, 64))
    writer = cv2.VideoWriter(str(tmp_path / "a.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 30, first.shape[1::-1])
    for number in range(8):
        writer.write(np.ascontiguousarray(stored(painted(number, 96, 64))))
    writer.release()
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (number * 65536 for number in matrix)
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    (tmp_path / "a.mp4").write_bytes(content)
    clip = open_video(tmp_path / "a.mp4")
    assert read(clip)[0] == list(range(8))
    assert next(frames(clip)).image.shape == (64, 96, 3)
    info = video.probe(tmp_path / "a.mp4")
    assert (info.width, info.height) == (96, 64)


def test_a_damaged_header_is_no_mirror(tmp_path):
    write_video(tmp_path / "a.mp4", 2, 30)
    content = (tmp_path / "a.mp4").read_bytes()
    for cut in (0, 7, 60, len(content) // 2):
        (tmp_path / "b.mp4").write_bytes(content[:cut])
        assert mirroring(tmp_path / "b.mp4") is None
    assert mirroring(tmp_path / "a.mp4") is None


def test_a_stream_without_time_stamps_gets_them_from_its_rate():
    numbers, times = read(open_video(DATA / "raw.h264"))
    assert numbers == list(range(30))
    np.testing.assert_allclose(times, np.arange(30) / 30, atol=1e-3)


@pytest.mark.parametrize("codec,suffix", [("MJPG", ".avi"), ("XVID", ".avi"), ("mp4v", ".mkv"), ("VP90", ".webm")])
def test_seeking_lands_right_in_other_containers(tmp_path, codec, suffix):
    path = write_video(tmp_path / f"clip{suffix}", 200, 25, codec)
    assert read(open_video(path, 6.0, 6.4))[0] == list(range(150, 160))


@pytest.mark.parametrize("budget", [video.BACKWARDS_BYTES, 64 * 64 * 3 * 20])
def test_backwards(long_video, monkeypatch, budget):
    monkeypatch.setattr(video, "BACKWARDS_BYTES", budget)  # the smaller one: many short stretches
    piece = VideoPiece(str(long_video), first=2.0, last=8.0, offset=15.0, scale=-1.0)
    numbers, times = read(Clip((piece,)))
    assert numbers == list(range(325, 175, -1))
    np.testing.assert_allclose(times, 15.0 - np.array(numbers) / 25, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, -1.0])
def test_neighbours_are_the_frames_just_outside(long_video, scale):
    def piece(first, last, **more):
        offset = 0.0 if scale > 0 else 20.0
        return VideoPiece(str(long_video), first, last, offset, scale, **more)

    inside = read(Clip((piece(10.01, 11.01),)))[1]
    around = read(Clip((piece(10.01, 11.01, neighbours=True),)))[1]
    np.testing.assert_allclose(around, [inside[0] - 0.04, *inside, inside[-1] + 0.04], atol=1e-6)
    exact = read(Clip((piece(10.0, 11.0, neighbours=True),)))[1]
    np.testing.assert_allclose([exact[0], exact[-1]], [10.0, 11.0], atol=1e-6)
    held = read(Clip((piece(10.01, 11.01, neighbours=True, bounds=(10.0, 11.02)),)))[1]
    np.testing.assert_allclose([held[0], held[-1]], [10.0, 11.02], atol=1e-6)


def test_pieces_follow_each_other_with_a_cut(long_video):
    pieces = (VideoPiece(str(long_video), 0.0, 1.0), VideoPiece(str(long_video), 1.0, 2.0, offset=-4.0))
    got = list(frames(Clip(pieces)))
    assert [read_number(frame.image) for frame in got] == [*range(25), *range(125, 150)]
    assert [frame.index for frame in got if frame.cut] == [0, 25]


def test_closing_ends_the_thread_and_the_file(long_video):
    before = threading.active_count()
    stream = frames(open_video(long_video))
    next(stream)
    assert threading.active_count() == before + 1
    stream.close()
    assert threading.active_count() == before
    moved = long_video.with_name("moved.mp4")
    long_video.rename(moved)
    moved.rename(long_video)


def test_few_frames_are_held(long_video):
    stream = frames(open_video(long_video))
    next(stream)
    tracemalloc.start()
    for _ in stream:
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (clips.AHEAD + 3) * 64 * 64 * 3 + 50_000


# ------------------------------------------------------------------------------------------------------- pictures


def test_stills_are_each_a_cut_in_the_order_of_their_names(tmp_path):
    write_pictures(tmp_path, 12)
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "._f1.png").write_bytes(b"macOS")
    clip = open_stills(tmp_path)
    got = list(frames(clip))
    assert clip.count == 12 and [read_number(frame.image) for frame in got] == list(range(12))
    assert [frame.time for frame in got] == list(range(12)) and all(frame.cut for frame in got)
    assert clip.source["stills"][:2] == ["f1.png", "f2.png"]


def test_grey_deep_transparent_and_turned_pictures(tmp_path):
    board = painted(5)
    cv2.imwrite(str(tmp_path / "a grey.png"), board[:, :, 0])
    cv2.imwrite(str(tmp_path / "b deep.png"), board.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "c clear.png"), np.dstack([board, np.zeros((64, 64), np.uint8)]))
    cv2.imwrite(str(tmp_path / "d é漢.jpg"), board)
    jpeg = cv2.imencode(".jpg", np.rot90(board))[1].tobytes()  # held sideways; EXIF orientation 6: turn it right
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    (tmp_path / "e turned.jpg").write_bytes(
        jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    )
    assert read(open_stills(tmp_path))[0] == [5] * 5


def test_a_damaged_picture_is_skipped_and_noted(tmp_path):
    paths = write_pictures(tmp_path, 3)
    paths[1].write_bytes(b"broken")
    clip = open_stills(tmp_path)
    got = list(frames(clip))
    assert [frame.time for frame in got] == [0, 2] and "f2.png" in clip.notes[0]


def test_pictures_of_a_sequence_are_one_take(tmp_path):
    paths = write_pictures(tmp_path, 4)
    clip = Clip((PicturePiece(tuple(map(str, paths)), (1.0, 1.5, 2.0, 2.5)),))
    assert [frame.cut for frame in frames(clip)] == [True, False, False, False]


# ------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "name,sentence",
    [
        ("missing.mp4", r"There is no file at .*missing\.mp4"),
        ("no_index.mp4", "can't be read as a video.*damaged or cut off"),
        ("sound.m4a", "sound only.*Choose a video"),
        ("sound.mp4", "holds sound only"),
    ],
)
def test_what_is_no_video(name, sentence):
    with pytest.raises(FieldsError, match=sentence):
        open_video(DATA / name)


def test_empty_and_foreign_files(tmp_path):
    empty, text = tmp_path / "empty.mp4", tmp_path / "text.mp4"
    empty.write_bytes(b"")
    text.write_text("this is no video")
    with pytest.raises(FieldsError, match="is empty"):
        open_video(empty)
    with pytest.raises(FieldsError, match="can't be read as a video"):
        open_video(text)
    with pytest.raises(FieldsError, match=r"No frame of none\.avi can be decoded|can't be read"):
        open_video(write_video(tmp_path / "none.avi", 0, 25, "MJPG"))


def test_a_file_cut_off_gives_what_it_holds_and_says_so():
    clip = open_video(DATA / "cut_off.mp4")
    numbers, _ = read(clip)
    assert 0 < len(numbers) < 30 and numbers == list(range(len(numbers)))
    assert "s of cut_off.mp4 have no picture" in clip.notes[0]
    backwards = Clip((VideoPiece(str(DATA / "cut_off.mp4"), 0.0, 1.1, offset=1.0, scale=-1.0),))
    assert read(backwards)[0] == numbers[::-1] and backwards.notes == clip.notes


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names of files any bytes")
def test_a_name_that_is_no_text_is_refused(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.mp4")
    write_video(tmp_path / "a.mp4", 3, 24).rename(path)
    with pytest.raises(FieldsError, match="Rename"):
        open_video(path)


def test_a_file_that_vanishes_after_opening(tmp_path):
    path = write_video(tmp_path / "clip.mp4", 5, 25)
    clip = open_video(path)
    path.unlink()
    with pytest.raises(FieldsError, match="There is no file"):
        next(frames(clip))


@pytest.mark.parametrize("start,end", [(-1.0, None), (3.0, 2.0), (2.0, 2.0)])
def test_impossible_stretches(long_video, start, end):
    with pytest.raises(FieldsError, match="there is nothing"):
        open_video(long_video, start, end)


def test_a_stretch_beyond_the_end(long_video):
    with pytest.raises(FieldsError, match=r"20\.00 s long"):
        open_video(long_video, 25.0)


def test_folders_without_pictures(tmp_path):
    with pytest.raises(FieldsError, match="No picture lies in"):
        open_stills(tmp_path)
    with pytest.raises(FieldsError, match="no folder"):
        open_stills(tmp_path / "missing")


def test_frames_after_a_damaged_one_are_read(tmp_path):
    """A damaged packet in the middle takes a frame or two; everything else is there at its time."""
    path = write_video(tmp_path / "whole.mp4", 60, 30)
    whole = [stamp for stamp, _ in video.decode(path)]
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat")
    length = int.from_bytes(data[start - 4 : start], "big")
    middle = start + length // 2
    data[middle : middle + length // 30] = bytes(length // 30)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    left = [stamp for stamp, _ in video.decode(damaged)]
    assert 60 > len(left) >= 50, len(left)
    assert left[-1] == whole[-1] and set(left) <= set(whole)
