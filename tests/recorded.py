"""A made-up performance in which everything moves, and text as phone apps write it."""

import numpy as np

from fields_blender.core import track
from fields_blender.core.arkit import from_arkit, to_arkit
from fields_blender.core.names import ARKIT, GROUPS
from fields_blender.exchange import phone_text

# The line that iFacialMocap's makers print for developers.
IFACIALMOCAP = (
    "mouthSmile_R-0|eyeLookOut_L-0|eyeLookDown_R-17|mouthUpperUp_L-11|eyeWide_R-0|mouthClose-8|mouthPucker-4|mouthRollLower-9|"
    "eyeBlink_R-7|eyeLookDown_L-17|cheekSquint_R-11|eyeBlink_L-7|tongueOut-0|jawRight-0|eyeLookIn_R-6|jawOpen-12|"
    "eyeLookIn_L-4|eyeSquint_R-11|mouthLeft-1|=head#-21.488958,-6.038993,-6.6019735,-0.030653415,-0.10287084,"
    "-0.6584072|rightEye#6.0297494,2.4403017,0.25649446|leftEye#6.034903,-1.6660284,-0.17520553|"
)


def performance(count=40, gaps=(7, 8)) -> track.Track:
    """Everything moves; of two opposite weights one."""
    rng = np.random.default_rng(2)
    weights = np.round(rng.uniform(0, 1, (count, 52)), 4)
    opposites = "jawLeft eyeLookInLeft eyeLookDownLeft eyeLookInRight eyeLookDownRight".split()
    weights[:, [ARKIT.index(name) for name in opposites]] = 0
    made = track.empty(np.arange(count) / 24)
    for name, shape in GROUPS.items():
        made.groups[name][:] = np.zeros((count, *shape))
    for name, values in (from_arkit(weights) | {"head": rng.uniform(-0.6, 0.6, (count, 3))}).items():
        made.groups[name][:] = values
    for name in GROUPS:
        made.groups[name][list(gaps)] = 0.0 if name == "confidence" else np.nan
    return made


def weights_of(made: track.Track) -> np.ndarray:
    return to_arkit(made["expression"], made["jaw"], made["eyelids"], made["gaze"])


def face_cap(*rows: str, names=phone_text.FACE_CAP_ORDER) -> str:
    return "\n".join(["info,version,1", "bs," + ",".join(names), *rows]) + "\n"
