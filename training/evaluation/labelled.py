"""Clips of one woman who acts seven emotions at full strength: does FIELDS rank the label first, and how strong is it?

The label is in the file's name, as in "angry3.mp4". Each clip is read as it is, and with an Actor made from the clip in
which her face is neutral. MediaPipe has no emotions: they are read out of its weights, as the extension does for an
imported performance (`shape.emotion_from_weights`), and once more after her neutral weights are subtracted. Used for
evaluation only.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from fields_blender.capture.clip import open_video
from fields_blender.capture.solve import meet
from fields_blender.core.arkit import from_arkit
from fields_blender.core.names import EMOTIONS
from fields_blender.shape import emotion_from_weights
from tools import shared_data

from . import readings

FOLDER = shared_data.find("data", "clips_labelled")
NEUTRAL = "neutral1"
LABELS = {
    "angry": "anger", "contempt": "contempt", "disgusted": "disgust", "fear": "fear", "happy": "happiness",
    "sad": "sadness", "surprised": "surprise",
}  # fmt: skip
AS_IS, WITH_ACTOR = "as they are", "with an Actor from the neutral clip"
PEER, PEER_OVER_NEUTRAL = "MediaPipe's weights", "MediaPipe's weights less the neutral clip's"

# What a tracker says of a clip: emotion (n, 8) and intensity (n,) over frames with a face; None where it was not run.
Said = tuple[np.ndarray, np.ndarray] | None


def measured(folder: Path, models: Path, data: Path) -> dict[str, dict[str, list]]:
    """How -> clip -> [rank of its label among the seven emotions, the emotion ranked first, intensity over neutral].

    The intensity is the clip's mean less that of the neutral clip, NaN without one. {} without the clips.
    """
    found = {path.stem: label for path in sorted(folder.glob("*.mp4")) if (label := label_of(path))}
    results: dict[str, dict[str, list]] = {}
    for how, say in (readers(folder, models, data) if found else {}).items():
        said = {clip: say(clip) for clip in (*found, NEUTRAL) if (folder / f"{clip}.mp4").exists()}
        rest = said.pop(NEUTRAL, None)
        for clip, of_clip in said.items():
            if of_clip is not None:
                over = of_clip[1].mean() - rest[1].mean() if rest is not None else np.nan
                results.setdefault(how, {})[clip] = [*ranked(of_clip[0], found[clip]), float(over)]
    return results


def readers(folder: Path, models: Path, data: Path) -> dict[str, Callable[[str], Said]]:
    """How -> the emotions of a clip by its name."""

    def fields(clip: str, actor=None) -> Said:
        read = readings.of_track(readings.track_of(open_video(folder / f"{clip}.mp4"), models, actor=actor))
        assert read.emotion is not None and read.intensity is not None
        return read.emotion[read.found], read.intensity[read.found]

    def peer(clip: str) -> np.ndarray | None:
        read = readings.mediapipe(data / "clips" / f"{clip}-video.npz")
        return None if read is None else np.nan_to_num(read.weights[read.found])

    def peer_says(clip: str, over: bool) -> Said:
        weights, rest = peer(clip), peer(NEUTRAL) if over else np.zeros((1, 52))
        return None if weights is None or rest is None else from_weights(weights - rest.mean(axis=0))

    how: dict[str, Callable[[str], Said]] = {AS_IS: fields}
    if (folder / f"{NEUTRAL}.mp4").exists():
        actor = readings.finished(meet(open_video(folder / f"{NEUTRAL}.mp4"), models, "the woman", "cpu"))
        how[WITH_ACTOR] = lambda clip: fields(clip, actor)
    return {**how, PEER: lambda clip: peer_says(clip, False), PEER_OVER_NEUTRAL: lambda clip: peer_says(clip, True)}


def from_weights(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Emotion (n, 8) and intensity (n,) that ARKit weights (n, 52) show."""
    read = emotion_from_weights.read(from_arkit(weights)["expression"])
    return read["emotion"], read["intensity"][:, 0]


def label_of(path: Path) -> str:
    """The emotion in a file's name; "" if there is none of the seven."""
    return LABELS.get(path.stem.rstrip("0123456789"), "")


def ranked(emotion: np.ndarray, label: str) -> list:
    """[1-based rank of the label, the emotion ranked first] by the mean of emotion (n, 8)."""
    mean = np.nanmean(emotion, axis=0)
    return [int(1 + (mean[1:] > mean[EMOTIONS.index(label)]).sum()), EMOTIONS[1 + int(mean[1:].argmax())]]
