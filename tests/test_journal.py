"""What a capture has found is on disk as it goes, and a capture that was cut off can be finished from there."""

import errno
import itertools
import json
import os

import numpy as np
import pytest

from fields_blender.capture import journal as journals
from fields_blender.capture import solve, watch
from fields_blender.capture.actor import Actor
from fields_blender.capture.clip import open_stills, open_video
from fields_blender.capture.journal import Journal, Keep, Seen
from fields_blender.core.errors import FieldsError
from tests.make_networks import FEATURES
from tests.test_solve import CLIP, drained, made  # noqa: F401 - a fixture

WIDTH = 5


def frames(count: int) -> list[tuple[Seen, np.ndarray]]:
    """Every third frame has no face."""
    numbers = np.random.default_rng(1)
    seen = []
    for i in range(count):
        pose = None if i % 3 == 2 else numbers.normal(size=6).astype(np.float32)
        seen.append((Seen(i / 30, 0.0 if pose is None else 0.5, i // 4, pose), numbers.normal(size=WIDTH)))
    return seen


def written(path, seen, at_once=4, about=None):
    with journals.opened(Keep(path, about or {}), {"features": WIDTH}, []) as journal:
        waiting = []
        for frame, features in seen:
            journal.frame(frame)
            if frame.pose is not None:
                waiting.append(features)
            if len(waiting) == at_once:
                journal.append(np.array(waiting, np.float32))
                waiting.clear()
        if waiting:
            journal.append(np.array(waiting, np.float32))
    return path


def held(path) -> tuple[list[Seen], np.ndarray]:
    with journals.reopened(path, []) as journal:
        faces = sum(seen.pose is not None for seen in journal.seen)
        return journal.seen, journal.rows(0, faces)


def same(one: Seen, other: Seen) -> bool:
    poses = np.array_equal(one.pose, other.pose) if one.pose is not None and other.pose is not None else True
    return (one.time, one.score, one.shot) == (other.time, other.score, other.shot) and poses


def test_what_is_written_is_what_is_read(tmp_path):
    seen = frames(23)
    found, rows = held(written(tmp_path / "a", seen, about={"take": "Änn"}))
    assert len(found) == 23 and all(same(one, other) for one, (other, _) in zip(found, seen, strict=True))
    np.testing.assert_array_equal(rows, np.array([f for s, f in seen if s.pose is not None], np.float32))
    assert journals.summary(tmp_path / "a") == ({"take": "Änn"}, 23)


def test_cut_off_anywhere_it_is_readable_up_to_the_last_whole_frame(tmp_path):
    seen = frames(8)
    data = written(tmp_path / "a", seen).read_bytes()
    counts, cut = [], tmp_path / "cut"
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        try:
            found, rows = held(cut)
        except FieldsError:
            assert not counts  # only while the header is not whole
            continue
        assert all(same(one, other) for one, (other, _) in zip(found, seen, strict=False))
        assert len(rows) == sum(one.pose is not None for one in found)
        counts.append(len(found))
    assert counts == sorted(counts) and counts[-1] == 7


def test_damage_ends_it_and_never_changes_it(tmp_path):
    seen = frames(8)
    data = bytearray(written(tmp_path / "a", seen).read_bytes())
    for at in range(len(data)):
        data[at] ^= 0x41
        (tmp_path / "b").write_bytes(data)
        data[at] ^= 0x41
        try:
            found, _ = held(tmp_path / "b")
        except FieldsError:
            continue
        assert len(found) < 8 and all(same(one, other) for one, (other, _) in zip(found, seen, strict=False))


@pytest.mark.parametrize("content", [b"", b"FIELDSJ1", b"FIELDSJ1" + b"\xff" * 40, b"PK\x03\x04", b"x" * 5000])
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    for read in (held, journals.summary):
        with pytest.raises(FieldsError, match="no interrupted capture"):
            read(tmp_path / "a")


def test_a_header_nested_without_end_is_refused(tmp_path):
    import zlib

    data = b"[" * 1_000_000
    (tmp_path / "a").write_bytes(journals.MAGIC + journals._PREFIX.pack(len(data), zlib.crc32(data)) + data)
    with pytest.raises(FieldsError, match="no interrupted capture"):
        held(tmp_path / "a")


def test_nobody_elses_is_overwritten_and_no_link_is_followed(tmp_path):
    path = written(tmp_path / "a", frames(3))
    with pytest.raises(FieldsError, match="--resume"):
        written(path, frames(1))
    assert len(held(path)[0]) == 3
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    written(tmp_path / "link", frames(1))  # goes on in a temporary file
    assert not (tmp_path / "elsewhere").exists()


def test_one_without_a_frame_leaves_no_file(tmp_path):
    written(tmp_path / "a", [])
    assert not (tmp_path / "a").exists()


def test_what_is_under_way_is_not_offered(tmp_path):
    with journals.opened(Keep(tmp_path / "a"), {"features": WIDTH}, []) as journal:
        journal.frame(frames(1)[0][0])
        with pytest.raises(FieldsError, match="still running"):
            journals.summary(tmp_path / "a")
        with (
            pytest.raises(FieldsError, match="still running"),
            journals.opened(Keep(tmp_path / "a", resume=True), {"features": WIDTH}, []),
        ):
            pass


def test_frames_reach_the_disk_every_few_seconds(tmp_path, monkeypatch):
    clock, synced, sync = [100.0], [], os.fsync
    monkeypatch.setattr(journals.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(journals.os, "fsync", lambda file: synced.append(clock[0]) or sync(file))
    journal = Journal((tmp_path / "a").open("x+b", buffering=0), [], tmp_path / "a")
    journal.begin({})
    assert not journal.due and synced == [100.0]
    clock[0] += journals.SYNC_EVERY
    assert journal.due
    journal.sync()
    assert not journal.due and len(synced) == 2 and journals.SYNC_EVERY <= 3.0
    journal.close()


# ---- in a capture


def caught(work, count):
    """The first `count` reports of a capture, which then is no more, as when its process is killed."""
    list(itertools.islice(work, count))
    return work


def test_a_capture_that_was_cut_off_is_finished_with_the_frames_there_were(made, tmp_path):  # noqa: F811
    keep = Keep(tmp_path / "a")
    work = caught(solve.capture(open_video(CLIP), made, "cpu", keep=keep), 50)
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes())
    work.close()
    _, track = drained(solve.recover(tmp_path / "b", made, "cpu"))
    assert 50 - 8 < len(track) <= 50
    _, whole = drained(solve.capture(open_video(CLIP, 0.0, float(track.time[-1]) + 0.01), made, "cpu"))
    assert track.source == {**whole.source, "end": None} and track.card == whole.card
    for name, values in whole.groups.items():
        np.testing.assert_array_equal(track[name], values)


def test_slow_frames_reach_the_disk_too(made, tmp_path, monkeypatch):  # noqa: F811
    """A frame each three seconds: none of them waits for seven others to be encoded with."""
    clock = itertools.count(0.0, 3.0)
    monkeypatch.setattr(journals.time, "monotonic", lambda: next(clock))
    work = caught(solve.capture(open_video(CLIP), made, "cpu", keep=Keep(tmp_path / "a")), 5)
    assert len(held(tmp_path / "a")[0]) == 5
    work.close()


def test_a_resumed_capture_goes_on_where_it_was(made, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(journals, "SYNC_EVERY", 1e9)  # else a slow machine writes more often
    keep = Keep(tmp_path / "a")
    caught(solve.capture(open_video(CLIP, end=2.0), made, "cpu", keep=keep), 30).close()
    assert len(held(tmp_path / "a")[0]) == 24  # the last six were to be encoded with two more
    progress, track = drained(
        solve.capture(open_video(CLIP, end=2.0), made, "cpu", keep=Keep(tmp_path / "a", resume=True))
    )
    _, whole = drained(solve.capture(open_video(CLIP, end=2.0), made, "cpu"))
    assert progress[0].done == 25 and track.time.tolist() == whole.time.tolist()
    np.testing.assert_allclose(track["head"], whole["head"], atol=0.05)
    assert track.source["rest"]["count"] == whole.source["rest"]["count"]


def test_resumed_at_its_end_it_reads_nothing_more(made, tmp_path):  # noqa: F811
    keep = Keep(tmp_path / "a")
    _, whole = drained(solve.capture(open_video(CLIP, end=0.4), made, "cpu", keep=keep))
    _, track = drained(solve.capture(open_video(CLIP, end=0.4), made, "cpu", keep=Keep(tmp_path / "a", resume=True)))
    assert track.time.tolist() == whole.time.tolist()
    np.testing.assert_array_equal(track["expression"], whole["expression"])


def test_pictures_are_resumed_too(made, tmp_path, monkeypatch):  # noqa: F811
    import cv2

    monkeypatch.setattr(journals, "SYNC_EVERY", 0.0)

    (tmp_path / "stills").mkdir()
    capture = cv2.VideoCapture(str(CLIP))
    for i in range(6):
        cv2.imwrite(str(tmp_path / "stills" / f"{i}.png"), capture.read()[1])
    pictures, path = open_stills(tmp_path / "stills"), tmp_path / "a"
    caught(solve.capture(pictures, made, "cpu", stills=True, keep=Keep(path)), 4).close()
    progress, track = drained(solve.capture(pictures, made, "cpu", stills=True, keep=Keep(path, resume=True)))
    _, whole = drained(solve.capture(pictures, made, "cpu", stills=True))
    assert [report.done for report in progress[:2]] == [5, 6] and track.time.tolist() == whole.time.tolist()
    np.testing.assert_allclose(track["expression"], whole["expression"], atol=1e-5)


@pytest.mark.parametrize("other", [{"choose": "first"}, {"rest": (0.0, 0.2)}, {"actor": True}, {"end": 0.5}])
def test_another_capture_is_not_resumed(made, tmp_path, other):  # noqa: F811
    end, actor = other.pop("end", 1.0), other.pop("actor", None)
    encoder = json.loads((made / "regressor.json").read_text())["networks"]["encoder"]["sha256"]
    if actor:
        other["actor"] = Actor("Ann", np.zeros(FEATURES, np.float32), 1, encoder)
    caught(solve.capture(open_video(CLIP, end=1.0), made, "cpu", keep=Keep(tmp_path / "a")), 20).close()
    before = (tmp_path / "a").read_bytes()
    with pytest.raises(FieldsError, match="of something else"):
        drained(solve.capture(open_video(CLIP, end=end), made, "cpu", keep=Keep(tmp_path / "a", resume=True), **other))
    assert (tmp_path / "a").read_bytes() == before


def test_what_the_capture_knew_is_known_when_it_is_recovered(made, tmp_path):  # noqa: F811
    """An actor, and chosen frames at rest."""
    encoder = json.loads((made / "regressor.json").read_text())["networks"]["encoder"]["sha256"]
    actor = Actor("Ann", np.linspace(0, 1, FEATURES).astype(np.float32), 3, encoder)
    for i, known in enumerate(({"actor": actor}, {"rest": (0.0, 0.2)})):
        path = tmp_path / str(i)
        _, track = drained(solve.capture(open_video(CLIP, end=0.5), made, "cpu", keep=Keep(path), **known))
        _, again = drained(solve.recover(path, made, "cpu"))
        assert again.source == track.source
        np.testing.assert_array_equal(again["expression"], track["expression"])


def test_other_networks_do_not_finish_it(made, tmp_path):  # noqa: F811
    caught(solve.capture(open_video(CLIP), made, "cpu", keep=Keep(tmp_path / "a")), 9).close()
    data = (tmp_path / "a").read_bytes()
    with pytest.raises(FieldsError, match="another version"):
        drained(solve.recover(tmp_path / "a", CLIP.parents[1] / "models", "cpu"))
    assert (tmp_path / "a").read_bytes() == data


@pytest.mark.parametrize(
    "error", [RuntimeError("Non-zero status code"), MemoryError(), FieldsError("{x} is gone.", x=1)]
)
def test_what_fails_in_the_middle_keeps_what_was_found(made, monkeypatch, error):  # noqa: F811
    track_face, calls = watch.FaceTracker.track, itertools.count()

    def failing(self, image):
        if next(calls) == 20:
            raise error
        return track_face(self, image)

    monkeypatch.setattr(solve.FaceTracker, "track", failing)
    clip = open_video(CLIP)
    _, track = drained(solve.capture(clip, made, "cpu"))
    assert len(track) == 20 and len(clip.notes) == 1 and clip.notes[0].startswith("The capture ended after 20 frames")
    assert (str(error) or "MemoryError") in clip.notes[0]


def test_what_fails_at_once_is_an_error(made, monkeypatch):  # noqa: F811
    monkeypatch.setattr(solve.FaceTracker, "track", lambda self, image: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        drained(solve.capture(open_video(CLIP), made, "cpu"))


def test_a_disk_that_becomes_full_costs_nothing(made, tmp_path, monkeypatch):  # noqa: F811
    _, whole = drained(solve.capture(open_video(CLIP, end=1.0), made, "cpu"))
    write, sizes = Journal._write, []

    def full(self, data):
        sizes.append(len(data))
        if sum(sizes) > 20_000 and not self._in_memory:
            self._file.write(data[:7])
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    monkeypatch.setattr(journals, "SYNC_EVERY", 0.0)
    monkeypatch.setattr(Journal, "_write", full)
    sizes[:] = [19_000]
    clip = open_video(CLIP, end=1.0)
    _, track = drained(solve.capture(clip, made, "cpu", keep=Keep(tmp_path / "a")))
    assert track.time.tolist() == whole.time.tolist()
    np.testing.assert_allclose(track["expression"], whole["expression"], atol=1e-5)
    assert len(clip.notes) == 1 and "No space left" in clip.notes[0]
    assert 0 < len(held(tmp_path / "a")[0]) < 30  # the part that fitted is still there


def test_a_folder_that_can_not_be_written_does_not_stop_a_capture(made, tmp_path):  # noqa: F811
    (tmp_path / "file").write_text("")
    clip = open_video(CLIP, end=0.3)
    _, track = drained(solve.capture(clip, made, "cpu", keep=Keep(tmp_path / "file" / "a")))
    assert len(track) == 9 and "can't be recovered" in clip.notes[0]
