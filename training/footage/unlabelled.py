"""Unlabelled pictures and videos in a folder -> training data for the consistency losses.

    python -m training.footage.unlabelled FOLDER --out data/unlabelled
    python -m training.encode --extra data/unlabelled
    python -m training.train --extra data/unlabelled

Every picture goes through the front end twice, as it is and slightly degraded (its twin); the network must give the
same controls for both. Controls, points and gaps are NaN (unknown). Each picture counts as another person, each video
as one person. Files that can't be read are reported and left out.
"""

from collections.abc import Iterator
from pathlib import Path

from fields_blender.capture.clip import Clip, open_stills, open_video
from fields_blender.capture.video import PICTURES
from fields_blender.core.errors import FieldsError

from .rows import UNLABELLED, Row, arguments, generator, rows_of, write

VIDEOS = {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg"}


def clips(folder: Path) -> Iterator[tuple[Clip, bool]]:
    """(clip, stills): one clip of stills for each folder with pictures, and one for each video.

    Raises FieldsError where there are neither.
    """
    if not folder.is_dir():
        raise FieldsError("There is no folder at {folder}. Check the path.", folder=folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    albums = sorted({path.parent for path in files if path.suffix.lower() in PICTURES})
    videos = [path for path in files if path.suffix.lower() in VIDEOS]
    if not albums and not videos:
        raise FieldsError(
            "No picture and no video lies in {folder}. Choose the folder that they are in.", folder=folder
        )
    for album in albums:
        yield open_stills(album), True
    for video in videos:
        try:
            yield open_video(video), False
        except FieldsError as error:
            print(f"Left out: {error}", flush=True)


def read(folder: Path, models: Path, rate: float) -> Iterator[tuple[Row, Row | None]]:
    """Rows with their twins for everything in a folder."""
    rng, person = generator(), 0
    for clip, stills in clips(folder):
        try:
            for _, row, twin in rows_of(clip, models, person, UNLABELLED, rate, rng, stills):
                yield row, twin
        except FieldsError as error:
            print(f"Left out: {error}", flush=True)
        for note in clip.notes:
            print(note, flush=True)
        person += clip.count if stills else 1


def main() -> None:
    parser = arguments(__doc__, "folder of pictures and videos", "data/unlabelled")
    options = parser.parse_args()
    try:
        count = write(options.out, read(options.folder, options.models, options.rate))
    except FieldsError as error:
        raise SystemExit(str(error)) from None
    if count == 0:
        raise SystemExit(f"No face was found in {options.folder}, so nothing was written.")
    print(f"{count} rows written to {options.out}. Now encode them and train with them:")
    print(f"python -m training.encode --extra {options.out}; python -m training.train --extra {options.out}")


if __name__ == "__main__":
    main()
