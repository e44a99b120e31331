"""The regions of a face, as artists speak of them, and where each lies in a Track."""

from .names import ARKIT, EXPRESSION

REGIONS = ("brows", "eyes", "cheeks", "nose", "mouth", "jaw", "tongue", "gaze", "head")
# How ARKit names begin -> region; the first that fits.
_BEGIN = {
    "brow": "brows", "eyeLook": "gaze", "eye": "eyes", "cheek": "cheeks", "nose": "nose", "mouth": "mouth",
    "jaw": "jaw", "tongue": "tongue",
}  # fmt: skip


def region(name: str) -> int:
    """The place in REGIONS of the ARKit channel `name`."""
    return REGIONS.index(next(where for begin, where in _BEGIN.items() if name.startswith(begin)))


# The region of each expression weight (39) and of each ARKit channel (52), as places in REGIONS.
OF_EXPRESSION = tuple(region(name) for name in EXPRESSION)
OF_ARKIT = tuple(region(name) for name in ARKIT)


def other_side(name: str) -> str:
    """The channel that does on the other side what `name` does here; itself where it has no side."""
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    return name.removesuffix("Right") + "Left" if name.endswith("Right") else name


def without_side(name: str) -> str:
    """`name` of a channel without its Left or Right."""
    return name.removesuffix("Left").removesuffix("Right")


_PLACE = {name: place for place, name in enumerate(EXPRESSION)}
# For each expression weight, the place of the one on the other side.
OTHER_EXPRESSION = tuple(_PLACE[other_side(name)] for name in EXPRESSION)
