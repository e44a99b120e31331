"""Clips of one woman who acts seven emotions at full strength: does FIELDS rank the label first?

The label is in the file's name, as in "angry3.mp4". Each clip is read as it is, and with an Actor made from the clip in
which her face is neutral. Used for evaluation only.
"""

from pathlib import Path

import numpy as np

from fields_blender.capture.clip import open_video
from fields_blender.capture.solve import meet
from fields_blender.core.names import EMOTIONS
from tools import shared_data

from . import readings

FOLDER = shared_data.find("data", "clips_labelled")
NEUTRAL = "neutral1.mp4"
LABELS = {
    "angry": "anger", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "happiness",
    "sad": "sadness", "surprised": "surprise",
}  # fmt: skip
AS_IS, WITH_ACTOR = "as they are", "with an Actor from the neutral clip"


def measured(folder: Path, models: Path) -> dict[str, dict[str, list]]:
    """How -> clip -> [rank of its label among the seven emotions, the emotion ranked first]; {} without the clips."""
    found = {path: label for path in sorted(folder.glob("*.mp4")) if (label := label_of(path))}
    actor = None
    if found and (folder / NEUTRAL).exists():
        actor = readings.finished(meet(open_video(folder / NEUTRAL), models, "the woman", "cpu"))
    results: dict[str, dict[str, list]] = {}
    for path, label in found.items():
        for how, who in ((AS_IS, None), (WITH_ACTOR, actor)):
            if how == AS_IS or who is not None:
                emotion = readings.of_track(readings.track_of(open_video(path), models, actor=who)).emotion
                results.setdefault(how, {})[path.stem] = ranked(emotion, label)
    return results


def label_of(path: Path) -> str:
    """The emotion in a file's name; "" if there is none of the seven."""
    return LABELS.get(path.stem.rstrip("0123456789"), "")


def ranked(emotion: np.ndarray | None, label: str) -> list:
    """[1-based rank of the label, the emotion ranked first] by the mean of emotion (n, 8) over frames with a face."""
    assert emotion is not None
    mean = np.nanmean(emotion, axis=0)
    return [int(1 + (mean[1:] > mean[EMOTIONS.index(label)]).sum()), EMOTIONS[1 + int(mean[1:].argmax())]]
