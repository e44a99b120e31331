"""A performance from any file that this extension reads; the file itself says which kind it is."""

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import safe_npy, track
from ..core.errors import FieldsError, Note
from ..core.track import Track
from ..shape import blend
from . import audio2face_json, flame_sequence, livelink, phone_text, weight_arrays
from .arkit_names import MIN_NAMES, arkit_index
from .face_table import Reading
from .flame_files import PICKLES
from .text_files import read_start


@dataclass(frozen=True)
class Options(Reading):
    """How to read what a file does not say: see `Reading`. `axes` (k, 5023, 3): of the artist's FLAME release. `face`:
    which one, 1 the first, where several are in the recording.
    """

    axes: np.ndarray | None = None
    face: int = 1


def read(path: str | os.PathLike[str], options: Options | None = None, notes: list[Note] | None = None) -> Track:
    """The performance in a file, or in a folder of npy files. Raises FieldsError for anything else.

    What was taken for what, what was not used and what is missing is added to `notes`.
    """
    path, options, notes = Path(path), options or Options(), [] if notes is None else notes
    if path.is_dir() or path.suffix.lower() == ".npy":
        return _flame(path, options, notes)
    if safe_npy.is_npz(path) or path.suffix.lower() in PICKLES:
        return track.load(path) if _is_track(path) else _arrays(path, options, notes)
    start = read_start(path)
    if path.suffix.lower() == ".json" or start.lstrip().startswith(("{", "[")):
        return audio2face_json.read(path, options, notes)
    if phone_text.is_face_cap(start):
        return phone_text.read_face_cap(path, options, notes)
    if phone_text.is_ifacialmocap(start):
        return phone_text.read_ifacialmocap(path, options, notes)
    if _names_weights(start):
        return livelink.read(path, options, notes)
    raise FieldsError(
        "{file} is no recording of a face that can be read. Choose a CSV of Live Link Face, text of iFacialMocap or "
        "Face Cap, JSON of Audio2Face, npz or npy of FLAME or FIELDS.",
        file=path.name,
    )


def _arrays(path: Path, options: Options, notes: list[Note]) -> Track:
    made = weight_arrays.read(path, options, notes)
    return _flame(path, options, notes) if made is None else made


def _names_weights(start: str) -> bool:
    """Does one of the first lines name ARKit weights?"""
    return any(
        sum(arkit_index(name) is not None for name in re.split(r"[,;\t|]", line)) >= MIN_NAMES
        for line in start.splitlines()[:3]
    )


def _flame(path: Path, options: Options, notes: list[Note]) -> Track:
    if options.axes is None:
        raise FieldsError(
            "{file} holds FLAME coefficients, which mean something only with the FLAME model they were made with. "
            "Choose your own FLAME model file under FIELDS > Import and Export, then import again.",
            file=path.name,
        )
    return flame_sequence.read(path, options.axes, options.fps, options.face, notes)


def _is_track(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return {"meta.npy", "uncertainty.npy", "valence_arousal.npy"} & set(archive.namelist()) != set()
    except track.UNREADABLE:
        return False


def starting_at(performance: Track, seconds: float) -> Track:
    """The performance with its first row at `seconds` of the scene's timeline."""
    shift = seconds - performance.time[0] if len(performance) else 0.0
    return blend.moved(performance, shift) if shift else performance
