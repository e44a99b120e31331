"""The command line: video in, Track and Live Link Face CSV out; recordings converted. No Blender needed."""

import argparse
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from .capture import actor
from .capture.actor import Actor
from .capture.clip import Clip, open_pictures, open_stills, open_video
from .capture.journal import Keep
from .capture.solve import Progress, capture, meet
from .capture.video import PICTURES
from .capture.watch import EndedEarly
from .core import track
from .core.errors import FieldsError
from .core.files import check_writable
from .core.paths import MODELS
from .core.track import Track
from .exchange import convert, livelink
from .interruption import noted, save, unfinished

OK, FAILED, USAGE, NO_FACE, INTERRUPTED = 0, 1, 2, 3, 130
# What a shell says of a process that a signal ended: this plus the signal's number.
BY_SIGNAL = 128

EXAMPLES = """\
examples:
  python -m fields_blender capture take1.mp4 -o take1.npz
      the whole clip; take1.npz can be loaded in Blender's FIELDS tab and baked onto any head
  python -m fields_blender capture take1.mp4 -o take1.npz --csv take1.csv --start 2.5 --end 10
      from 2.5 s to 10 s of the file, with a CSV for tools that read Live Link Face recordings
  python -m fields_blender capture two_people.mp4 -o right.npz --face 0.5,0,1,1
      follow the face in the right half of the picture
  python -m fields_blender capture reference_photos/ -o poses.npz --csv poses.csv --stills
      every picture of a folder on its own: one row a picture, in file-name order
  python -m fields_blender capture angry_scene.mp4 -o angry.npz --rest neutral.jpg --save-actor ann.npz
      expressions relative to the face in neutral.jpg, which is kept for the other clips of the same person
  python -m fields_blender capture next_scene.mp4 -o next.npz --actor ann.npz
      with the face at rest as it was kept
  python -m fields_blender capture take1.mp4 -o take1.npz --resume
      go on where a capture of take1.mp4 was cut off, whatever by; from the beginning if none was

exit codes:
  0 done    1 it can't be done, the sentence on stderr says why    2 the command itself is wrong
  3 no face was found in any frame (the files are written, without a face in them)
  130 interrupted with Ctrl-C, 143 by SIGTERM (what was captured until then is saved; --resume goes on from there)
"""


def main(argv: list[str] | None = None, prog: str = "python -m fields_blender") -> int:
    """Run the command line with `argv` (default: the process's own); returns the exit code."""
    try:
        arguments = _parser(prog).parse_args(argv)
    except SystemExit as stop:  # argparse ends the process; a host like Blender wants the code
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        if arguments.verb == "convert":
            convert.run(arguments)
            return OK
        return _capture(arguments)
    except FieldsError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="FIELDS Facial Capture: from video to facial animation, without Blender.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="capture or convert")
    verb = verbs.add_parser(
        "capture",
        help="capture a video, or with --stills a folder of pictures",
        description="Capture the face in a video (or in each picture of a folder) into a Track.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.add_argument("source", type=Path, metavar="VIDEO", help="a video file; a folder of pictures with --stills")
    verb.add_argument("-o", "--output", type=_npz, required=True, metavar="TRACK.npz", help="the Track to write")
    verb.add_argument("--csv", type=Path, metavar="LIVELINK.csv", help="also write a Live Link Face CSV (63 columns)")
    verb.add_argument("--start", type=_seconds, metavar="S", help="begin at this second of the file")
    verb.add_argument("--end", type=_seconds, metavar="S", help="end before this second of the file")
    verb.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="auto (default): CUDA where there is one"
    )
    verb.add_argument(
        "--face",
        type=_face,
        default="largest",
        metavar="WHICH",
        help="of several faces: largest (default), first, or the one in the box x0,y0,x1,y1 (0..1 of the picture's "
        "width and height, from its top left corner)",
    )
    verb.add_argument(
        "--resume",
        action="store_true",
        help="go on where a capture with this output was cut off, by a crash, a loss of power or Ctrl-C: what it had "
        "found is beside the output, in TRACK.npz.capture",
    )
    verb.add_argument("--stills", action="store_true", help="VIDEO is a folder of pictures, each on its own")
    _add_person(verb)
    convert.add(verbs)
    return parser


def _add_person(verb: argparse.ArgumentParser) -> None:
    """Who is in the footage: expressions are read relative to their face at rest."""
    group = verb.add_argument_group("the person", "Expressions are read relative to the person's face at rest.")
    known = group.add_mutually_exclusive_group()
    known.add_argument(
        "--rest",
        type=_rest,
        metavar="WHEN|FILE",
        help="where the face is at rest: at a second of the file (2.5), from one to another (2.5-3.0), or in another "
        "file of the same person: a picture, a folder of pictures or a video. Without it, the quietest frames count",
    )
    known.add_argument("--actor", type=_npz, metavar="ACTOR.npz", help="the person, as --save-actor wrote them")
    known.add_argument("--same-person", action="store_true", help="all pictures of --stills show the same person")
    group.add_argument("--save-actor", type=_npz, metavar="ACTOR.npz", help="keep the person, for their other clips")


def _rest(text: str) -> tuple[float, float] | Path:
    """Seconds (from, to), or the file that shows the face at rest."""
    first, dash, last = text[1:].partition("-")  # a dash in front is no time, and no file that anybody means
    try:
        start = float(text[:1] + first)
        end = float(last) if dash else start
    except ValueError:
        return Path(text)
    if not 0 <= start <= end < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is not a second, or one and a later one, such as 2.5-3.0")
    return start, end


def _npz(text: str) -> Path:
    if not text.lower().endswith(".npz"):
        raise argparse.ArgumentTypeError(f"“{text}” must end in .npz")
    return Path(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of seconds")
    return seconds


def _face(text: str) -> str | tuple[float, float, float, float]:
    if text in ("largest", "first"):
        return text
    try:
        x0, y0, x1, y1 = (float(number) for number in text.split(","))
    except ValueError:
        x0 = y0 = x1 = y1 = -1.0
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise argparse.ArgumentTypeError(
            f"“{text}” must be largest, first, or a box x0,y0,x1,y1 between 0 and 1, such as 0.5,0,1,1"
        )
    return x0, y0, x1, y1


def _capture(arguments: argparse.Namespace) -> int:
    clip = _open(arguments)
    _check_outputs(arguments)
    began = time.monotonic()
    so_far = unfinished(arguments.output)
    with noted() as interrupted:
        settings = {"device": arguments.device, "choose": arguments.face, "stills": arguments.stills}
        try:
            settings |= _person(arguments, lambda: bool(interrupted))
            settings["keep"] = Keep(so_far, resume=arguments.resume)
            result = _run(capture(clip, MODELS, stop=lambda: bool(interrupted), **settings), sys.stderr)
        except FieldsError:
            if not interrupted:
                raise
            print("Interrupted before the first frame: nothing was written.", file=sys.stderr)
            return BY_SIGNAL + interrupted[0]
    seconds = time.monotonic() - began
    early = interrupted or any(isinstance(note, EndedEarly) for note in clip.notes)
    if arguments.stills:
        result = _with_unread(result, int(result.time[-1]) + 1 if early else clip.count)
    if wrong := save(result, arguments.output):
        print(wrong, file=sys.stderr)
        return FAILED
    if not early:
        so_far.unlink(missing_ok=True)
    _write_more(result, arguments)
    for note in clip.notes:
        print(note, file=sys.stderr)
    print(_summary(result, seconds, arguments))
    if early:
        which = f"what was captured until then, {len(result)} frames, is saved. --resume goes on from there"
        print(f"{'Interrupted' if interrupted else 'Ended early'}: {which}.", file=sys.stderr)
        return BY_SIGNAL + interrupted[0] if interrupted else FAILED
    if not result.found.any():
        print(
            f"No face was found in {arguments.source.name}. Is there one, upright, lit and at least 40 pixels wide?",
            file=sys.stderr,
        )
        return NO_FACE
    return OK


def _write_more(result: Track, arguments: argparse.Namespace) -> None:
    if arguments.csv:
        livelink.write(result, arguments.csv)
    if arguments.save_actor:  # last: a clip may not say who this is, and the performance is kept all the same
        actor.save(actor.of_track(result, arguments.source.stem), arguments.save_actor)


def _person(arguments: argparse.Namespace, stop: Callable[[], bool]) -> dict[str, Any]:
    """The settings of `capture` that say who is in the footage."""
    if arguments.actor:
        return {"actor": actor.load(arguments.actor)}
    if isinstance(arguments.rest, Path):
        footage, name = _footage(arguments.rest), arguments.rest.stem
        return {"actor": _drained(meet(footage, MODELS, name, arguments.device, stop=stop))}
    if arguments.same_person and not arguments.stills:
        raise FieldsError("--same-person is for --stills: a video shows one person anyway.")
    if arguments.rest and arguments.stills:
        raise FieldsError("--rest names a second of a video. With --stills, name a picture of the face at rest.")
    return {"rest": arguments.rest, "same_person": arguments.same_person}


def _footage(path: Path) -> Clip:
    """A picture, a folder of pictures or a video."""
    if path.is_dir():
        return open_stills(path)
    if path.suffix.lower() in PICTURES:
        return open_pictures([path])
    return open_video(path)


def _drained(work: Generator[Progress, None, Actor]) -> Actor:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def _open(arguments: argparse.Namespace) -> Clip:
    source: Path = arguments.source
    try:
        source.stat()
    except OSError as error:
        raise FieldsError("There is no {path} ({why}). Check the path.", path=source, why=error.strerror) from None
    if arguments.stills:
        if arguments.start is not None or arguments.end is not None:
            raise FieldsError("--start and --end are seconds of a video; leave them out with --stills.")
        return open_stills(source)
    if source.is_dir():
        raise FieldsError("{path} is a folder. Add --stills to capture each of its pictures on its own.", path=source)
    if arguments.start is not None and arguments.end is not None and arguments.start >= arguments.end:
        raise FieldsError("--start {start:g} is not before --end {end:g}.", start=arguments.start, end=arguments.end)
    return open_video(source, arguments.start, arguments.end)


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raises FieldsError before the long work, not after it, when a file can't be written."""
    taken = [arguments.source.resolve()]
    for path in (arguments.output, arguments.csv, arguments.save_actor):
        if path is None:
            continue
        check_writable(path)
        if path.resolve() in taken:
            raise FieldsError(
                "{path} can't be written: it is the video itself or named twice. Name another file.", path=path
            )
        taken.append(path.resolve())


def _run(work: Generator[Progress, None, Track], out: TextIO) -> Track:
    """Run the capture. Shows a progress bar on a terminal, a line for every tenth elsewhere."""
    began, shown, terminal = time.monotonic(), -1, out.isatty()
    try:
        while True:
            progress = next(work)
            share = progress.done / progress.total if progress.total else 0.0
            step = int(share * (200 if terminal else 10))
            if step <= shown and progress.total:
                continue
            shown = step
            bar = f"[{'#' * int(share * 30):30s}] " if terminal else ""
            rate = progress.done / max(time.monotonic() - began, 1e-6)
            text = f"{bar}{share:4.0%}  {progress.done}/{progress.total} frames  {rate:.0f} fps"
            print(f"\r{text}" if terminal else text, end="" if terminal else "\n", file=out, flush=True)
    except StopIteration as done:
        return done.value
    finally:
        work.close()
        if terminal and shown >= 0:
            print(file=out)


def _with_unread(result: Track, count: int) -> Track:
    """`result` with a row for each of `count` pictures: those that could not be read have no face."""
    whole = track.empty(np.arange(count, dtype=np.float64), result.card, result.source)
    rows = np.searchsorted(whole.time, result.time)
    for name, values in result.groups.items():
        whole.groups[name][rows] = values
    return whole


def _summary(result: Track, seconds: float, arguments: argparse.Namespace) -> str:
    gaps = int((~result.found).sum())
    unit = "pictures" if arguments.stills else "frames"
    rate = len(result) / max(seconds, 1e-6)
    written = ", ".join(str(path) for path in (arguments.output, arguments.csv, arguments.save_actor) if path)
    return f"{len(result)} {unit}, {gaps} without a face, {rate:.0f} fps on {result.source.get('device')}: {written}"


if __name__ == "__main__":
    # An output that can't encode every letter of a path is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore[reportAttributeAccessIssue]
    sys.exit(main())
