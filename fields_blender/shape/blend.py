"""Two performances made one: blended, one part of the face from the other, or a stretch of time captured again."""

from dataclasses import replace

import numpy as np

from ..core.curves import HOLE, Curves, resample
from ..core.errors import FieldsError
from ..core.names import EXPRESSION, GROUPS
from ..core.rotation import slerp, to_quaternion, to_vector
from ..core.track import Track, encoder_of
from . import corrections

_UPPER = [i for i, name in enumerate(EXPRESSION) if name.startswith(("brow", "eye", "cheekSquint"))]
_LOWER = [i for i in range(len(EXPRESSION)) if i not in _UPPER]
_ALL = slice(None)
# Part of the face -> its groups, and which of their columns.
PARTS: dict[str, dict[str, list[int] | slice]] = {
    "WHOLE": dict.fromkeys(GROUPS, _ALL),
    "UPPER": {"expression": _UPPER, "eyelids": _ALL},
    "LOWER": {"expression": _LOWER, "jaw": _ALL},
    "GAZE": {"gaze": _ALL},
    "HEAD": {"head": _ALL, "translation": _ALL},
}
# At either end, old and recaptured frames cross-fade within this time (s).
FADE = 0.15


def blend(first: Track, second: Track, weight: float | np.ndarray, part: str = "WHOLE") -> Track:
    """`first` and `second` blended at the times of `first`: `weight`, a number or (n,), is the share of `second`, 0..1.

    `part`: one of PARTS; all else stays that of `first`. Where only one shows a face, that one is used alone (with a
    part of the face: `first` stays as it is). A weight of 0 leaves every number as it is. Raises FieldsError for
    anything else.
    """
    weight = np.asarray(weight, dtype=np.float64)
    if part not in PARTS or weight.shape not in ((), (len(first),)) or not ((weight >= 0) & (weight <= 1)).all():
        raise FieldsError("Two takes are blended by a share from 0 to 1. Choose another share.")
    weight = np.broadcast_to(weight, (len(first),))
    other = at_times(second, first.time)
    only_second = ~first.found & other.found & (weight > 0) & (part == "WHOLE")
    share = np.where(first.found & other.found, weight, only_second)
    groups = {}
    for name, values in first.groups.items():
        groups[name] = values
        if name in PARTS[part]:
            groups[name] = values.copy()
            columns = PARTS[part][name]
            groups[name][:, columns] = _mixed(name, values, other[name], share)[:, columns]
    code = first.code
    if code is not None and other.code is not None and _same_encoder(first, other):
        code = np.where(only_second[:, None], other.code, code)
    return replace(first, groups=groups, code=code)


def splice(old: Track, new: Track, fade: float = FADE) -> Track:
    """`old` with the recaptured `new` in its place, from the first moment of `new` to its last.

    The two cross-fade within `fade` s at those ends of `new` where `old` goes on. A moment without a face in `new`
    keeps what `old` has there; all before and after is `old` to the bit.
    """
    if len(new) == 0:
        return old
    begins, ends = new.time[0], new.time[-1]
    step = float(np.median(np.diff(new.time))) if len(new) > 1 else 1.0 / 24.0
    before, after = old.time < begins - step / 2, old.time > ends + step / 2
    share = np.zeros(len(new))
    for kept, edge in ((old.time[before], begins), (old.time[after], ends)):
        if len(kept) and np.abs(kept - edge).min() <= HOLE * step:
            share = np.maximum(share, 1.0 - np.clip((np.abs(new.time - edge) + step) / (fade + step), 0.0, 1.0))
    between = blend(new, old, np.where(new.found, share, 1.0))
    time = np.concatenate([old.time[before], new.time, old.time[after]])
    groups = {name: np.concatenate([old[name][before], between[name], old[name][after]]) for name in GROUPS}
    source = _joined_source(old.source, new.source)
    if "rest" in new.source and not (before.any() or after.any()):
        source["rest"] = new.source["rest"]
    code = None
    if old.code is not None and between.code is not None and _same_encoder(old, new):
        code = np.concatenate([old.code[before], between.code, old.code[after]])
    return Track(time, groups, old.card, source, code)


def at_times(track: Track, time: np.ndarray) -> Track:
    """The performance at other times (m,) s, rising; gaps where it has none (see `curves.resample`)."""
    straight = [name for name in GROUPS if name != "head"]
    columns = np.concatenate([track[name].reshape(len(track), -1) for name in straight], axis=1)
    moved = resample(Curves(track.time, (), columns.astype(np.float64), {"head": track["head"]}), time)
    groups, at = {"head": moved.rotations["head"].astype(np.float32)}, 0
    for name in straight:
        size = int(np.prod(GROUPS[name]))
        groups[name] = moved.values[:, at : at + size].reshape(len(time), *GROUPS[name]).astype(np.float32)
        at += size
    gaps = np.isnan(groups["expression"]).any(axis=1)
    for name in GROUPS:
        groups[name][gaps] = 0.0 if name == "confidence" else np.nan
    code = track.code
    if code is not None:
        code = resample(Curves(track.time, (), code.astype(np.float64)), time).values.astype(np.float16)
    return Track(np.asarray(time, dtype=np.float64), groups, track.card, track.source, code)


def moved(track: Track, seconds: float) -> Track:
    """The performance that many seconds later, without the strips it was captured from: they no longer match it."""
    source = {key: value for key, value in track.source.items() if key not in ("strips", "footage")}
    if made := corrections.of_track(track):
        source["corrections"] = corrections.to_data(
            replace(each, time=each.time if each.code else each.time + seconds) for each in made
        )
    return replace(track, time=track.time + seconds, source=source)


def _same_encoder(first: Track, second: Track) -> bool:
    """Can the appearance codes of two performances be compared?"""
    return encoder_of(first) == encoder_of(second)


def _mixed(name: str, first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Rows of two groups (n, *shape), blended by `share` (n,); exact where that is 0 or 1."""
    if name == "head":
        mixed = np.array(first, dtype=np.float64)
        both = (share > 0) & (share < 1)
        mixed[both] = to_vector(slerp(to_quaternion(first[both]), to_quaternion(second[both]), share[both]))
        mixed[share == 1] = second[share == 1]
        return mixed
    wide = share.reshape(-1, *[1] * (first.ndim - 1))
    mixed = first + (second.astype(np.float64) - first) * wide
    return np.where(wide == 0, first, np.where(wide == 1, second, mixed))


def _joined_source(old: dict, new: dict) -> dict:
    """The source of a spliced performance: the strips of both, where both name theirs at the same rate."""
    source = {**old, "strips": old.get("strips", []) + new.get("strips", [])}
    if not (old.get("strips") and new.get("strips") and old.get("rate") == new.get("rate")):
        del source["strips"]
    return source
