"""A folder of pictures or videos of which nothing is known -> training data for the consistency terms alone.

    python -m training.unlabelled FOLDER --out data/unlabelled
    python -m training.encode --extra data/unlabelled
    python -m training.train --extra data/unlabelled

Every picture goes through the front end twice, as it is and made a little worse (its twin); what the network reads in
the two must agree. Controls, points and gaps are NaN: not known. Each picture counts as another person; each video as
one. Files that cannot be read are named and left out.
"""

from collections.abc import Iterator
from pathlib import Path

from fields_blender.capture.clip import Clip, open_stills, open_video
from fields_blender.capture.video import PICTURES
from fields_blender.core.errors import FieldsError

from .flame.footage import UNLABELLED, Row, arguments, generator, rows_of, write

VIDEOS = {".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg"}


def clips(folder: Path) -> Iterator[tuple[Clip, bool]]:
    """(clip, stills) of all pictures directly in a folder, and of each video in it or below.

    Raises FieldsError where there are neither.
    """
    if not folder.is_dir():
        raise FieldsError(f"There is no folder at {folder}. Check the path.")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    places = sorted({path.parent for path in files if path.suffix.lower() in PICTURES})
    videos = [path for path in files if path.suffix.lower() in VIDEOS]
    if not places and not videos:
        raise FieldsError(f"No picture and no video lies in {folder}. Choose the folder that they are in.")
    for place in places:
        yield open_stills(place), True
    for video in videos:
        try:
            yield open_video(video), False
        except FieldsError as error:
            print(f"Left out: {error}", flush=True)


def read(folder: Path, models: Path, rate: float) -> Iterator[tuple[Row, Row | None]]:
    """Rows with their twins of everything in a folder."""
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
        raise SystemExit(f"No face was found in anything in {options.folder}, so nothing was written.")
    print(f"{count} rows written to {options.out}. Encode them and train with them, each time with this option:")
    print(f"python -m training.encode --extra {options.out}; python -m training.train --extra {options.out}")


if __name__ == "__main__":
    main()
