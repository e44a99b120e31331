"""Files appear whole or not at all, and asking whether they can be written leaves nothing."""

import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.core.files import check_writable


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
