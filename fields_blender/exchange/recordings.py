"""A performance from any file that this extension reads: which kind it is, the file itself says."""

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import safe_npy, track
from ..core.errors import FieldsError
from ..core.track import Track
from . import arkit_track, audio2face_json, flame_sequence, livelink, phone_text

KINDS = "CSV of Live Link Face, text of iFacialMocap or Face Cap, JSON of Audio2Face, npz or npy of FLAME or FIELDS"


@dataclass(frozen=True)
class Reading:
    """How to read what a file does not say: see `livelink.read`. `axes` (k, 5023, 3): of the artist's FLAME release."""

    unit: str = "automatic"
    flip_head: bool = False
    fps: float | None = None
    axes: np.ndarray | None = None


def read(path: str | os.PathLike[str], reading: Reading | None = None) -> Track:
    """The performance in a file, or in a folder of npy files. Raises FieldsError for anything else."""
    path, reading = Path(path), reading or Reading()
    if path.is_dir() or path.suffix.lower() == ".npy":
        return _flame(path, reading)
    if safe_npy.is_npz(path):
        return track.load(path) if _is_track(path) else _flame(path, reading)
    start = arkit_track.read_start(path)
    if path.suffix.lower() == ".json" or start.lstrip().startswith("{"):
        return audio2face_json.read(path, reading.fps)
    if phone_text.is_face_cap(start):
        return phone_text.read_face_cap(path, reading.flip_head)
    if phone_text.is_ifacialmocap(start):
        return phone_text.read_ifacialmocap(path, reading.flip_head, reading.fps)
    if "eyeblink" in start.lower():
        return livelink.read(path, reading.unit, reading.flip_head, reading.fps)
    raise FieldsError(f"{path.name} is no recording of a face that can be read. Choose a {KINDS}.")


def _flame(path: Path, reading: Reading) -> Track:
    if reading.axes is None:
        raise FieldsError(
            f"{path.name} holds FLAME coefficients, which mean something only with the FLAME model they were made "
            "with. Choose your own FLAME model file under FIELDS > Import and Export, then import again."
        )
    return flame_sequence.read(path, reading.axes, reading.fps)


def _is_track(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return {"meta.npy", "uncertainty.npy", "valence_arousal.npy"} & set(archive.namelist()) != set()
    except track.UNREADABLE:
        return False


def moved(performance: Track, seconds: float) -> Track:
    """The performance with its first row at `seconds` of the scene's timeline."""
    shift = seconds - performance.time[0]
    return Track(performance.time + shift, performance.groups, performance.card, performance.source)
