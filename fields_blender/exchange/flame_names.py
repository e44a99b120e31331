"""What FLAME's parameters are called and how they are laid out, tool by tool, as groups of one meaning each."""

import math
import re

import numpy as np

from ..core.errors import FieldsError, Note
from .rotation_forms import FORMS, to_axis_angles

# Our group -> what other tools call it, without underscores, `flame_` in front and `_params`, `_code` behind.
NAMES = {
    "expression": "expr exp exps expression expressions expcode",
    "jaw": "jaw jawpose jawrot jawrotation",
    "pose": "pose poses posecode fullpose",
    "head": "rotation globalpose globalorient globalrot globalrotation headpose headrot headrotation rootpose",
    "neck": "neck neckpose",
    "eyes": "eyes eye eyespose eyepose",
    "left_eye": "leye lefteye leyepose lefteyepose",
    "right_eye": "reye righteye reyepose righteyepose",
    "eyelids": "eyelids eyelid",
    "translation": "translation transl trans",
    "number": "timestepid frameid framenumber frameindex",
    "time": "time times timestamp timestamps",
    "gap_time": "gaptime",
    "fps": "fps framerate mocapframerate",
    "all": "params parameters motion motions coeffs coefficients codes codedict flame latent prediction pred",
}
_GROUP_OF = {name: group for group, names in NAMES.items() for name in names.split()}
_EDGES = re.compile(r"^(flame|smplx)(?=.)|(?<=.)(params|param|coeffs|coeff|codes)$")
WIDTHS = {"jaw": 3, "head": 3, "neck": 3, "eyes": 6, "left_eye": 3, "right_eye": 3, "eyelids": 2, "translation": 3}
_ROTATIONS = {"jaw", "head", "neck", "eyes", "left_eye", "right_eye"}
_UNCOUNTED = {"number", "time", "gap_time", "fps"}
# The joints of a pose by how many numbers it has. In 12 numbers the first three may be the neck's: they turn the head.
_POSES = {
    3: (("head", 0),),
    6: (("head", 0), ("jaw", 3)),
    9: (("head", 0), ("neck", 3), ("jaw", 6)),
    12: (("head", 0), ("jaw", 3), ("left_eye", 6), ("right_eye", 9)),
    15: (("head", 0), ("neck", 3), ("jaw", 6), ("left_eye", 9), ("right_eye", 12)),
    # SMPL-X: 55 joints, of which 12 is the neck and 15 the head upon it.
    165: (("head", 36), ("neck", 45), ("jaw", 66), ("left_eye", 69), ("right_eye", 72)),
}
# Numbers in one array -> how many of them are the expression; before it there may be the shape of the head.
_JAW_ONLY = {53: (0, 50), 103: (0, 100), 403: (300, 100)}
_HEAD_AND_JAW = {56: (0, 50), 106: (0, 100), 406: (300, 100)}
_STEADY = 1e-3


def group_of(name: str) -> str | None:
    """Our group of an array's name."""
    plain = re.sub(r"[^a-z]", "", name.lower()[:60])
    return _GROUP_OF.get(plain) or _GROUP_OF.get(_EDGES.sub("", plain))


def groups(arrays: dict[str, np.ndarray], file: str, notes: list[Note]) -> tuple[dict[str, np.ndarray], set[str]]:
    """The arrays of a file under our names, (frames, k) each, rotations as axis-angles; and the names of those used.

    Raises FieldsError where there is no expression or one has a form of its own.
    """
    found: dict[str, np.ndarray] = {}
    used = set()
    for name, array in arrays.items():
        group = group_of(name)
        if group is None or group in found:
            continue
        if group == "number":
            found[group] = _frame_numbers(array)
        elif array.dtype.kind in "fiu":
            found[group] = table(array, group in _UNCOUNTED)
        used |= {name} if group in found else set()
    if "expression" not in found and "all" in found:
        found["expression"] = found["all"]
    found.pop("all", None)
    if "expression" not in found or found["expression"].size == 0:
        raise FieldsError(
            "{file} holds no FLAME expression ({names}). Choose an npz of VHAP, or a folder of npy files of DECA, "
            "EMOCA or SMIRK.",
            file=file,
            names="expr, exp, expression",
        )
    if not {"jaw", "pose"} & found.keys():
        _split_expression(found, file, notes)
    body = _split_pose(found, file, notes)
    if body and "translation" in found:  # of the body
        del found["translation"]
        used -= {name for name in used if group_of(name) == "translation"}
    return _checked(found, file), used


def table(array: np.ndarray, column: bool) -> np.ndarray:
    """(frames, k) of an array that may have additional axes of length 1."""
    array = array.astype(np.float64)
    if column:
        return array.reshape(-1, 1)
    while array.ndim > 2 and 1 in array.shape[:-1]:
        array = array.squeeze(axis=array.shape[:-1].index(1))
    return array.reshape(1, array.size) if array.ndim < 2 else array.reshape(len(array), math.prod(array.shape[1:]))


def _frame_numbers(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "fiu":
        return array.astype(np.float64)
    digits = [re.search(r"\d{1,9}$", str(text)[:100]) for text in array.ravel()]
    return np.array([float(match[0]) if match else np.nan for match in digits])


def _split_expression(found: dict[str, np.ndarray], file: str, notes: list[Note]) -> None:
    """Take the head's and the jaw's rotation out of an expression that holds them too."""
    array = found["expression"]
    width = array.shape[1]
    if width in _JAW_ONLY:
        before, count = _JAW_ONLY[width]
        _check_shape(array[:, :before], file)
        if before == 0 and _like_a_jaw(array[:, :3]) and not _like_a_jaw(array[:, count:]):
            found["jaw"], found["expression"] = array[:, :3], array[:, 3:]
            notes.append(Note("The first 3 of {width} numbers a frame read as the jaw.", width=width))
        else:
            found["jaw"], found["expression"] = array[:, before + count :], array[:, before : before + count]
            notes.append(Note("The last 3 of {width} numbers a frame read as the jaw.", width=width))
    elif width in _HEAD_AND_JAW:
        before, count = _HEAD_AND_JAW[width]
        _check_shape(array[:, :before], file)
        found["expression"], rest = array[:, before : before + count], array[:, before + count :]
        if _like_six_numbers(rest):
            found["jaw"] = rest
            notes.append(Note("The last 6 of {width} numbers a frame read as the jaw.", width=width))
        elif _like_a_jaw(rest[:, :3]) and not _like_a_jaw(rest[:, 3:]):
            found["jaw"], found["head"] = rest[:, :3], found.get("head", rest[:, 3:])
            notes.append(Note("The last 6 of {width} numbers a frame read as jaw and head.", width=width))
        else:
            found["jaw"], found["head"] = rest[:, 3:], found.get("head", rest[:, :3])
            notes.append(Note("The last 6 of {width} numbers a frame read as head and jaw.", width=width))


def _check_shape(shape: np.ndarray, file: str) -> None:
    """The shape of a head doesn't change; what does is no shape."""
    if shape.size and np.nanmax(np.ptp(shape, axis=0)) > _STEADY:
        raise FieldsError("{file} holds numbers of FLAME in an order that is not known. Export them apart.", file=file)


def _like_a_jaw(block: np.ndarray) -> bool:
    """Could these (n, 3) be axis-angles of a jaw: it opens, and hardly turns otherwise?"""
    known = block[np.isfinite(block).all(axis=1)]
    if not len(known):
        return True
    opening, rest = known[:, 0], np.abs(known[:, 1:])
    return bool(np.quantile(opening, 0.05) > -0.1 and opening.max() < 0.9 and rest.max() < 0.35)


def _like_six_numbers(block: np.ndarray) -> bool:
    """Are these (n, 6) the first two rows of rotation matrices?"""
    known = block[np.isfinite(block).all(axis=1)]
    lengths = np.linalg.norm(known.reshape(-1, 2, 3), axis=2)
    return bool(len(known) and (np.abs(lengths - 1.0) < 0.05).all())


def _split_pose(found: dict[str, np.ndarray], file: str, notes: list[Note]) -> bool:
    """Take a pose of several joints apart. Is it that of a body?"""
    pose = found.pop("pose", None)
    if pose is None:
        return False
    parts = _POSES.get(pose.shape[1])
    if parts is None:
        raise FieldsError(
            "The pose in {file} has {width} numbers a frame, not 3, 6, 9, 12, 15 or 165. Export it as FLAME's "
            "axis-angles.",
            file=file,
            width=pose.shape[1],
        )
    for group, start in parts:
        if group not in found and not (group.endswith("eye") and "eyes" in found):
            found[group] = pose[:, start : start + 3]
    body = pose.shape[1] == 165
    if body:
        notes.append(Note("Of the body's pose only neck, head, jaw and eyes are used."))
    return body


def _checked(found: dict[str, np.ndarray], file: str) -> dict[str, np.ndarray]:
    count = len(found["expression"])
    for group, width in WIDTHS.items():
        if group not in found:
            continue
        array = found[group]
        if group in _ROTATIONS and array.shape[1] != width and array.shape[1] * 3 // width in FORMS:
            array = to_axis_angles(array, width // 3)
        if array is None or array.shape[1] != width or len(array) not in (1, count):
            raise FieldsError(
                "“{group}” in {file} has the shape {shape}, not ({count}, {width}). Export it with axis-angles.",
                group=group,
                file=file,
                shape=found[group].shape,
                count=count,
                width=width,
            )
        found[group] = np.broadcast_to(array, (count, width))
    return found
