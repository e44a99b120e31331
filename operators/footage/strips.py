"""From strips to a Clip: what the sequencer shows when, in seconds of the scene's timeline.

Which source frame Blender shows at scene frame f (measured against its own renders in 4.2, 4.5, 5.0):
    index = floor((f - start) * factor + 1/2) + trim      forwards
    index = floor((last - f) * factor + 1/2) + trim       reversed, last = start + content length - 1
where `factor` is source frames per scene frame and `trim` the source frames cut off at the front (`source_indices`).
Blender finds the frame of an index in a file by time, index / strip.fps, which is how variable frame rates are followed
too. So a source frame with time stamp s happens at scene frame start + (s * strip.fps - trim) / factor.
"""

import itertools
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import bpy

from ...fields_blender.capture.clip import Clip, PicturePiece, VideoPiece
from ...fields_blender.capture.video import PICTURES, VideoInfo, probe
from ...fields_blender.core.errors import FieldsError, Note
from ...fields_blender.core.timeline import to_seconds
from ..common.timeline import rate
from .sequencer_render import picture_path, render_strip
from .strip_api import (
    all_strips,
    content_length,
    content_start,
    is_reframed,
    left,
    right,
    source_indices,
    source_rate,
    strips_of,
    trim_end,
    trim_start,
)
from .strip_kinds import SOURCES, has_no_length, readable_of

# A frame just outside a strip, delivered so that its edge can be interpolated, stays this many scene frames away from
# the strip that follows.
BEFORE_NEXT = 0.01

# `video.probe` as a generator, which may yield None while it waits for the answer.
Probe = Callable[[Path], Generator[None, None, VideoInfo]]


def probe_here(path: Path) -> Generator[None, None, VideoInfo]:
    """`video.probe` in this process, without waiting."""
    return probe(path)
    yield


def clip_from_strips(scene: Any, strips: Sequence[Any], limits: tuple[int, int] | None = None) -> Clip:
    """`read_strips` in one go."""
    reading = read_strips(scene, strips, limits)
    while True:
        try:
            next(reading)
        except StopIteration as end:
            return end.value


def read_strips(
    scene: Any, strips: Sequence[Any], limits: tuple[int, int] | None = None, ask: Probe = probe_here
) -> Generator[tuple[int, int] | None, None, Clip]:
    """The Clip of what `strips` show within `limits` (first and last scene frame, both included; None: all of it).

    Movie and image strips are read from their files; in meta strips, what lies inside. Strips whose frames or picture
    Blender alters (retimed, speed effects, flipped, cropped, rotated, files cv2 can't decode) are rendered by Blender,
    one frame a step: yields (rendered, to render). Also yields what `ask` yields. Muted strips are left out. Where
    strips overlap, the one in the higher channel is read. The scale and position of a strip are ignored: the whole
    source picture is read. Parts of a strip pulled out beyond its content, where Blender holds a frame, have no frames.

    The Clip has to be closed after use. Raises FieldsError where there is nothing to read and for missing files.
    """
    shown = shown_by(scene, strips, limits)
    rendered = []
    for number, item in enumerate(shown):
        rendered.append((yield from _must_render(scene, item.strip, ask)))
        if not rendered[-1] and has_no_length(item.strip):
            following = shown[number + 1].first if number + 1 < len(shown) else math.inf
            shown[number] = yield from _whole(scene, item, following, ask)
    total = sum(item.last - item.first for item, render in zip(shown, rendered, strict=True) if render)
    folder = TemporaryDirectory(prefix="fields-", ignore_cleanup_errors=True) if total else None
    done, pieces, notes = 0, [], []
    try:
        for number, item in enumerate(shown):
            if rendered[number] and folder is not None:
                target = Path(folder.name, str(number))
                for _ in render_strip(scene, item.strip, item.first, item.last, target):
                    done += 1
                    yield done, total
                pieces.append(_rendered_piece(scene, item, target))
            elif item.strip.type == "MOVIE":
                pieces.append((yield from _movie_piece(scene, item, _bounds(scene, shown, number), ask)))
            else:
                pieces.append(_image_piece(scene, item, notes))
    except BaseException:  # a cancelled generator too
        if folder is not None:
            folder.cleanup()
        raise
    source = {
        "scene": scene.name,
        "rate": rate(scene),
        "strips": [{"name": item.strip.name, "first": item.first, "last": item.last - 1} for item in shown],
    }
    return Clip(tuple(pieces), source, notes, folder)


# ---------------------------------------------------------------------------------------------- what is shown when


class Shown(NamedTuple):
    """A strip seen from scene frame `first` to before `last`."""

    strip: Any
    first: int
    last: int


# Effects that change which frame is shown, or where the face is in it.
ALTERING = {"SPEED", "TRANSFORM"}


def shown_by(scene: Any, strips: Sequence[Any], limits: tuple[int, int] | None) -> list[Shown]:
    """Which strips are seen when, in order of time. Raises FieldsError as `read_strips`."""
    if not strips:
        raise FieldsError("No strip is chosen. Select a movie strip or an image sequence in the Video Sequencer.")
    readable = readable_of(scene.sequence_editor, strips)
    if not readable:
        kind = strips[0].type.replace("_", " ").lower()
        raise FieldsError(
            "“{name}” is a {kind} strip, which shows no video. Choose a movie strip, an image sequence or a meta strip "
            "that holds one.",
            name=strips[0].name,
            kind=kind,
        )
    editor = scene.sequence_editor
    unmuted = [strip for strip in readable if not _muted(editor, strip)]
    if not unmuted:
        raise FieldsError(
            "“{name}” is muted. Unmute the strip and its channel, or choose another strip.", name=readable[0].name
        )
    seen = [_as_seen(editor, strip) for strip in unmuted]
    begin, end = (limits[0], limits[1] + 1) if limits else (min(map(left, seen)), max(map(right, seen)))
    shown = [part for item in _topmost(seen, begin, end) for part in _inside(item)]
    if not shown:
        raise FieldsError(
            "“{name}” shows no video between frames {first} and {last}. Choose another strip or another range.",
            name=readable[0].name,
            first=begin,
            last=end - 1,
        )
    return shown


def _as_seen(editor: Any, strip: Any) -> Any:
    """The speed or transform effect laid over `strip`, or the altered meta strip around it; or else `strip`."""
    for other in all_strips(editor):
        if other.type in ALTERING and other.input_1 == strip and not other.mute:
            return _as_seen(editor, other)
    parent = strip.parent_meta()
    if parent is not None and altered(parent):
        return _as_seen(editor, parent)
    return strip


def _inside(item: Shown) -> list[Shown]:
    """What a meta strip shows in that time, strip by strip; any other strip as it is."""
    if item.strip.type != "META" or altered(item.strip):
        return [item]
    channels = item.strip.channels
    children = [
        child
        for child in strips_of(item.strip)
        if child.type in SOURCES and not child.mute and not channels[child.channel].mute
    ]
    return [part for inner in _topmost(children, item.first, item.last) for part in _inside(inner)]


def _topmost(strips: Iterable[Any], first: int, last: int) -> list[Shown]:
    """Which of `strips` is seen when, in order of time. Where they overlap, the one in the highest channel is."""
    spans = [(max(_visible_from(strip), first), min(_visible_to(strip), last), strip) for strip in strips]
    spans = [span for span in spans if span[0] < span[1]]
    edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
    shown: list[Shown] = []
    for start, end in itertools.pairwise(edges):
        over = [strip for a, b, strip in spans if a <= start and end <= b]
        if not over:
            continue
        top = max(over, key=lambda strip: strip.channel)
        if shown and shown[-1].strip == top and shown[-1].last == start:
            shown[-1] = shown[-1]._replace(last=end)
        else:
            shown.append(Shown(top, start, end))
    return shown


def _visible_from(strip: Any) -> int:
    """`left`, within the handles of the meta strips around it."""
    parent = strip.parent_meta()
    return left(strip) if parent is None else max(left(strip), _visible_from(parent))


def _visible_to(strip: Any) -> int:
    parent = strip.parent_meta()
    return right(strip) if parent is None else min(right(strip), _visible_to(parent))


def _muted(editor: Any, strip: Any) -> bool:
    parent = strip.parent_meta()
    channels = editor.channels if parent is None else parent.channels
    return strip.mute or channels[strip.channel].mute or (parent is not None and _muted(editor, parent))


def altered(strip: Any) -> bool:
    """Does Blender change which frames this strip shows, or where the face is in them?"""
    return bool(
        len(getattr(strip, "retiming_keys", ()))
        or strip.strobe > 1
        or strip.use_flip_x
        or strip.use_flip_y
        or is_reframed(strip)
    )


def _must_render(scene: Any, strip: Any, ask: Probe) -> Generator[None, None, bool]:
    if strip.type not in ("MOVIE", "IMAGE") or altered(strip):
        return True
    if strip.type == "IMAGE":
        return any(Path(element.filename).suffix.lower() not in PICTURES for element in strip.elements)
    if strip.stream_index:
        return True
    path = file_of(scene, strip, strip.filepath)
    try:
        yield from ask(path)
    except FieldsError:
        if not _blender_reads(path):
            raise
        return True
    return False


def _blender_reads(path: Path) -> bool:
    """Does Blender know how to decode a file that cv2 doesn't?"""
    try:
        movie = bpy.data.movieclips.load(str(path))
    except RuntimeError:
        return False
    try:
        return movie.frame_duration > 0
    finally:
        bpy.data.movieclips.remove(movie)


# ------------------------------------------------------------------------------------------------- strips to pieces


def _bounds(scene: Any, shown: list[Shown], number: int) -> tuple[float, float]:
    """The seconds within which the strip's frames must stay, so as not to mix with the strips before and after."""
    fps = rate(scene)
    first = to_seconds(shown[number - 1].last, fps) if number else -float("inf")
    last = to_seconds(shown[number].last - BEFORE_NEXT, fps) if number + 1 < len(shown) else float("inf")
    return first, last


def _rendered_piece(scene: Any, item: Shown, folder: Path) -> PicturePiece:
    frames = range(item.first, item.last)
    times = tuple(to_seconds(frame, rate(scene)) for frame in frames)
    return PicturePiece(tuple(str(picture_path(folder, frame)) for frame in frames), times)


def _whole(scene: Any, item: Shown, following: float, ask: Probe) -> Generator[None, None, Shown]:
    """Such a strip as long as its file, but for what is shown after it, from the scene frame `following` on."""
    info = yield from ask(file_of(scene, item.strip, item.strip.filepath))
    frames = max(math.floor(info.duration * rate(scene)), 1)
    return item._replace(last=int(min(following, max(item.last, item.first + frames))))


def _movie_piece(scene: Any, item: Shown, bounds: tuple[float, float], ask: Probe) -> Generator[None, None, VideoPiece]:
    strip, fps = item.strip, rate(scene)
    path = file_of(scene, strip, strip.filepath)
    info = yield from ask(path)
    trim = trim_start(strip)
    if has_no_length(strip):
        offset, scale = to_seconds(item.first, fps), 1.0
        last = to_seconds(item.last - 1, fps)
        return VideoPiece(str(path), offset, last, offset, scale, neighbours=True, bounds=bounds, count=info.count)
    factor = source_rate(scene, strip)
    if strip.use_reverse_frames:
        scale = -strip.fps / (factor * fps)
        offset = to_seconds(content_start(strip) + content_length(strip) - 1 + trim / factor, fps)
    else:
        scale = strip.fps / (factor * fps)
        offset = to_seconds(content_start(strip) - trim / factor, fps)
    first, last = to_seconds(item.first, fps), to_seconds(item.last - 1, fps)
    count = round(to_seconds(item.last - item.first, fps) / abs(scale) * info.fps)
    return VideoPiece(str(path), first, last, offset, scale, neighbours=True, bounds=bounds, count=count)


def _image_piece(scene: Any, item: Shown, notes: list[str]) -> PicturePiece:
    """Missing pictures are left out, as Blender leaves out placeholders, and told in `notes`; FieldsError for all."""
    strip, fps = item.strip, rate(scene)
    names = [element.filename for element in strip.elements]
    last_number = len(names) - 1 - trim_end(strip)
    paths, times, previous = [], [], None
    missing: dict[str, FieldsError] = {}
    frames = range(item.first, item.last)
    for frame, index in zip(frames, source_indices(strip, frames, 1.0), strict=True):
        number = min(int(index), last_number)
        if number != previous:  # a frame that is held is one picture
            try:
                paths.append(str(file_of(scene, strip, strip.directory, names[number])))
                times.append(to_seconds(frame, fps))
            except FieldsError as error:
                missing[names[number]] = error
        previous = number
    if missing and not paths:
        raise next(iter(missing.values()))
    if missing:
        first = next(iter(missing))
        notes.append(
            Note(
                "Pictures of “{name}” that are missing, left out: {count}, from {first} on.",
                name=strip.name,
                count=len(missing),
                first=first,
            )
        )
    return PicturePiece(tuple(paths), tuple(times))


def file_of(scene: Any, strip: Any, path: str, name: str = "") -> Path:
    """Where a file of a strip is. Raises FieldsError when it is not there."""
    absolute = Path(bpy.path.abspath(path, library=scene.library), name)
    if not absolute.is_file():
        raise FieldsError(
            "{path} is not where the strip “{name}” says. Use File > External Data > Find Missing Files, or choose the "
            "file again in the strip's Source panel.",
            path=absolute,
            name=strip.name,
        )
    return absolute
