"""The words an artist sees, read from the source: labels, tooltips, choices, messages. Needs no Blender."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOWN = {"name", "description", "text", "heading"}  # keyword arguments whose strings are shown
SAID = {"poll_message_set", "say", "words", "label"}  # functions whose string arguments are
CALLS_WITH_NAMES = {"new", "add", "find", "get", "NewType", "make_dataclass", "Path"}  # their `name` is none of ours


def shown(folders: tuple[str, ...] = ("operators", "ui")) -> dict[str, str]:
    """String -> "file:line" of the first place that shows it."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if (
                path.name.startswith(("translations", "sentences")) or path.name == "command.py"
            ):  # the latter speaks to a terminal
                continue
            for line, text in _of(ast.parse(path.read_text(encoding="utf-8"))):
                if any(letter.isalpha() for letter in text) and not text.startswith("FIELDS_"):
                    found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return found


def _of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            for keyword in node.keywords:
                if keyword.arg in SHOWN and not (keyword.arg == "name" and called in CALLS_WITH_NAMES):
                    yield from _strings(keyword.value)
            if called in SAID:
                for argument in node.args:
                    yield from _strings(argument)
        elif isinstance(node, ast.List | ast.Tuple) and _is_choice(node):
            yield from ((node.lineno, part.value) for part in node.elts[1:3])  # pyright: ignore


def _of_class(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    for part in node.body:
        if isinstance(part, ast.Assign) and part.targets[0].id in ("bl_label", "bl_description"):  # pyright: ignore
            yield from _strings(part.value)
    verb = any(getattr(part, "targets", [None])[0] and part.targets[0].id == "bl_idname" for part in node.body
               if isinstance(part, ast.Assign))  # fmt: skip
    if verb and "_OT_" in node.name and (doc := ast.get_docstring(node)):
        yield node.lineno, doc


def _strings(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    elif isinstance(node, ast.IfExp):
        yield from _strings(node.body)
        yield from _strings(node.orelse)


def _is_choice(node: ast.List | ast.Tuple) -> bool:
    """("ID", "Name", "Description"): one of an enum's."""
    parts = node.elts
    return (
        len(parts) in (3, 5)
        and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts[:3])
        and parts[0].value.isupper()
        and not parts[1].value.isupper()
    )  # fmt: skip
