"""Where each emotion lies on the axes of valence (unpleasant to pleasant) and arousal (calm to excited), -1..1.

Russell, Mehrabian, *Evidence for a three-factor theory of emotions*, Journal of Research in Personality 1977; contempt
is not among their terms, so its numbers are our estimate.
"""

import numpy as np

from .names import EMOTIONS

_BY_EMOTION = {
    "neutral": (0.0, 0.0), "happiness": (0.81, 0.51), "sadness": (-0.63, -0.27), "surprise": (0.4, 0.67),
    "fear": (-0.64, 0.6), "anger": (-0.51, 0.59), "disgust": (-0.6, 0.35), "contempt": (-0.55, 0.1),
}  # fmt: skip
# (8, 2): valence and arousal of each of EMOTIONS.
VALENCE_AROUSAL = np.array([_BY_EMOTION[name] for name in EMOTIONS])
