"""The workflows and the pre-commit hooks run what the Makefile and requirements-lint.txt say."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CI = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
LANE = re.compile(r"- \{os: (\w+)-latest, bpy: (\S+), numpy: (\S+)\}")


def made(name: str) -> str:
    """The value that the Makefile gives a variable."""
    found = re.search(rf"^{re.escape(name)} [:?]?= *(.*)$", MAKEFILE, re.MULTILINE)
    return found[1].strip() if found else ""


def numpy_of(bpy: str) -> str:
    default = re.search(r"\$\(NUMPY_\$\(BPY\)\),(\S+)\)", made("NUMPY"))
    return made(f"NUMPY_{bpy}") or default[1]


def pins(text: str) -> dict[str, set[str]]:
    """Package -> the versions it is pinned to."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"([\w-]+)==([\w.]+)", text):
        found.setdefault(name, set()).add(version)
    return found


def test_linux_runs_the_lanes_of_the_makefile_and_the_one_without_blender():
    assert CI.count("- {os: ") == len(LANE.findall(CI))  # no lane that is read over
    lanes = [bpy for system, bpy, _ in LANE.findall(CI) if system == "ubuntu"]
    assert lanes == [*made("LANES").split(), "none"]


def test_windows_and_macos_run_the_newest_lane_and_the_one_without_blender():
    for wanted in ("windows", "macos"):
        lanes = {bpy for system, bpy, _ in LANE.findall(CI) if system == wanted}
        assert {made("BPY"), "none"} <= lanes <= {*made("LANES").split(), "none"}


def test_each_lane_has_the_numpy_of_the_makefile():
    assert {(bpy, numpy) for _, bpy, numpy in LANE.findall(CI)} == {
        (bpy, numpy_of(bpy)) for bpy in (*made("LANES").split(), "none")
    }


def test_each_of_rigifys_tests_runs_in_a_process_of_its_own():
    alone = made("RIGIFY")
    each = f"for rig in classic skin metarig; do {{}} -m pytest {alone} -k {{}}; done"
    assert f"pytest --ignore={alone}\n" in CI and each.format("python", "$rig") in CI and (ROOT / alone).exists()
    assert each.format("$(RUN)", "$$rig").replace(alone, "$(RIGIFY)") in MAKEFILE


def test_the_libraries_of_bpy_are_the_same_everywhere():
    def listed(text: str) -> set[str]:
        return set(re.findall(r"\blib[a-z0-9-]+\b", text)) - {"libraries"}

    wanted = listed((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert wanted and listed(CI) == listed(RELEASE) == wanted


def test_the_hooks_are_the_linters_of_make_lint_in_the_same_versions():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    wanted = pins((ROOT / "requirements-lint.txt").read_text(encoding="utf-8"))
    hooked = pins(hooks)
    assert set(hooked) == {"ruff", "basedpyright"}
    assert all(wanted[name] == versions for name, versions in hooked.items())
    linters = r"(ruff check|ruff format|basedpyright)\b"
    assert re.findall(f"entry: {linters}", hooks) == re.findall(f"-m {linters}", MAKEFILE)
    assert hooks.count("entry: ") == 3
