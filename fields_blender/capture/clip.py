"""A Clip: which frames of which files, and when they happened; and the stream of those frames."""

import math
import os
import queue
import re
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import FieldsError
from .video import PICTURES, SAME_TIME, decode, decode_backwards, probe, read_picture

# Frames decoded ahead of whoever uses them: enough to smooth over slow frames, little memory even at 4K.
AHEAD = 4
# Frames are looked for this many seconds around the wanted ones, so that the neighbours outside are found too.
NEIGHBOURS = 0.5


@dataclass(frozen=True)
class Frame:
    """`index`: counts the clip's frames from 0. `time`: s. `image`: (h, w, 3) uint8 BGR, upright.

    `cut`: nothing is known of the frame before, so a face must not be followed from there.
    """

    index: int
    time: float
    image: np.ndarray
    cut: bool


@dataclass(frozen=True)
class VideoPiece:
    """The frames of a video file with `first` <= time < `last`, where time = `offset` + `scale` x time stamp (s).

    A negative `scale` plays backwards; frames are delivered in rising time either way. With `neighbours` also the frame
    before `first` (unless one is exactly there) and the first at or after `last`, so that whoever interpolates between
    `first` and `last` finds a frame on both sides. No time leaves `bounds`: a neighbour beyond is put on the bound.
    """

    path: str
    first: float
    last: float
    offset: float = 0.0
    scale: float = 1.0
    neighbours: bool = False
    bounds: tuple[float, float] = (-math.inf, math.inf)
    count: int = 0  # frames to expect

    def read(self, notes: list[str]) -> Iterator[tuple[float, np.ndarray, bool]]:
        """(time, picture, cut), times rising."""
        times = []
        for time, image in _between(self._timed(), self.first, self.last, self.neighbours):
            cut, times = not times, [*times[:1], time]
            yield min(max(time, self.bounds[0]), self.bounds[1]), image, cut
        self._note_missing(times[-1] - times[0] if times else 0.0, notes)

    def _timed(self) -> Iterator[tuple[float, np.ndarray]]:
        begin = (self.first - self.offset) / self.scale
        if self.scale > 0:
            stream = decode(self.path, max(begin - NEIGHBOURS, 0.0))
        else:
            stream = decode_backwards(self.path, begin + NEIGHBOURS)
        for stamp, image in stream:
            yield self.offset + self.scale * stamp, image

    def _note_missing(self, covered: float, notes: list[str]) -> None:
        """Say so when the frames span clearly less than what the file's own length promises."""
        info = probe(self.path)
        begin, end = sorted((self.offset, self.offset + self.scale * info.duration))
        missing = min(self.last, end) - max(self.first, begin) - covered - abs(self.scale) / info.fps
        if missing > 0.5:
            notes.append(
                f"{missing / abs(self.scale):.1f} s of {Path(self.path).name} can't be decoded and are left out: the "
                "file looks cut off or damaged. Copy it again from its source."
            )


@dataclass(frozen=True)
class PicturePiece:
    """Picture files with their times (s, rising). `stills`: each is on its own, a cut before every one."""

    paths: tuple[str, ...]
    times: tuple[float, ...]
    stills: bool = False

    @property
    def count(self) -> int:
        return len(self.paths)

    def read(self, notes: list[str]) -> Iterator[tuple[float, np.ndarray, bool]]:
        cut = True
        for path, time in zip(self.paths, self.times, strict=True):
            image = read_picture(path)
            if image is None:
                name = Path(path).name
                notes.append(f"{name} can't be read as a picture and is skipped. Save it again as PNG or JPEG.")
                continue
            yield time, image, cut
            cut = self.stills


@dataclass(frozen=True)
class Clip:
    """What to capture: pieces one after another in time, a cut before each.

    `source`: where it came from, for `Track.source`. `notes`: sentences for the artist about what could not be read;
    filled while `frames` runs. `folder`: pictures made for this clip, deleted by `close` (or with the Clip).
    """

    pieces: tuple[VideoPiece | PicturePiece, ...]
    source: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    folder: Any = None  # tempfile.TemporaryDirectory

    @property
    def count(self) -> int:
        """Frames to expect; exact for pictures, the files' own word for videos."""
        return sum(piece.count for piece in self.pieces)

    def close(self) -> None:
        if self.folder is not None:
            self.folder.cleanup()


def open_video(path: str | os.PathLike[str], start: float | None = None, end: float | None = None) -> Clip:
    """The frames of a video file with `start` <= time stamp < `end`, in seconds of the file.

    Raises FieldsError for a file that can't be decoded and for an empty or impossible stretch.
    """
    path = Path(path)
    info = probe(path)
    first, last = start or 0.0, math.inf if end is None else end
    if first < 0 or last <= first:
        raise FieldsError(
            f"Between {first:g} s and {last:g} s there is nothing. Give a start of 0 or more, and a later end."
        )
    if info.duration and first >= info.duration:
        raise FieldsError(f"{path.name} is {info.duration:.2f} s long, so nothing starts at {first:g} s.")
    length = max(min(last, info.duration) - first, 0.0)
    piece = VideoPiece(str(path.absolute()), first, last, count=max(round(length * info.fps), 1))
    return Clip((piece,), {"video": path.name, "start": first, "end": end, "fps": info.fps})


def open_stills(folder: str | os.PathLike[str]) -> Clip:
    """The pictures of a folder in file-name order (2 before 10), each on its own; time = 0, 1, 2 ...

    Other files are skipped. Raises FieldsError where there is no folder or no picture in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FieldsError(f"There is no folder at {folder}. Check the path.")
    # Names with a dot in front are what macOS leaves beside the pictures on foreign disks.
    files = [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]
    paths = [path for path in files if path.suffix.lower() in PICTURES]
    if not paths:
        raise FieldsError(f"No picture lies in {folder}. FIELDS reads {', '.join(sorted(PICTURES))}.")
    paths.sort(key=lambda path: _natural(path.name))
    times = tuple(float(i) for i in range(len(paths)))
    piece = PicturePiece(tuple(str(path.absolute()) for path in paths), times, stills=True)
    return Clip((piece,), {"stills": [path.name for path in paths]})


def frames(clip: Clip) -> Generator[Frame, None, None]:
    """Stream a clip's frames in rising time. A thread decodes a few frames ahead; closing the generator ends it.

    Raises FieldsError when a file can't be read or when nothing at all could be decoded.
    """
    index, previous = 0, -math.inf
    for time, image, cut in _ahead(_read(clip)):
        if time <= previous:
            continue  # two pieces that meet may both have a frame there; the earlier piece's stands
        yield Frame(index, time, image, cut)
        index, previous = index + 1, time
    if index == 0:
        raise FieldsError("No frame could be read. " + (clip.notes[0] if clip.notes else "Choose a longer range."))


def _read(clip: Clip) -> Iterator[tuple[float, np.ndarray, bool]]:
    for piece in clip.pieces:
        yield from piece.read(clip.notes)


def _between(
    timed: Iterator[tuple[float, np.ndarray]], first: float, last: float, neighbours: bool
) -> Iterator[tuple[float, np.ndarray]]:
    """Those of a rising stream from `first` to before `last`, with the neighbours outside if wanted."""
    before = None
    for time, image in timed:
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


def _ahead(stream: Iterator[Any]) -> Iterator[Any]:
    """`stream`, computed by a thread up to AHEAD items before they are asked for."""
    ready: queue.Queue[tuple[str, Any]] = queue.Queue(maxsize=AHEAD)
    stop = threading.Event()

    def put(kind: str, item: Any) -> bool:
        while not stop.is_set():
            try:
                ready.put((kind, item), timeout=0.1)
                return True
            except queue.Full:
                pass
        return False

    def work() -> None:
        try:
            for item in stream:
                if not put("item", item):
                    break
            else:
                put("end", None)
        except BaseException as error:  # whatever it is belongs to the thread that waits for frames
            put("error", error)
        finally:
            stream.close()  # pyright: ignore[reportAttributeAccessIssue] - a generator: closes the file

    thread = threading.Thread(target=work, name="FIELDS decoder", daemon=True)
    thread.start()
    try:
        while True:
            kind, item = ready.get()
            if kind == "item":
                yield item
            elif kind == "error":
                raise item
            else:
                return
    finally:
        stop.set()
        thread.join()


def _natural(name: str) -> list[tuple[int, int | str]]:
    """Sort key that counts: picture 2 before picture 10."""
    return [(0, int(part)) if part.isdigit() else (1, part.lower()) for part in re.split(r"(\d+)", name) if part]
