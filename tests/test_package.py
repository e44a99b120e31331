"""The zip: built without wheels, it validates and holds exactly what ships; a zip with more or less is refused."""

import importlib.util
import shutil
import zipfile

import pytest

from tools import build_extension as build
from tools import help_pages

# Looked for, not imported: tests/blender decides which user folder bpy starts with.
if importlib.util.find_spec("bpy") is None:
    pytest.skip("Blender's extension tool comes with bpy, which is not installed", allow_module_level=True)
if missing := [name for name in build.CONVERTED if not (build.ROOT / name).exists()]:
    pytest.skip(f"{missing} not there (make models)", allow_module_level=True)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return build.build(tmp_path_factory.mktemp("dist"), None)


def test_holds_what_ships(archive, tmp_path):
    build.check(archive, None)
    with zipfile.ZipFile(archive) as content:
        names = set(content.namelist())
    assert {"__init__.py", "blender_manifest.toml", "LICENSE", *build.CONVERTED} <= names
    assert {"fields_blender/core/track.py", "models/face.json"} <= names
    pages = {name for name in names if name.startswith("help/")}
    assert pages == {f"help/{name}" for name in help_pages.write(tmp_path)}
    assert names - pages == {*build.shipped_files(build.ROOT)}


@pytest.mark.parametrize("extra", ["training/train.py", "tests/test_a.py", "x.py", "models/torch.py", "wheels/a.whl"])
def test_more_than_what_ships_is_refused(archive, tmp_path, extra):
    copy = shutil.copy(archive, tmp_path / "a.zip")
    with zipfile.ZipFile(copy, "a") as content:
        content.writestr(extra, "x")
    with pytest.raises(SystemExit):
        build.check(copy, None)


def test_a_changed_network_is_refused(archive, tmp_path):
    with zipfile.ZipFile(archive) as content, zipfile.ZipFile(tmp_path / "a.zip", "w") as changed:
        for name in content.namelist():
            data = content.read(name)
            changed.writestr(name, data[:-1] + b"?" if name == build.CONVERTED[1] else data)
    with pytest.raises(SystemExit, match="face_landmarks"):
        build.check(tmp_path / "a.zip", None)


def test_a_missing_wheel_is_refused(archive):
    with pytest.raises(SystemExit, match="wheels"):
        build.check(archive, "linux-x64")


def test_wheels_that_are_not_the_pinned_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "WHEELS", tmp_path)
    wheel = next(iter(build.PINS["windows-x64"]))
    (tmp_path / wheel).write_bytes(b"something else")
    with pytest.raises(SystemExit, match=r"sha256"):
        build.fetch_wheels("windows-x64")


def test_the_manifest_of_a_platform_names_its_wheels(tmp_path):
    manifest = tmp_path / "blender_manifest.toml"
    shutil.copyfile(build.ROOT / "blender_manifest.toml", manifest)
    build.add_wheels(manifest, "macos-arm64")
    made = build.tomllib.loads(manifest.read_text(encoding="utf-8"))
    assert made["platforms"] == ["macos-arm64"]
    assert {name.removeprefix("./wheels/") for name in made["wheels"]} == set(build.PINS["macos-arm64"])
