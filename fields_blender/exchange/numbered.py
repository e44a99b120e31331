"""Files or folders that are numbered by frame: which belong together, which frame and which face each one is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# frame 123456, face 01: what EMOCA calls its folders, even where there is one frame.
_FRAME_AND_FACE = re.compile(r"\D*\d{4,}_\d{2}")


@dataclass(frozen=True)
class Frames:
    """Paths in the order of their frames, with the frame's `numbers`. `faces`: how many faces the recording shows."""

    paths: list[Path]
    numbers: list[int]
    faces: int = 1


def alike(path: Path, others: Sequence[Path]) -> list[Path]:
    """Those of `others` whose names differ from that of `path` in their numbers alone."""
    form = _form(path)
    return [other for other in others if _form(other) == form]


def sequence(paths: Sequence[Path], face: int = 1) -> Frames:
    """Paths whose names differ in numbers alone, as frames; of the face `face` (1 the first) where there are several.

    A name that has no number, or the same ones as another, follows in the order of names.
    """
    numbers = [[int(part) for part in re.findall(r"\d{1,15}", path.name)] for path in paths]
    width = min((len(row) for row in numbers), default=0)
    if not width:
        ordered = sorted(paths)
        return Frames(ordered, list(range(len(ordered))))
    kinds = [len({row[place] for row in numbers}) for place in range(width)]
    frame = 0 if width == 2 and _FRAME_AND_FACE.fullmatch(paths[0].stem) else kinds.index(max(kinds))
    frames = [row[frame] for row in numbers]
    if len(set(frames)) == len(frames):
        return _ordered(paths, frames)
    others = [place for place in range(width) if place != frame and kinds[place] > 1]
    if not others:
        return _ordered(paths, list(range(len(paths))))
    which = others[-1]
    faces = sorted({row[which] for row in numbers})
    chosen = faces[min(face, len(faces)) - 1]
    of_face = [place for place, row in enumerate(numbers) if row[which] == chosen]
    made = _ordered([paths[place] for place in of_face], [frames[place] for place in of_face])
    return Frames(made.paths, made.numbers, len(faces))


def _ordered(paths: Sequence[Path], numbers: list[int]) -> Frames:
    order = sorted(range(len(paths)), key=lambda place: (numbers[place], paths[place].name))
    return Frames([paths[place] for place in order], [numbers[place] for place in order])


def _form(path: Path) -> str:
    return re.sub(r"\d+", "#", path.name)
