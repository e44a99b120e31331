"""A Clip: which frames of which files are to be captured, and their times; and the stream of those frames."""

import math
import os
import queue
import re
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..core.arrays import Image
from ..core.errors import FieldsError, Note
from .video import PICTURES, SAME_TIME, SizeChanged, decode, decode_backwards, probe, read_picture

# Frames decoded in advance: enough to smooth over slow frames, little memory even at 4K.
AHEAD = 4
# Decoding starts this many seconds before the first wanted frame, so that the neighbour outside is found too.
NEIGHBOURS = 0.5

POLL = 0.1  # s between two looks whether a frame that does not come is still wanted
PATIENCE = 1.0  # s in which a decoder can end in order

# What pieces stream: time (s), picture, cut (see `Frame`).
Timed = tuple[float, Image, bool]


@dataclass(frozen=True)
class Frame:
    """`index`: counts the clip's frames from 0. `time`: s. `image`: (h, w, 3) uint8 BGR, upright.

    `cut`: this frame does not continue the one before, so a face must not be followed from there.
    """

    index: int
    time: float
    image: Image
    cut: bool


@dataclass(frozen=True)
class VideoPiece:
    """The frames of a video file with `first` <= time < `last`, where time = `offset` + `scale` x time stamp (s).

    A negative `scale` plays backwards; times rise either way. With `neighbours`, the frame before `first` (unless one
    is exactly there) and the first at or after `last` are delivered too, so that values can be interpolated all the way
    from `first` to `last`. A neighbour outside `bounds` is moved to the bound.
    """

    path: str
    first: float
    last: float
    offset: float = 0.0
    scale: float = 1.0
    neighbours: bool = False
    bounds: tuple[float, float] = (-math.inf, math.inf)
    count: int = 0  # frames to expect

    def read(self, notes: list[str]) -> Iterator[Timed]:
        """The frames; times rise. Adds to `notes` what could not be read."""
        begin = end = None
        try:
            for time, image in _between(self._decoded(), self.first, self.last, self.neighbours):
                cut = begin is None
                begin, end = time if begin is None else begin, time
                yield min(max(time, self.bounds[0]), self.bounds[1]), image, cut
        except SizeChanged as error:
            notes.append(Note(error.sentence, **error.values))
            return
        self._note_missing(0.0 if begin is None or end is None else end - begin, notes)

    def _decoded(self) -> Iterator[tuple[float, Image]]:
        begin = (self.first - self.offset) / self.scale
        if self.scale > 0:
            stream = decode(self.path, max(begin - NEIGHBOURS, 0.0))
        else:
            stream = decode_backwards(self.path, begin + NEIGHBOURS)
        for stamp, image in stream:
            yield self.offset + self.scale * stamp, image

    def _note_missing(self, covered: float, notes: list[str]) -> None:
        """Add a note if the frames cover (s) clearly less than the file claims to hold."""
        info = probe(self.path)
        begin, end = sorted((self.offset, self.offset + self.scale * info.duration))
        missing = min(self.last, end) - max(self.first, begin) - covered - abs(self.scale) / info.fps
        if missing > 0.5:
            notes.append(
                Note(
                    "The last {seconds:.1f} s of {file} have no picture and are left out. Its sound may be longer than "
                    "its picture; if not, copy the file again from its source.",
                    seconds=missing / abs(self.scale),
                    file=Path(self.path).name,
                )
            )


@dataclass(frozen=True)
class PicturePiece:
    """Picture files with their times (s, rising). `stills`: each stands alone, with a cut before it."""

    paths: tuple[str, ...]
    times: tuple[float, ...]
    stills: bool = False

    @property
    def count(self) -> int:
        return len(self.paths)

    def read(self, notes: list[str]) -> Iterator[Timed]:
        """The pictures. Adds to `notes` what could not be read."""
        cut = True
        for path, time in zip(self.paths, self.times, strict=True):
            image = read_picture(path)
            if image is None:
                name = Path(path).name
                notes.append(
                    Note("{file} can't be read as a picture and is skipped. Save it again as PNG or JPEG.", file=name)
                )
                continue
            yield time, image, cut
            cut = self.stills


@dataclass(frozen=True)
class Clip:
    """What to capture: pieces in order of time, with a cut before each.

    `source`: where it came from, for `Track.source`. `notes`: sentences for the artist about what could not be read,
    added while `frames` runs. `folder`: pictures rendered for this clip, deleted by `close` (or with the Clip).
    """

    pieces: tuple[VideoPiece | PicturePiece, ...]
    source: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    folder: Any = None  # tempfile.TemporaryDirectory

    @property
    def count(self) -> int:
        """Frames to expect: exact for pictures, what the file claims for videos."""
        return sum(piece.count for piece in self.pieces)

    def close(self) -> None:
        if self.folder is not None:
            self.folder.cleanup()


def open_video(path: str | os.PathLike[str], start: float | None = None, end: float | None = None) -> Clip:
    """The frames of a video file with `start` <= time stamp < `end`, in seconds of the file.

    Raises FieldsError for a file that can't be decoded and for an empty or impossible range.
    """
    path = Path(path)
    info = probe(path)
    first, last = start or 0.0, math.inf if end is None else end
    if first < 0 or last <= first:
        raise FieldsError(
            "Between {first:g} s and {last:g} s there is nothing. Give a start of 0 or more, and a later end.",
            first=first,
            last=last,
        )
    if info.duration and first >= info.duration:
        raise FieldsError(
            "{file} is {duration:.2f} s long, so nothing starts at {first:g} s.",
            file=path.name,
            duration=info.duration,
            first=first,
        )
    length = max(min(last, info.duration) - first, 0.0)
    piece = VideoPiece(str(path.absolute()), first, last, count=max(round(length * info.fps), 1))
    return Clip((piece,), {"video": path.name, "start": first, "end": end, "fps": info.fps})


def open_stills(folder: str | os.PathLike[str]) -> Clip:
    """The pictures of a folder in file-name order (2 before 10), each standing alone; time = 0, 1, 2 ...

    Skips other files. Raises FieldsError when there is no folder or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FieldsError("There is no folder at {path}. Check the path.", path=folder)
    # macOS leaves files whose names begin with a dot beside the pictures on other disks.
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    paths = [path for path in files if path.suffix.lower() in PICTURES]
    if not paths:
        raise FieldsError(
            "No picture lies in {path}. FIELDS reads {formats}.", path=folder, formats=", ".join(sorted(PICTURES))
        )
    return open_pictures(sorted(paths, key=lambda path: _natural_order(path.name)))


def open_pictures(paths: Sequence[Path]) -> Clip:
    """Picture files in the given order, each standing alone; time = 0, 1, 2 ...

    Raises FieldsError when one is missing. Those that are no pictures are skipped while the Clip is read.
    """
    for path in paths:
        if not path.is_file():
            raise FieldsError("There is no file {path}. Check the path.", path=path)
    times = tuple(float(i) for i in range(len(paths)))
    piece = PicturePiece(tuple(str(path.absolute()) for path in paths), times, stills=True)
    return Clip((piece,), {"stills": [path.name for path in paths]})


def later(clip: Clip, time: float) -> Clip:
    """The part of a clip from `time` on, to go on with a capture: at most a few frames before it are delivered."""
    pieces: list[VideoPiece | PicturePiece] = []
    for piece in clip.pieces:
        if isinstance(piece, VideoPiece):
            if piece.last > time or piece.neighbours:
                pieces.append(replace(piece, first=max(piece.first, time)))
            continue
        which = [i for i, when in enumerate(piece.times) if when >= time]
        if which:
            paths, times = (tuple(part[i] for i in which) for part in (piece.paths, piece.times))
            pieces.append(replace(piece, paths=paths, times=times))
    return replace(clip, pieces=tuple(pieces))


def described(clip: Clip) -> list[dict[str, Any]]:
    """What `clip` is to be read from, as JSON can hold it: two that are alike give the same frames."""
    found = []
    for piece in clip.pieces:
        files = [piece.path] if isinstance(piece, VideoPiece) else [*piece.paths[:1], *piece.paths[-1:]]
        sizes = [Path(file).stat().st_size if Path(file).is_file() else 0 for file in files]
        found.append({**vars(piece), "sizes": sizes})
    return found


def frames(clip: Clip, stop: Callable[[], bool] = lambda: False) -> Generator[Frame, None, None]:
    """Stream a clip's frames in rising time. A thread decodes a few frames in advance; closing the generator ends it.

    Once `stop()` is true it ends, also while a frame is waited for that does not come. Raises FieldsError when a file
    can't be read or when no frame at all could be decoded.
    """
    index, previous = 0, -math.inf
    for time, image, cut in _prefetched(_read(clip), stop):
        if time <= previous:
            continue  # two pieces that meet may both have a frame there: the earlier one counts
        yield Frame(index, time, image, cut)
        index, previous = index + 1, time
    if index > 0 or stop():
        return
    if clip.notes:
        raise FieldsError("No frame could be read. {why}", why=clip.notes[0])
    raise FieldsError("No frame could be read. Choose a longer range.")


def _read(clip: Clip) -> Generator[Timed, None, None]:
    for piece in clip.pieces:
        yield from piece.read(clip.notes)


def _between(
    stream: Iterator[tuple[float, Image]], first: float, last: float, neighbours: bool
) -> Iterator[tuple[float, Image]]:
    """The part of a stream of rising times from `first` to before `last`, with the neighbours outside if wanted."""
    before = None
    for time, image in stream:
        if time < first - SAME_TIME:
            before = (time, image)
            continue
        if neighbours and before is not None and time > first + SAME_TIME:
            yield before
        before = None
        if time < last - SAME_TIME:
            yield time, image
        else:
            if neighbours:
                yield time, image
            return
    if neighbours and before is not None:
        yield before


def _prefetched(stream: Generator[Timed, None, None], wanted: Callable[[], bool]) -> Iterator[Timed]:
    """`stream`, computed by a thread up to AHEAD items in advance; ends when `wanted()` is true and none is ready.

    A thread that hangs, in a codec or on a network disk, is left to itself.
    """
    items: queue.Queue[Timed | _End] = queue.Queue(maxsize=AHEAD)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(stream, items, stop), name="FIELDS decoder", daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = items.get(timeout=POLL)
            except queue.Empty:
                if wanted():
                    return
                continue
            if not isinstance(item, _End):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return
    finally:
        stop.set()
        thread.join(PATIENCE)


@dataclass(frozen=True)
class _End:
    """The last item of the queue of `_prefetched`: how the stream ended."""

    error: BaseException | None = None


def _fill(stream: Generator[Timed, None, None], items: "queue.Queue[Timed | _End]", stop: threading.Event) -> None:
    """Put the items of `stream` into the queue, then an `_End`, until `stop`. Closes the stream, and so its file."""
    try:
        for item in stream:
            if not _put(items, item, stop):
                return
        _put(items, _End(), stop)
    except BaseException as error:  # raised again in the thread that waits for frames
        _put(items, _End(error), stop)
    finally:
        stream.close()


def _put(items: "queue.Queue[Timed | _End]", item: "Timed | _End", stop: threading.Event) -> bool:
    """Wait until there is room in the queue. False if `stop` came first."""
    while not stop.is_set():
        try:
            items.put(item, timeout=0.1)
            return True
        except queue.Full:
            pass
    return False


def _natural_order(name: str) -> list[tuple[int, int | str]]:
    """Sort key that puts picture 2 before picture 10."""
    return [(0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", name) if part]
