"""Which frame of which file is seen at each scene frame, for showing footage outside the Sequencer."""

import re
import shutil
from collections.abc import Generator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np

from ...fields_blender.core.errors import FieldsError
from ...fields_blender.core.files import check_writable
from ..common.wording import say
from .sequencer_render import picture_path, render_strip
from .strip_api import (
    content_length,
    content_start,
    left,
    right,
    source_indices,
    source_rate,
    strips_of,
    trim_end,
    trim_start,
)
from .strip_kinds import SOURCES, has_no_length
from .strips import Shown, altered, file_of, shown_by

FOLDER = "fields_reference"
LONGEST_SIDE = 1280  # px of pictures that have to be rendered: sharp beside a head, and small on the disk


class Stretch(NamedTuple):
    """What one file shows from scene frame `first` on.

    `path`: a movie, a picture, or one picture of a numbered sequence. `kind`: which, as `bpy.types.Image.source` calls
    them. `numbers` (n,): the frame on each scene frame, as `bpy.types.ImageUser` counts: those of a movie from 1, those
    of a sequence by the numbers in their names.
    """

    path: str
    kind: str
    first: int
    numbers: np.ndarray


def must_render(scene: Any, strips: Sequence[Any]) -> bool:
    """Is any of it altered by Blender, so that pictures have to be rendered? Raises FieldsError as `shown_by`."""
    return any(_must_render(item.strip) for item in shown_by(scene, strips, None))


def read_stretches(scene: Any, strips: Sequence[Any]) -> Generator[tuple[float, str], None, list[Stretch]]:
    """All that `strips` show, in order of time. What Blender alters (retimed, flipped, cropped ...) is rendered to
    pictures beside the .blend, one frame a step: yields (share done, words for the artist).

    Raises FieldsError as `shown_by`, for missing files, and where pictures have no place because the .blend has none.
    """
    shown = shown_by(scene, strips, None)
    total = sum(item.last - item.first for item in shown if _must_render(item.strip))
    done, stretches = 0, []
    for item in shown:
        if _must_render(item.strip):
            folder = _folder_for(scene, item)
            try:
                for _ in render_strip(scene, item.strip, item.first, item.last, _unfinished(folder), LONGEST_SIDE):
                    done += 1
                    yield done / total, _rendering(done, total)
                stretches.append(_rendered(item, folder))
            finally:  # a cancelled generator too
                shutil.rmtree(_unfinished(folder), ignore_errors=True)
        else:
            stretches += _of_file(scene, item)
    return stretches


def read_directly(scene: Any, strips: Sequence[Any]) -> list[Stretch] | None:
    """`read_stretches` where nothing has to be rendered; else None."""
    shown = shown_by(scene, strips, None)
    if any(_must_render(item.strip) for item in shown):
        return None
    return [stretch for item in shown for stretch in _of_file(scene, item)]


def render_stretches(
    scene: Any, strips: Sequence[Any], limits: tuple[int, int] | None, folder: Path, longest: int
) -> Generator[tuple[float, str], None, list[Stretch]]:
    """All that `strips` show within `limits`, rendered to pictures in a folder, whose longer side has at most `longest`
    px; one frame a step, which yields as `read_stretches`. Raises FieldsError as `shown_by`.
    """
    shown = shown_by(scene, strips, limits)
    total, done, stretches = sum(item.last - item.first for item in shown), 0, []
    for number, item in enumerate(shown):
        target = folder / f"footage {number}"
        for _ in render_strip(scene, item.strip, item.first, item.last, target, longest):
            done += 1
            yield done / total, _rendering(done, total)
        stretches.append(_pictures_in(target, item))
    return stretches


def looks(strip: Any) -> list[Any]:
    """Plain values that change when a strip shows something else, or at other frames."""
    parts = [strip.type, strip.channel, strip.mute, altered(strip), getattr(strip, "filepath", "")]
    parts += [left(strip), right(strip), content_start(strip), content_length(strip)]
    if strip.type in ("MOVIE", "IMAGE"):
        parts += [trim_start(strip), trim_end(strip), strip.use_reverse_frames]
    elif strip.type == "META":
        parts += [looks(child) for child in strips_of(strip) if child.type in SOURCES]
    return parts


def _must_render(strip: Any) -> bool:
    return strip.type not in ("MOVIE", "IMAGE") or altered(strip) or bool(getattr(strip, "stream_index", 0))


def _of_file(scene: Any, item: Shown) -> list[Stretch]:
    return [_movie(scene, item)] if item.strip.type == "MOVIE" else _pictures(scene, item)


def _movie(scene: Any, item: Shown) -> Stretch:
    strip = item.strip
    path = file_of(scene, strip, strip.filepath)
    if has_no_length(strip):
        raise FieldsError(
            "The file of “{name}” does not say how long it is, so Blender can't play it. Convert it to an mp4 and open "
            "that.",
            name=strip.name,
        )
    numbers = source_indices(strip, range(item.first, item.last), source_rate(scene, strip)) + 1
    return Stretch(str(path), "MOVIE", item.first, numbers)


def _pictures(scene: Any, item: Shown) -> list[Stretch]:
    """A stretch for each series of pictures whose names differ in a number alone; usually that is one."""
    strip = item.strip
    last = len(strip.elements) - 1 - trim_end(strip)
    indices = np.minimum(source_indices(strip, range(item.first, item.last), 1.0), last)
    names = [strip.elements[index].filename for index in indices]
    stretches, first = [], item.first
    for (before, _), series in groupby(names, key=lambda name: _around_number(name)[::2]):
        group = list(series)
        path = file_of(scene, strip, strip.directory, min(group, key=lambda name: (len(name), name)))
        numbers = [_around_number(name)[1] for name in group]
        kind = "SEQUENCE" if before is not None and len(set(group)) > 1 else "FILE"
        stretches.append(Stretch(str(path), kind, first, np.array([int(number or 1) for number in numbers])))
        first += len(group)
    return stretches


def _around_number(name: str) -> tuple[str | None, str, str]:
    """What stands before the last number of a file name, the number, and what follows; (None, "", name) without one."""
    stem, suffix = Path(name).stem, Path(name).suffix
    found = re.fullmatch(r"(.*?)(\d+)(\D*)", stem)
    return (found[1], found[2], found[3] + suffix) if found else (None, "", name)


def _rendered(item: Shown, folder: Path) -> Stretch:
    """The pictures of a strip, rendered to the end, in place of those of before."""
    if folder.exists():
        shutil.rmtree(folder)
    _unfinished(folder).rename(folder)
    return _pictures_in(folder, item)


def _pictures_in(folder: Path, item: Shown) -> Stretch:
    """What `render_strip` left in a folder: each picture has the number of the scene frame that it shows."""
    return Stretch(str(picture_path(folder, item.first)), "SEQUENCE", item.first, np.arange(item.first, item.last))


def _rendering(done: int, total: int) -> str:
    return say("Rendering the strip: {done} of {total} frames", done=done, total=total)


def _folder_for(scene: Any, item: Shown) -> Path:
    if not bpy.data.filepath:
        raise FieldsError(
            "“{name}” is retimed, turned or cropped, so its pictures have to be rendered, and they are kept beside the "
            ".blend. Save the file, then try again.",
            name=item.strip.name,
        )
    name = bpy.path.clean_name(f"{scene.name} {item.strip.name} {item.first}", replace=" ")
    folder = Path(bpy.data.filepath).parent / FOLDER / name
    check_writable(picture_path(_unfinished(folder), item.first))
    return folder


def _unfinished(folder: Path) -> Path:
    return folder.with_name(f"{folder.name} (unfinished)")
