"""The 52 ARKit names in the spellings of other tools."""

import re
from collections.abc import Sequence

from ..core.errors import FieldsError
from ..core.names import ARKIT

# A file with fewer ARKit names than this is about something else.
MIN_NAMES = 5
_SIDES = {"left": "left", "l": "left", "lf": "left", "lt": "left", "right": "right", "r": "right", "rt": "right"}
# Words that tools put before or behind a name and that are no part of it.
_EXTRA = set("a52 ar kit arkit bs blendshape blendshapes expression expressions weight weights value score".split())
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_BY_PLAIN_NAME = {name.lower(): i for i, name in enumerate(ARKIT)}


def arkit_index(name: str) -> int | None:
    """The index in `names.ARKIT` of a name in any common spelling.

    EyeBlinkLeft, eyeBlink_L, leftEyeBlink, Eye Blink Left, EYE_BLINK_LEFT, Face.eye_blink_left, bs.EyeBlinkLeft
    """
    name = re.sub(r"[.](?=(?:left|right|[lr])$)", "_", name.strip()[:100], flags=re.IGNORECASE)  # eyeBlink.L
    name = re.split(r"[.:|/]", name)[-1]
    words = [word.lower() for word in _WORD.findall(name) if not word.isdecimal()]
    words = [word for word in words if word not in _EXTRA]
    plain = _BY_PLAIN_NAME.get("".join(words))
    if plain is not None:
        return plain
    sides = [place for place, word in enumerate(words) if word in _SIDES]
    if len(sides) == 1:
        rest = "".join(words[: sides[0]] + words[sides[0] + 1 :])
        return _BY_PLAIN_NAME.get(rest + _SIDES[words[sides[0]]])
    run = re.fullmatch(r"(left|right)([a-z]+)", "".join(words))  # lefteyeblink
    return _BY_PLAIN_NAME.get(run[2] + run[1]) if run else None


def arkit_columns(names: Sequence[str], file: str) -> list[tuple[int, int]]:
    """(place in `names`, index in `names.ARKIT`) of every ARKit name, once each.

    Raises FieldsError where there are hardly any; `file` is what the artist calls it.
    """
    found: dict[int, int] = {}
    for place, name in enumerate(names):
        index = arkit_index(name)
        if index is not None:
            found.setdefault(index, place)
    if len(found) < MIN_NAMES:
        raise FieldsError(
            "{file} has only {count} of the 52 ARKit names (eyeBlinkLeft, jawOpen, …). "
            "Export it with ARKit blend shapes, then import that.",
            file=file,
            count=len(found),
        )
    return [(place, index) for index, place in found.items()]
