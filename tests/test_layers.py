"""Who may import whom (docs/data-path.md). One folder, one right to import."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = ("fields_blender", "operators", "ui")
FORBIDDEN = {
    "fields_blender": {
        "bpy",
        "bpy_extras",
        "mathutils",
        "bmesh",
        "gpu",
        "torch",
        "operators",
        "ui",
        "training",
        "tools",
    },
    "operators": {"torch", "training", "tools", "ui", "cv2", "onnxruntime"},
    "ui": {"torch", "training", "tools", "fields_blender", "cv2", "onnxruntime", "numpy"},
}
# Slow to import, and absent from a broken installation: inside the functions that need them, never at the top.
LATE = {"cv2", "onnxruntime"}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path, top: bool = False) -> Iterator[tuple[str, bool]]:
    """(absolute dotted name from the repository root, was it relative?) of everything a file imports."""
    package = path.relative_to(ROOT).parent.parts
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _at_the_top(tree) if top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            name = ".".join((*base, *(node.module or "").split("."))).strip(".")
            yield from ((f"{name}.{alias.name}".strip("."), bool(node.level)) for alias in node.names)


def _at_the_top(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the file is imported; what is for type checkers alone does not."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from _at_the_top(node)


@pytest.mark.parametrize("folder", SHIPPED)
def test_each_layer_imports_only_what_lies_below_it(folder):
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files(folder)
        for name, _ in imports(path)
        if name.split(".")[0] in FORBIDDEN[folder]
    ]
    assert not wrong


# What each room may import beside itself. What lies on top of the rooms may import all of them.
ROOMS = {
    "fields_blender": {
        "core": set(),
        "capture": {"core"},
        "shape": {"core", "capture"},
        "geometry": {"core"},
        "rig": {"core", "geometry"},
        "flame": {"core", "geometry", "rig"},
        "exchange": {"core", "shape", "flame"},
    },
    "operators": {
        "common": set(),
        "footage": {"common"},
        "takes": {"common"},
        "head": {"common"},
        "props": {"common", "footage", "takes", "head"},
        "keys": {"common", "takes", "head", "props"},
    },
}


@pytest.mark.parametrize("folder", ROOMS)
def test_rooms_import_only_what_lies_below_them(folder):
    wrong = []
    for path in files(folder):
        room = path.relative_to(ROOT / folder).parts[0]
        for name, _ in imports(path):
            top, *rest = name.split(".")
            if top != folder or room.endswith(".py") or not rest or rest[0] == room:
                continue
            if rest[0] not in ROOMS[folder][room]:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert not wrong


@pytest.mark.parametrize("folder", ROOMS)
def test_every_folder_is_a_room_that_says_what_it_is_for(folder):
    rooms = {path.parent.name for path in (ROOT / folder).glob("*/*.py")}
    assert rooms == set(ROOMS[folder])
    for room in rooms:
        about = ast.get_docstring(ast.parse((ROOT / folder / room / "__init__.py").read_text("utf-8"))) or ""
        assert "import" in about.lower(), (
            f"{folder}/{room}/__init__.py says neither what lives there nor what it may import"
        )


def circles(folders: Iterable[str]) -> list[str]:
    """Modules that import themselves in a circle, and those that wait for one. Imports inside functions count too: a
    circle hidden from Python is still one.
    """
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for f in folders for path in files(f)}
    packages = {name.removesuffix(".__init__"): name for name in modules if name.endswith(".__init__")}

    def target(name: str) -> str | None:
        """The module that an imported name is, or lies in; not a package that only holds it."""
        found = name if name in modules else packages.get(name)
        above = name.rpartition(".")[0]
        return found or (above if above in modules else packages.get(above))

    wants = {m: {t for name, _ in imports(path) if (t := target(name)) and t != m} for m, path in modules.items()}
    while ready := {m for m, needed in wants.items() if not needed}:
        wants = {m: needed - ready for m, needed in wants.items() if m not in ready}
    return sorted(wants)


def test_no_file_imports_itself_in_a_circle():
    assert not circles(SHIPPED)


@pytest.mark.parametrize("folder", SHIPPED)
def test_files_stay_short(folder):
    """One job each. Longer than this, a file has two."""
    lines = {path.relative_to(ROOT): path.read_text(encoding="utf-8").count("\n") for path in files(folder)}
    assert not {path: count for path, count in lines.items() if count > 350}


def test_ui_knows_of_the_operators_only_their_properties():
    used = {name for path in files("ui") for name, _ in imports(path) if name.split(".")[0] == "operators"}
    assert all(name.split(".")[1:2] == ["props"] for name in used), used


def test_shipped_code_imports_its_own_parts_relatively():
    own = {"fields_blender", "operators", "ui"}
    absolute = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in SHIPPED
        for path in files(folder)
        for name, relative in imports(path)
        if name.split(".")[0] in own and not relative
    ]
    assert not absolute


def test_slow_libraries_are_imported_late():
    early = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in SHIPPED
        for path in files(folder)
        for name, _ in imports(path, top=True)
        if name.split(".")[0] in LATE
    ]
    assert not early


def test_the_root_imports_nothing_until_it_is_registered():
    assert list(imports(ROOT / "__init__.py", top=True)) == []


def test_nothing_shipped_reaches_beyond_the_extension():
    """`from ...x` in a file one folder deep would leave the extension's package."""
    for folder in SHIPPED:
        for path in files(folder):
            depth = len(path.relative_to(ROOT).parts)
            levels = [n.level for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom)]
            assert max(levels, default=0) <= depth, path
