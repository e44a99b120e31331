"""Do blinks reach the artist? Closures of the lids in what was captured, and in the keys that `tools.keyed` baked."""

from pathlib import Path

import numpy as np

from fields_blender.core.names import ARKIT

from . import measures

LIDS = [ARKIT.index("eyeBlinkLeft"), ARKIT.index("eyeBlinkRight")]
SHUT = 0.5
SLACK = 0.02  # s, besides half a frame of the scene


def measured(folder: Path) -> dict[str, list[int]]:
    """Clip -> [closures captured, those of them keyed, closures keyed], of both lids; {} where none was baked.

    Test sets are left out: theirs are compared with the truth.
    """
    results = {}
    for path in sorted(folder.glob("*.npz")):
        if (folder.parent / path.stem / "truth.npz").exists():
            continue
        with np.load(path) as data:
            results[path.stem] = closures(
                data["time"], data["captured"], data["frames"] / data["rate"], data["keyed"], float(data["rate"])
            )
    return results


def closures(time: np.ndarray, captured: np.ndarray, times: np.ndarray, keyed: np.ndarray, rate: float) -> list[int]:
    """[captured, those of them keyed, keyed]. time (n,) s of captured (n, 52); times (m,) s of keyed (m, 52): every
    frame of a scene of `rate` frames a second.
    """
    slack, totals = 0.5 / rate + SLACK, [0, 0, 0]
    for lid in LIDS:
        seen, kept = _shut(time, captured[:, lid]), _shut(times, keyed[:, lid])
        hits = sum(any(a <= last + slack and first - slack <= b for a, b in kept) for first, last in seen)
        totals = [total + more for total, more in zip(totals, (len(seen), hits, len(kept)), strict=True)]
    return totals


def _shut(time: np.ndarray, lid: np.ndarray) -> list[tuple[float, float]]:
    """(first, last) s of each closure."""
    return [(float(time[a]), float(time[b])) for a, b in measures.spans(np.nan_to_num(lid) > SHUT)]
