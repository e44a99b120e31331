"""The layouts in which tools write the weights of a face as JSON, each as a table: names, and a row for each frame."""

from typing import Any

from ..core.errors import FieldsError
from .arkit_names import MIN_NAMES, arkit_index
from .cells import Cell

_NAMES = ("facsNames", "blendShapeNames", "blendshapeNames", "blendshape_names", "names", "blendShapes", "blendshapes")
_ROWS = ("weightMat", "frames", "Frames", "weights", "values", "data", "blendShapes", "BlendShapes", "blendshapes")
_RATES = ("exportFps", "fps", "FPS", "frameRate", "frame_rate", "framerate", "mocap_frame_rate")
_IN_A_FRAME = ("weights", "values", "blendShapes", "blendshapes", "BlendShapes")
_DEEPEST = 4


def rate(data: Any) -> Any:
    """What the file says are its frames a second; None where it says nothing."""
    return next((data[name] for name in _RATES if name in data), None) if isinstance(data, dict) else None


def table(data: Any, file: str) -> tuple[list[str], list[list[Cell]], set[str]]:
    """The header, the rows and the names in `data` that were used.

    Read are `facsNames` with `weightMat` (Audio2Face) and the like, a list of frames that name their weights, and
    a list for each name. Raises FieldsError for anything else, or for a frame without its numbers.
    """
    if isinstance(data, dict):
        names = next((name for name in _NAMES if _are_names(data.get(name))), None)
        rows = next((name for name in _ROWS if name != names and _are_rows(data.get(name))), None)
        if names and rows:
            made = [_of_names(row, len(data[names]), file) for row in data[rows]]
            times = [_time_of(row) for row in data[rows]]
            if any(time is not None for time in times):
                return ["time", *data[names]], [[t, *row] for t, row in zip(times, made, strict=True)], {names, rows}
            return list(data[names]), made, {names, rows}
        if rows and isinstance(data[rows][0], dict):
            return (*_of_frames(data[rows]), {rows})
        if sum(arkit_index(name) is not None and isinstance(data[name], list) for name in data) >= MIN_NAMES:
            return (*_of_columns(data), set(data))
    elif _are_rows(data) and isinstance(data[0], dict):
        return (*_of_frames(data), set())
    raise FieldsError(
        "{file} holds no face weights (facsNames, weightMat). Export blend shape weights as JSON.", file=file
    )


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value)


def _are_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict | list) for row in value)


def _of_names(row: Any, width: int, file: str) -> list[Cell]:
    """The numbers of a frame that leaves the names to the head of the file."""
    if isinstance(row, dict):
        row = next((row[name] for name in _IN_A_FRAME if isinstance(row.get(name), list)), None)
    good = isinstance(row, list) and len(row) == width
    if not good or not all(cell is None or type(cell) in (int, float) for cell in row):
        raise FieldsError("{file} has a frame without its {count} numbers. Export it again.", file=file, count=width)
    try:
        made: list[Cell] = [None if cell is None else float(cell) for cell in row]
    except OverflowError:
        made = [float("inf")]
    if float("inf") in made or float("-inf") in made:
        raise FieldsError("{file} holds numbers that make no sense. Export it again.", file=file)
    return made


def _time_of(row: Any) -> Cell:
    found = (value for name, value in row.items() if "time" in name.lower()) if isinstance(row, dict) else iter(())
    value = next(found, None)
    return value if isinstance(value, str | int | float) else None


def _of_frames(frames: list[Any]) -> tuple[list[str], list[list[Cell]]]:
    rows = [_flat(frame) for frame in frames]
    header = list(dict.fromkeys(name for row in rows for name in row))
    return header, [[row.get(name) for name in header] for row in rows]


def _flat(frame: Any, before: str = "", depth: int = 0) -> dict[str, Cell]:
    """The numbers of a frame by their names, however deep; also as lists of {"categoryName", "score"} (MediaPipe)."""
    found: dict[str, Cell] = {}
    if isinstance(frame, dict) and depth < _DEEPEST:
        name = next((frame[key] for key in ("categoryName", "category_name", "name") if key in frame), None)
        value = next((frame[key] for key in ("score", "weight", "value") if key in frame), None)
        if isinstance(name, str) and isinstance(value, int | float):
            return {name: value}
        for key, part in frame.items():
            found |= _flat(part, f"{before}.{key}" if before else key, depth + 1)
    elif isinstance(frame, list) and depth < _DEEPEST:
        for part in frame:
            found |= _flat(part, before, depth + 1) if isinstance(part, dict) else {}
    elif before and isinstance(frame, str | int | float) and not isinstance(frame, bool):
        found[before] = frame
    return found


def _of_columns(data: dict[str, Any]) -> tuple[list[str], list[list[Cell]]]:
    header = [name for name in data if isinstance(data[name], list)]
    count = max(len(data[name]) for name in header)
    columns = [[*data[name], *[None] * (count - len(data[name]))] for name in header]
    flat = [[cell if isinstance(cell, str | int | float) else None for cell in column] for column in columns]
    return header, [list(row) for row in zip(*flat, strict=True)]
