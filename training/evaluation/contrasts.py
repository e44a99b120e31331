"""What somebody who looks at a clip would say of it: is the smile there when the face smiles, and gone when it doesn't?

`clip_annotations.json` labels frames in which a face plainly smiles, frowns and so on, and frames in which it plainly
doesn't. The contrast of a label is the median of its channels on the one less the median on the others: 1 for a head
that does it fully, 0 for one that can't be told from the face at rest, below 0 for one that does the opposite.
"""

import numpy as np

from fields_blender.core.names import ARKIT

from .measures import rows_in

# Label -> the channels, of both sides, whose mean shows it.
LABELS = {
    "smile": ("mouthSmile",),
    "frown": ("mouthFrown",),
    "pucker": ("mouthPucker",),
    "brows up": ("browInnerUp", "browOuterUp"),
    "brows down": ("browDown",),
    "wide eyes": ("eyeWide",),
    "teeth": ("mouthUpperUp", "mouthLowerDown"),
}
# Told beside them: eyes that stay shut for longer than a blink.
HELD = {"eyes shut": ("eyeBlink",)}
ALL = {**LABELS, **HELD}


def of_clip(w: np.ndarray, known: np.ndarray, labels: dict) -> dict[str, float]:
    """Label -> contrast of weights (n, 52); known (n,) bool: frames with a face; labels: {label: {"on", "off"}}."""
    figures = {}
    for label, seen in labels.items():
        level = w[:, channels(*ALL[label])].mean(axis=1)
        on, off = (rows_in(seen[key], len(w)) & known for key in ("on", "off"))
        if on.any() and off.any():
            figures[label] = float(np.median(level[on]) - np.median(level[off]))
    return figures


def channels(*names: str) -> list[int]:
    """Columns of channels: "mouthSmile" stands for both sides."""
    return [i for i, channel in enumerate(ARKIT) if channel.removesuffix("Left").removesuffix("Right") in names]


def means(of_clips: dict[str, dict[str, float]]) -> dict[str, float]:
    """Label -> mean over the clips that show it; "all labels" -> mean over LABELS. of_clips: clip -> `of_clip`."""
    found = {
        label: float(np.mean([figures[label] for figures in of_clips.values() if label in figures]))
        for label in ALL
        if any(label in figures for figures in of_clips.values())
    }
    of_labels = [value for label, value in found.items() if label in LABELS]
    return {**found, "all labels": float(np.mean(of_labels))} if of_labels else found
