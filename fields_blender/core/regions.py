"""The regions of a face as artists know them, and which weights of a Track belong to each."""

from .names import ARKIT, EXPRESSION

REGIONS = ("brows", "eyes", "cheeks", "nose", "mouth", "jaw", "tongue", "gaze", "head")
# Start of an ARKit name -> region. The first that fits counts.
_PREFIXES = {
    "brow": "brows", "eyeLook": "gaze", "eye": "eyes", "cheek": "cheeks", "nose": "nose", "mouth": "mouth",
    "jaw": "jaw", "tongue": "tongue",
}  # fmt: skip


def region(name: str) -> int:
    """The index in REGIONS of the ARKit channel `name`."""
    return REGIONS.index(next(found for prefix, found in _PREFIXES.items() if name.startswith(prefix)))


# The region of each expression weight (39) and of each ARKit channel (52), as indices of REGIONS.
OF_EXPRESSION = tuple(region(name) for name in EXPRESSION)
OF_ARKIT = tuple(region(name) for name in ARKIT)


def other_side(name: str) -> str:
    """The channel of the other side of the face: Left for Right and back. `name` itself if it has no side."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    return name.removesuffix("Right") + "Left" if name.endswith("Right") else name


def without_side(name: str) -> str:
    """`name` of a channel without its Left or Right."""
    return name.removesuffix("Left").removesuffix("Right")


_INDEX = {name: i for i, name in enumerate(EXPRESSION)}
# For each expression weight, the index of the one on the other side.
OTHER_EXPRESSION = tuple(_INDEX[other_side(name)] for name in EXPRESSION)
