"""Compares names of shape keys and bones, which people and tools spell in many ways."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

# Prefixes and suffixes of tools, which say nothing about the face.
_PREFIX = re.compile(
    r"^(?:blendshapes?\d*\.|blend_?shape[_.]|head_lod\d+_mesh__|head_geo__|face\.|!ex-|\$md-|arkit[_.]|ctrl_expressions_"
    r"|facs_(?:bs|ctrl|jnt|cbs)_|ectrl|phm|[avt]\d\d_|fcl_|exp_|expr_|bs_|sk_|key_|morph_|mor_)",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:_div\d|\.\d{3})$")
_SIDES = {"l": "left", "r": "right", "left": "left", "right": "right", "lf": "left", "rt": "right"}
_OTHER = {"l": "r", "L": "R", "left": "right", "Left": "Right", "LEFT": "RIGHT", "lf": "rt", "左": "右"}
_OTHER |= {b: a for a, b in _OTHER.items()}
# A word of a name: camel humps, capitals, digits, or anything that is not Latin.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
# The side in a name: 'left' as a word, in a camel hump or at the end, a lone L, 'lBrow', 'Funnel_UL'.
_SIDE = re.compile(
    r"(?<![A-Za-z])(?:left|right|Left|Right|LEFT|RIGHT)(?![a-z])|(?<=[a-z0-9])(?:Left|Right)(?![a-z])"
    r"|(?<=[a-z])(?:left|right)(?![A-Za-z])|(?<![A-Za-z])(?:[lrLR]|lf|rt)(?![A-Za-z])|(?<=[a-z0-9])[LR](?![A-Za-z])"
    r"|(?<![A-Za-z])[lr](?=[A-Z])|(?<=[a-z0-9_][UD])[LR](?![A-Za-z])|[左右]"
)
# Words that name the whole, not a part of the face.
_WHOLE = {"face", "head", "the", "shape", "shapekey", "blendshape", "key", "morph", "expression", "exp", "ctrl", "facs",
          "bs", "arkit", "fcl", "mesh", "geo", "lod", "vrc", "v"}  # fmt: skip
_SAME = {"closed": "close", "shut": "close", "opened": "open", "raised": "raise", "raiser": "raise", "eyebrow": "brow",
         "eyelid": "lid", "lowerer": "lower", "lowered": "lower", "wrinkler": "wrinkle", "mth": "mouth", "brw": "brow",
         "puffed": "puff", "squinting": "squint", "smiling": "smile", "blinking": "blink", "widen": "wide"}  # fmt: skip
# A prefix that at least so many names share, and at least this part of all, belongs to the rig, not to the name.
_SHARED_BY, _SHARE = 4, 0.3


@lru_cache(maxsize=16384)
def plain(name: str) -> str:
    """A name without case and separators, sides spelt out: 'eyeBlink_L', 'EyeBlinkLeft' -> 'eyeblinkleft'."""
    name = re.sub(r"[._\- ]([LlRr])$", lambda side: "left" if side[1] in "Ll" else "right", name)
    return re.sub(r"[\W_]", "", name.casefold())


def bare(name: str, shared: Iterable[str] = ()) -> str:
    """A name without the prefixes and suffixes of tools and without those of `shared` (`shared_prefixes`)."""
    for prefix in shared:
        if name.startswith(prefix) and len(name) > len(prefix):
            return _stripped(name[len(prefix) :])
    return _stripped(name)


@lru_cache(maxsize=16384)
def _stripped(name: str) -> str:
    name = _SUFFIX.sub("", name)
    return _PREFIX.sub("", name) or name


def shared_prefixes(names: Iterable[str]) -> list[str]:
    """Prefixes up to a separator that many of the names share (a mesh's or a figure's name), the longest first."""
    names = list(names)
    counts: Counter[str] = Counter()
    for name in names:
        counts.update({name[: i + 1] for i, letter in enumerate(name[:-1]) if letter in "._- :"})
    enough = max(_SHARED_BY, _SHARE * len(names))
    return sorted((p for p, n in counts.items() if n >= enough and not _is_meaningful(p)), key=len, reverse=True)


@lru_cache(maxsize=16384)
def words(name: str) -> frozenset[str]:
    """The words of a name, in any order: 'L_mouthSmile', 'Mouth Smile Left' -> {mouth, smile, left}."""
    said = set()
    for word in _WORD.findall(name):
        word = word.casefold()
        if not word.isdigit() and word not in _WHOLE:
            one = word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
            said.add(_SAME.get(one, _SIDES.get(one, one)))
    return frozenset(said)


def mirrored_name(name: str) -> str:
    """The name of the other side in the same spelling: 'Brow_L' -> 'Brow_R'. A name without a side is unchanged."""
    return _SIDE.sub(lambda side: _OTHER.get(side[0], side[0]), name)


def _is_meaningful(prefix: str) -> bool:
    """Does a prefix mean a side or a part of the face ('L_', 'mouth_', 'Eye_'), or hold no letter?"""
    said = words(prefix)
    return bool(said & {"left", "right"}) or bool(said & _PARTS) or not re.search(r"\w", prefix)


_PARTS = {"brow", "eyebrow", "eye", "lid", "eyelid", "lash", "nose", "cheek", "mouth", "lip", "jaw", "chin", "tongue",
          "teeth", "viseme", "phoneme", "neck", "ear"}  # fmt: skip
