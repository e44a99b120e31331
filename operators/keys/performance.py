"""The performance of a head as its settings shape it. It is prepared once and kept while sliders move."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from ...fields_blender.core.timeline import to_frame
from ...fields_blender.core.track import Track
from ...fields_blender.shape import emotion
from ...fields_blender.shape.emotion import Emotion
from ...fields_blender.shape.shaping import Shaping
from ..common import timeline
from ..takes import track_store
from . import fcurves, shaping

# The performances prepared last, by stamp and settings. Two, because live updates compare a changed setting with what
# it was before. They hold no Blender data, so undo and loading a file can't invalidate them.
_kept: dict[tuple[str, str], Emotion] = {}
_cleaned: dict[tuple[str, str], Track] = {}
KEPT = 2


def prepared(head: bpy.types.Object, now: Shaping, track: Track | None = None) -> Emotion:
    """The performance despiked, smoothed, calibrated and corrected, before the intensity of its emotion is applied.

    `track`: the head's own, where the caller has it; else it is read, unless this was prepared a moment ago.
    """
    which = track_store.stamp(head), now.slow.to_json()
    if track is not None or which not in _kept:
        _keep(_kept, which, now.correct(cleaned(head, now, track)))
    return _kept[which]


def cleaned(head: bpy.types.Object, now: Shaping, track: Track | None = None) -> Track:
    """The performance despiked, smoothed and calibrated, without corrections. `track`: see `prepared`."""
    which = track_store.stamp(head), now.cleaning.to_json()
    if track is not None or which not in _cleaned:
        _keep(_cleaned, which, now.clean(track_store.load(head) if track is None else track))
    return _cleaned[which]


def _keep(store: dict[Any, Any], which: Any, made: Any) -> None:
    """Keep the latest few."""
    store.pop(which, None)
    while len(store) >= KEPT:
        del store[next(iter(store))]
    store[which] = made


def shaped(scene: bpy.types.Scene, head: bpy.types.Object, performance: Emotion, now: Shaping) -> Track:
    """A prepared performance with the emotion intensity of the head and the quick settings of `now` applied."""
    return now.finish(performance.at(intensity(head, performance, timeline.rate(scene))))


def played(scene: bpy.types.Scene, head: bpy.types.Object) -> Track:
    """The head's performance as its settings shape it, which is what gets keyed.

    Raises FieldsError when there is none or it can't be read.
    """
    now = shaping.of(scene, head)
    return shaped(scene, head, prepared(head, now), now)


def intensity(
    head: bpy.types.Object, performance: Emotion, rate: float, settings: Sequence[float] | None = None
) -> np.ndarray:
    """The emotion intensity at each moment (n,): the overall one times each emotion's own, animated or not.

    `settings`: both, in place of what the head has where they are not animated.
    """
    frames = to_frame(performance.track.time, rate)
    now, *balance = settings or (head.fields.emotion_intensity, *head.fields.emotion_balance)
    overall = _setting(head, "fields.emotion_intensity", 0, now, frames)
    each = [_setting(head, "fields.emotion_balance", i, x, frames) for i, x in enumerate(balance)]
    return np.clip(overall * performance.balance(np.stack(each, axis=1)), emotion.MIN_INTENSITY, emotion.MAX_INTENSITY)


def _setting(head: bpy.types.Object, path: str, index: int, value: float, frames: np.ndarray) -> np.ndarray:
    """A setting of the head at `frames` (n,), whole or not: from its F-curve, else (or where that is muted) `value`."""
    fcurve = fcurves.fcurve_of(head, path, index)
    if fcurve is None or fcurve.mute:
        return np.full(len(frames), value)
    return np.clip([fcurve.evaluate(frame) for frame in frames], emotion.MIN_INTENSITY, emotion.MAX_INTENSITY)
