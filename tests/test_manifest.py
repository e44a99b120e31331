"""The manifest keeps the rules of the extension platform that Blender's own validator does not check."""

import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tools import release_notes
from tools.build_extension import PINS, SHIPPED

ROOT = Path(__file__).parent.parent
MANIFEST = tomllib.loads((ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))


def test_rules_of_the_platform():
    assert MANIFEST["id"] == "fields_facial_capture" and MANIFEST["id"].isidentifier()
    assert MANIFEST["name"] == "FIELDS Facial Capture"  # a name with “Blender” in it is refused
    assert re.fullmatch(r"\d+\.\d+\.\d+", MANIFEST["version"])
    assert len(MANIFEST["tagline"]) <= 64 and MANIFEST["tagline"][-1].isalnum()
    assert MANIFEST["blender_version_min"] == "4.2.0"
    assert all(licence.startswith("SPDX:") for licence in MANIFEST["license"])
    assert MANIFEST["license"][0] == "SPDX:GPL-3.0-or-later"
    assert set(MANIFEST["permissions"]) == {"files", "clipboard"}  # nothing is ever sent or downloaded
    assert all(len(reason) <= 64 and reason[-1].isalnum() for reason in MANIFEST["permissions"].values())


def test_wheels_and_platforms_are_left_to_the_build():
    assert "wheels" not in MANIFEST and "platforms" not in MANIFEST


def test_a_build_from_the_checkout_leaves_out_what_does_not_ship():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    patterns = [pattern.strip("/") for pattern in MANIFEST["build"]["paths_exclude_pattern"]]
    top = {name.split("/")[0] for name in listed.stdout.split("\n") if name} | {"out", "dist", "wheels"}
    left = {name for name in top if not any(fnmatch(name, pattern) for pattern in patterns)}
    assert left <= set(SHIPPED)


def test_every_platform_has_wheels_for_the_pythons_blender_ships():
    assert set(PINS) == {"linux-x64", "windows-x64", "macos-arm64", "macos-x64"}
    for platform, wheels in PINS.items():
        for module in ("onnxruntime", "opencv_python_headless"):
            tags = {name.split("-")[2] for name in wheels if name.startswith(module)}
            assert tags >= {"cp311", "cp313"} or tags == {"cp37"}, platform
        assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in wheels.values())
        assert not any(name.startswith("numpy") for name in wheels)  # Blender's own numpy is the one that is loaded
    assert "onnxruntime-1.18.1-cp311-cp311-win_amd64.whl" in PINS["windows-x64"]
    assert "onnxruntime-1.21.0-cp313-cp313-win_amd64.whl" in PINS["windows-x64"]


def test_what_the_wheels_hold_is_credited():
    """Each package with the versions that ship, and what their makers' licences want named."""
    credits = (ROOT / "models" / "THIRD_PARTY.md").read_text(encoding="utf-8")
    wheels = {tuple(name.split("-")[:2]) for names in PINS.values() for name in names}
    for package, version in wheels:
        assert package.replace("_", "-") in credits and version in credits, (package, version)
    for part in ("FFmpeg", "OpenSSL", "LGPL-2.1-or-later", "CC BY 4.0", "libvpx", "OpenBLAS"):
        assert part in credits
    licences = {licence.removeprefix("SPDX:") for licence in MANIFEST["license"]}
    assert licences >= {"GPL-3.0-or-later", "CC0-1.0", "CC-BY-4.0", "Apache-2.0", "MIT", "LGPL-2.1-or-later", "OpenSSL"}
    assert any("Max Planck" in line and "CC-BY-4.0" in line for line in MANIFEST["copyright"])


def test_the_change_log_begins_with_this_version():
    """Above it stands at most what is not released yet. Versions and dates fall from top to bottom."""
    log = release_notes.entries((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    released = log[1:] if log[0].version == release_notes.UNRELEASED else log
    assert all(entry.date and entry.text for entry in released)
    assert released[0].version == MANIFEST["version"] == release_notes.manifest_version()
    numbers = [tuple(map(int, entry.version.split("."))) for entry in released]
    assert numbers == sorted(set(numbers), reverse=True)
    assert [entry.date for entry in released] == sorted((entry.date for entry in released), reverse=True)


LOG = "# What changed\n\n## 1.2.0 (2026-12-31)\n\nMore.\n\n## 1.1.0 (2026-12-01)\n\nSome.\n"


def test_only_the_version_of_the_manifest_is_released():
    log = release_notes.entries(LOG)
    assert release_notes.notes("v1.2.0", "1.2.0", log) == "More."
    with pytest.raises(ValueError, match="The tag is"):
        release_notes.notes("v1.3.0", "1.2.0", log)
    with pytest.raises(ValueError, match="begins with 1"):
        release_notes.notes("v1.3.0", "1.3.0", log)
    with pytest.raises(ValueError, match="begins with Unreleased"):
        release_notes.notes("v1.2.0", "1.2.0", release_notes.entries("## Unreleased\n\nNew.\n\n" + LOG))


@pytest.mark.parametrize("heading", ["1.2.0", "1.2 (2026-12-31)", "1.2.0 (2026-13-31)", "v1.2.0 (2026-12-31)", "Next"])
def test_a_heading_that_is_no_dated_version_is_refused(heading):
    with pytest.raises(ValueError):
        release_notes.entries(f"## {heading}\n\nNew.\n")
