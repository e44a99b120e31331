"""What rigs call the bones of a face: models/bone_names.json."""

import json
from dataclasses import dataclass
from functools import cache

from ..core.errors import FieldsError
from ..core.paths import MODELS
from .rig_names import plain

FILE = MODELS / "bone_names.json"


@dataclass(frozen=True)
class BoneNames:
    """Names as `rig_names.plain` spells them, preferred ones first; of pairs the left one, whose right one has the
    mirrored name. `lids`: upper and lower lid, in the middle. `mechanism_prefixes`: prefixes of bones that no animator
    handles, spelt as they are."""

    eyes: tuple[str, ...]
    mouth_corners: tuple[str, ...]
    lids: tuple[tuple[str, str], ...]
    lower_lip: tuple[str, ...]
    jaw: tuple[str, ...]
    mechanism_prefixes: tuple[str, ...]


@cache
def bone_names() -> BoneNames:
    """Raises FieldsError where the file is missing or damaged."""
    try:
        data = json.loads(FILE.read_text(encoding="utf-8"))
        lists = {
            name: tuple(plain(bone) for bone in data[name]) for name in ("eyes", "mouth_corners", "lower_lip", "jaw")
        }
        lids = tuple((plain(upper), plain(lower)) for upper, lower in data["lids"])
        return BoneNames(lids=lids, mechanism_prefixes=tuple(data["mechanism_prefixes"]), **lists)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FieldsError("“{name}” cannot be read. Install the extension again.", name=FILE.name) from error
