"""The words an artist sees, read from the source: labels, tooltips, choices, messages, errors. Needs no Blender."""

import ast
import string
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHOWN = {"name", "description", "text", "heading"}  # keyword arguments whose strings are shown
SAY = {"say", "say_in_panel"}
ERRORS = {"FieldsError", "Note", "EndedEarly", "SizeChanged"}  # sentences that are looked up before they are filled in
SAID = {*SAY, "paragraph", "label"}  # functions whose string arguments are
TERMINAL = {"command.py", "__main__.py"}  # these speak to a terminal, in English
CALLS_WITH_NAMES = {"new", "add", "find", "get", "NewType", "make_dataclass", "Path"}  # their `name` is none of ours


def shown(folders: tuple[str, ...] = ("operators", "ui")) -> dict[str, str]:
    """String -> "file:line" of the first place that shows it."""
    found: dict[str, str] = {}
    for path, tree in _files(folders):
        if path.name in TERMINAL:
            continue
        for line, text in _of(tree):
            if any(letter.isalpha() for letter in text) and not text.startswith("FIELDS_"):
                found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return found


def errors(folders: tuple[str, ...] = ("fields_blender", "operators", "ui")) -> dict[str, str]:
    """Sentence of a FieldsError or a Note -> "file:line"."""
    found: dict[str, str] = {}
    for path, call in _calls(folders):
        if _called(call) in ERRORS and call.args and path.name not in TERMINAL:
            for line, text in _strings(call.args[0]):
                found.setdefault(text, f"{path.relative_to(ROOT)}:{line}")
    return found


def literals(folders: tuple[str, ...] = ("fields_blender", "operators", "ui")) -> set[str]:
    """Every string that stands in the source, shown or not."""
    nodes = (node for _, tree in _files(folders) for node in ast.walk(tree))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def untranslatable(folders: tuple[str, ...] = ("fields_blender", "operators", "ui")) -> list[str]:
    """ "file:line: why" of every sentence for the artist that can't be looked up before it is filled in."""
    return [
        f"{path.relative_to(ROOT)}:{call.lineno}: {why}" for path, call in _calls(folders) if (why := _refusal(call))
    ]


def _refusal(call: ast.Call) -> str:
    called = _called(call)
    if called in {*ERRORS, *SAY}:
        return _no_pattern(call, called)
    if called == "report" and len(call.args) == 2 and _is_text(call.args[1]):
        return "report() of a text that does not go through say()"
    if called == "poll_message_set" and call.args and _is_text(call.args[0]):
        return "poll_message_set() of a text that does not go through say(): Blender doesn't translate it"
    return ""


def _no_pattern(call: ast.Call, called: str) -> str:
    """Why the first argument of `called` is no pattern of its keyword arguments; nothing where all is well."""
    given = {keyword.arg for keyword in call.keywords}
    if given == {None}:  # FieldsError(sentence, **values): an error that is handed on
        return ""
    patterns = [text for _, text in _strings(call.args[0])] if call.args else []
    if called in ERRORS and (len(call.args) != 1 or not isinstance(call.args[0], ast.Constant)):
        return f"the first argument of {called} is no literal string"
    if not patterns and (given or (call.args and _is_text(call.args[0]))):
        return f"the first argument of {called} is no literal string"
    for pattern in patterns:
        try:
            named = {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}
        except ValueError as error:
            return f"{error}: {pattern}"
        if named != given:
            return f"{sorted(named)} in the text, {sorted(map(str, given))} given"
    return ""


def _files(folders: tuple[str, ...]) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _calls(folders: tuple[str, ...]) -> Iterator[tuple[Path, ast.Call]]:
    for path, tree in _files(folders):
        yield from ((path, node) for node in ast.walk(tree) if isinstance(node, ast.Call))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _is_text(node: ast.AST) -> bool:
    """Is it put together here, rather than handed on?"""
    texts = (ast.JoinedStr, ast.BinOp)
    literal = isinstance(node, ast.Constant) and isinstance(node.value, str)
    formatted = isinstance(node, ast.Call) and _called(node) == "format"
    either = isinstance(node, ast.IfExp) and (_is_text(node.body) or _is_text(node.orelse))
    return literal or formatted or either or isinstance(node, texts)


def _of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(node)
        elif isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.List | ast.Tuple) and _is_choice(node):
            yield from ((node.lineno, part.value) for part in node.elts[1:3])  # pyright: ignore


def _of_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    called = _called(node)
    if called in ERRORS:
        return
    for keyword in node.keywords:
        value_of_a_pattern = called in SAY or (keyword.arg == "name" and called in CALLS_WITH_NAMES)
        if keyword.arg in SHOWN and not value_of_a_pattern:
            yield from _strings(keyword.value)
    if called in SAID:
        for argument in node.args:
            yield from _strings(argument)


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
