"""An Actor: what is known of a person, named once and used in all clips of them: the face at rest, corrections."""

import base64
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..core.arrays import Floats
from ..core.errors import FieldsError
from ..core.files import check_packing, read_bytes, write_whole
from ..core.shown_text import shown_json
from ..core.track import UNREADABLE, Track

FORMAT = 1
MAX_BYTES = 4_000_000  # an Actor takes a few KB
# A face at rest whose probability of being neutral, read relative to the mean face of training, is lower than this
# shows a feeling.
NEUTRAL = 0.6


@dataclass(frozen=True)
class Actor:
    """`rest` (features,): the encoder's features of the face at rest, averaged over `count` frames or pictures.
    `encoder`: the sha256 of the encoder that made them; those of another encoder can't be compared with them.
    `corrections`: what was corrected in takes of the person, as JSON (shape/corrections.py).
    """

    name: str
    rest: Floats
    count: int
    encoder: str
    corrections: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Rest:
    """The face at rest that a performance was read relative to.

    `origin`: "actor", "chosen frames", "pictures", "quietest frames" or "mean face" (of training: nothing was known of
    the person). `features` (features,): of the encoder with the sha256 `encoder`. `count`: how many frames or pictures
    they are the mean of. `neutral` 0..1: the probability that this face is neutral, read relative to the mean face.
    `certainty` 0..1: how much it counted; the mean face counted for what is missing to 1.
    """

    origin: str
    features: Floats
    count: int
    neutral: float
    certainty: float
    encoder: str

    def to_data(self) -> dict[str, Any]:
        """As JSON can hold it, for `Track.source`."""
        packed = base64.b64encode(self.features.astype("<f2").tobytes()).decode("ascii")
        return {
            "origin": self.origin, "features": packed, "count": self.count, "neutral": round(self.neutral, 3),
            "certainty": round(self.certainty, 3), "encoder": self.encoder,
        }  # fmt: skip


def of_track(track: Track, name: str) -> Actor:
    """The person in a captured Track, called `name`. Raises FieldsError when it does not hold their face at rest."""
    data: Any = track.source.get("rest")
    try:
        features = np.frombuffer(base64.b64decode(data["features"], validate=True), "<f2").astype(np.float32)
        if data["origin"] == "mean face" or not np.isfinite(features).all():
            raise ValueError
        return Actor(name, features, max(int(data["count"]), 1), str(data["encoder"]))
    except (TypeError, KeyError, ValueError, AttributeError):
        raise FieldsError(
            "This take does not know the person's face at rest. Capture again, or make the actor from a frame or a "
            "photo."
        ) from None


def seems_without_neutral(track: Track) -> bool:
    """Do even the quietest frames of the clip show a feeling? Then naming the Actor helps."""
    data = track.source.get("rest")
    if not isinstance(data, dict) or data.get("origin") != "quietest frames":
        return False
    neutral = data.get("neutral")
    return isinstance(neutral, float) and neutral < NEUTRAL


def check(actor: Actor, card: dict[str, Any], features: int | None = None) -> None:
    """Raises FieldsError when an Actor was made with another encoder than that of `card` (`regressor.load_card`).

    `features`: how many that encoder has, where known.
    """
    if actor.encoder != card["networks"]["encoder"]["sha256"] or len(actor.rest) != (features or len(actor.rest)):
        raise FieldsError(
            "The actor “{name}” was made with another version of FIELDS. Make it again, from a frame or a photo.",
            name=actor.name,
        )


def save(actor: Actor, path: Path) -> None:
    """Write an Actor as npz. Raises FieldsError when it can't be written."""
    write_whole(path, dumps(actor))


def dumps(actor: Actor) -> bytes:
    """The bytes that `save` writes."""
    meta = {"format": FORMAT, "kind": "actor", "name": actor.name, "count": actor.count, "encoder": actor.encoder}
    if actor.corrections:
        meta["corrections"] = list(actor.corrections)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, meta=np.array(json.dumps(meta)), rest=actor.rest.astype(np.float32))
    return buffer.getvalue()


def load(path: Path) -> Actor:
    """Read an Actor. Nothing in the file is executed. Raises FieldsError when it holds none."""
    return loads(read_bytes(path, MAX_BYTES), path.name)


def loads(data: bytes, name: str) -> Actor:
    """Read an Actor from the bytes of `dumps`. `name`: what errors call them. Raises FieldsError as `load` does."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_packing(archive.infolist())
            if sum(entry.file_size for entry in archive.infolist()) > MAX_BYTES:
                raise ValueError("it is larger than an actor can be")
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            meta = shown_json(str(file["meta"]))
            if not isinstance(meta, dict) or meta.get("kind") != "actor" or meta.get("format") != FORMAT:
                raise ValueError("it is of another kind or version")
            rest = np.asarray(file["rest"]).astype(np.float32)
        corrections = tuple(each for each in meta.get("corrections", ()) if isinstance(each, dict))
        actor = Actor(str(meta["name"])[:200], rest, int(meta["count"]), str(meta["encoder"]), corrections)
        if rest.ndim != 1 or not np.isfinite(rest).all() or actor.count < 1:
            raise ValueError("its numbers are out of range")
    except UNREADABLE as error:
        raise FieldsError(
            "{file} holds no actor ({why}). Choose a .npz that FIELDS exported as an actor.",
            file=name,
            why=str(error)[:120],
        ) from None
    return actor
