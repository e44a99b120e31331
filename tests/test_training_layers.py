"""Who may import whom in training: one room, one right to import; no circles."""

import ast
import re
from pathlib import Path

import pytest

from tests.test_layers import circles, files, imports

ROOT = Path(__file__).parents[1]
TOP = "training"
ROOMS = {
    "people": set(),
    "shards": set(),
    "pictures": {"people", "shards"},
    "flame": {"people"},
    "footage": {"people", "flame", "shards"},
    "demo": {"people"},
    "evaluation": {"people", "pictures", "flame", "shards", TOP},
    TOP: {"people", "shards"},  # the network and its learning
}
# Of the rest of the repository: the library, and where the shared data lies.
OUTSIDE = {"fields_blender", "tools.shared_data"}
ENTRY_POINTS = [path for path in files(TOP) if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")]


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in ROOMS else TOP


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_rooms_import_only_what_lies_below_them():
    wrong = []
    for path in files(TOP):
        room = room_of(module_of(path))
        for name, _ in imports(path):
            if name.split(".")[0] == TOP and room_of(name) not in ROOMS[room] | {room}:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong


def test_training_imports_of_this_repository_only_the_library_and_the_shared_data():
    own = {path.name for path in ROOT.iterdir()} - {TOP}
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(TOP)
        for name, _ in imports(path)
        if name.split(".")[0] in own and not any(f"{name}.".startswith(f"{allowed}.") for allowed in OUTSIDE)
    ]
    assert not wrong


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_every_room_says_what_lives_there_and_what_it_may_import(room):
    folder = ROOT / TOP if room == TOP else ROOT / TOP / room
    about = (ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or "").lower()
    assert "import" in about
    assert "everything" in about or all(f"`{other}`" in about for other in ROOMS[room])


def test_every_folder_is_a_room():
    assert {path.parent.name for path in (ROOT / TOP).glob("*/*.py")} == set(ROOMS) - {TOP}


def test_no_file_imports_itself_in_a_circle():
    assert not circles([TOP])


def test_commands_name_entry_points_that_exist():
    """Those of the Makefile, the docs, docstrings and messages."""
    known = {module_of(path) for path in ENTRY_POINTS}
    texts = [
        ROOT / "Makefile",
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *files(TOP),
    ]
    named = {name for path in texts for name in re.findall(r"-m (training(?:\.\w+)+)", path.read_text("utf-8"))}
    assert named and not named - known


def test_paths_named_in_the_docs_exist():
    texts = [*(ROOT / "docs").glob("*.md"), ROOT / "samples" / "README.md", ROOT / "models" / "THIRD_PARTY.md"]
    named = {name for path in texts for name in re.findall(r"training/[\w/]+\.(?:py|json)", path.read_text("utf-8"))}
    assert named and all((ROOT / name).is_file() for name in named), {n for n in named if not (ROOT / n).is_file()}
