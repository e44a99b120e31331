"""Files appear whole or not at all, and asking whether they can be written leaves nothing."""

import os
import stat
import threading

import pytest

from fields_blender.core import files, track
from fields_blender.core.errors import FieldsError
from fields_blender.core.files import check_writable, write_new, write_whole

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX")


def test_asking_leaves_no_file_and_no_folder(tmp_path):
    check_writable(tmp_path / "a" / "b" / "c.npz")
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "c.npz").write_text("before")
    check_writable(tmp_path / "a" / "c.npz")
    assert [path.read_text() for path in (tmp_path / "a").iterdir()] == ["before"]


@pytest.mark.parametrize("name", ["file/a.npz", "file/a/b.npz", "folder", "x" * 300, "new/" + "x" * 300])
def test_what_can_not_be_written_is_refused(tmp_path, name):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FieldsError, match="can't be written"):
        check_writable(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_file_is_replaced_as_a_whole_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "new" / "a.npz"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two" and list(path.parent.iterdir()) == [path]


def test_what_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    write_whole(path, b"one")
    monkeypatch.setattr(files.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    for write in (write_whole, write_new):
        with pytest.raises(FieldsError, match="No space left"):
            write(path, b"two")
    assert path.read_bytes() == b"one" and list(tmp_path.iterdir()) == [path]


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced, sync = [], os.fsync
    monkeypatch.setattr(files.os, "fsync", lambda file: synced.append((tmp_path / "a").exists()) or sync(file))
    write_whole(tmp_path / "a", b"data")
    assert synced[0] is False


@POSIX
def test_permissions_stay(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"one")
    for mode in (0o640, 0o600, 0o664):
        path.chmod(mode)
        write_whole(path, b"two")
        assert stat.S_IMODE(path.stat().st_mode) == mode


@POSIX
def test_no_planted_link_is_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    for name in ("a.npz", "a.npz.part"):
        (tmp_path / name).symlink_to(victim)
    write_whole(tmp_path / "a.npz", b"new")
    assert write_new(tmp_path / "a.npz.part", b"new") == tmp_path / "a.npz.001.part"
    check_writable(tmp_path / "a.npz")
    assert victim.read_bytes() == b"mine" and not (tmp_path / "a.npz").is_symlink()


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_never_takes_anothers_name(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(files.os, "link", lambda *_, **__: (_ for _ in ()).throw(OSError(95, "Not supported")))
    made, path = [], tmp_path / "take.npz"
    writers = [
        threading.Thread(target=lambda i=i: made.append((write_new(path, bytes([i]) * 99), i))) for i in range(20)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len({path for path, _ in made}) == 20 and all(path.read_bytes() == bytes([i]) * 99 for path, i in made)
    assert path in {path for path, _ in made} and len(list(tmp_path.iterdir())) == 20


@POSIX
def test_what_is_no_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(FieldsError):
            track.load(path)
