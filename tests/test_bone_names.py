"""The table of what rigs call the bones of a face."""

import pytest

from fields_blender.core.errors import FieldsError
from fields_blender.rig import bone_names as table
from fields_blender.rig.rig_names import mirrored_name, plain


def test_every_name_of_a_side_has_one_on_the_other_side():
    found = table.bone_names()
    sided = [*found.eyes, *found.mouth_corners, *(name for pair in found.lids for name in pair)]
    data = table.FILE.read_text(encoding="utf-8")
    assert all(name for name in sided) and len(sided) > 30
    for spelt in ("eye.L", "left_eye", "左目", "lips.L", "lid.T.L.002"):
        assert f'"{spelt}"' in data and plain(spelt) in sided
        assert plain(mirrored_name(spelt)) not in (plain(spelt), *sided)


def test_no_name_is_listed_twice_in_a_list():
    found = table.bone_names()
    for names in (found.eyes, found.mouth_corners, found.lids, found.lower_lip, found.jaw, found.mechanism_prefixes):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"eyes": 3}', None])
def test_a_damaged_table_gets_a_sentence(tmp_path, monkeypatch, text):
    monkeypatch.setattr(table, "FILE", tmp_path / "bone_names.json")
    if text is not None:
        table.FILE.write_text(text)
    table.bone_names.cache_clear()
    try:
        with pytest.raises(FieldsError, match="Install the extension again"):
            table.bone_names()
    finally:
        table.bone_names.cache_clear()
