"""Names, shapes and units of everything the regressor predicts, and the names of the ARKit weights.

Frames of reference: the head's x axis points to the subject's left, y up, z out of the face (as in FLAME).
The camera's x axis points right in the picture, y up, z towards the viewer, so a face that looks straight into the
camera has no rotation. "Left" and "right" are always the subject's.
"""

EXPRESSION = (
    "browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft "
    "cheekSquintRight eyeSquintLeft eyeSquintRight eyeWideLeft eyeWideRight jawForward mouthClose mouthDimpleLeft "
    "mouthDimpleRight mouthFrownLeft mouthFrownRight mouthFunnel mouthLeft mouthLowerDownLeft mouthLowerDownRight "
    "mouthPressLeft mouthPressRight mouthPucker mouthRight mouthRollLower mouthRollUpper mouthShrugLower "
    "mouthShrugUpper mouthSmileLeft mouthSmileRight mouthStretchLeft mouthStretchRight mouthUpperUpLeft "
    "mouthUpperUpRight noseSneerLeft noseSneerRight tongueOut"
).split()

EMOTIONS: list[str] = list("neutral happiness sadness surprise fear anger disgust contempt".split())

# Regions of the face for which the regressor predicts an uncertainty.
UNCERTAINTY = "brows eyelids gaze cheeks nose mouth jaw tongue".split()

# Group -> its shape per frame. Units: weights 0..1, angles in rad, translation in inter-ocular distances.
GROUPS: dict[str, tuple[int, ...]] = {
    "expression": (39,),  # weights over EXPRESSION, 0 at rest, 1 in full
    "jaw": (3,),  # axis-angle of FLAME's jaw joint: +x opens, +y to the subject's left
    "eyelids": (2,),  # left, right: 0 open at rest, 1 shut
    "gaze": (2, 2),  # [left, right] x [yaw, pitch] of the eye in the head: +yaw to the subject's left, +pitch up
    "head": (3,),  # axis-angle, head to camera
    "translation": (3,),  # head (midpoint between the eyeballs) in the camera's frame
    "emotion": (8,),  # probabilities over EMOTIONS: the look of the face, never a claim about feelings
    "valence_arousal": (2,),  # -1..1
    "intensity": (1,),  # strength of the shown emotion, 0..1
    "confidence": (1,),  # 0..1
    "uncertainty": (8,),  # over UNCERTAINTY: the expected error of ARKit weights, one standard deviation
}

# In Apple's order (Live Link Face swaps a few: livelink.py).
ARKIT = (
    "eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft "
    "eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight "
    "jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft "
    "mouthSmileRight mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft "
    "mouthStretchRight mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight "
    "mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft mouthUpperUpRight browDownLeft browDownRight "
    "browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft cheekSquintRight noseSneerLeft "
    "noseSneerRight tongueOut"
).split()

# The angle (rad) that an ARKit weight of 1 stands for, measured on the shapes of ICT-FaceKit: the jaw as the travel of
# the chin over its distance from the jaw joint (jawOpen, jawLeft), the eyes as the turn of the iris (eyeLook...).
JAW_OPEN = 0.35
JAW_SIDE = 0.08
LOOK_SIDE = 0.55
LOOK_UP_DOWN = 0.45
