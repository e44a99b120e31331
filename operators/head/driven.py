"""What to key where a shape key is driven: the one property that its driver passes on, however that is called.

MMD Tools binds morphs so: the sliders are shape keys of a mesh “.placeholder”, the face's own shape keys are muted, and
others called mmd_bind… that are relative to them are driven by the sliders.
"""

import re
from typing import Any, NamedTuple

import bpy

_BOUND = "mmd_bind"
_LONGEST_CHAIN = 4
_STRAIGHT = 1e-3
# Data paths of numbers, from an object or its data, with the datablock whose animation they belong to.
_KEY = re.compile(r'(?:data\.)?(?:shape_keys\.)?(key_blocks\["(?:[^"\\]|\\.)*"\]\.value)')
_PROPERTY = re.compile(r'(data)?\.?((?:pose\.bones\["(?:[^"\\]|\\.)*"\])?\["(?:[^"\\]|\\.)*"\])')


class Place(NamedTuple):
    """A number: the datablock it is animated on, and its data path from there."""

    owner: bpy.types.ID
    path: str


def leads_to(shape_keys: bpy.types.Key, name: str) -> Place | None:
    """What to key so that a shape key moves, if that is not the shape key itself. None where no single number is it."""
    path = _path_of(name)
    driver = _driver(shape_keys, path)
    if driver is None:
        block = shape_keys.key_blocks[name]
        bound = next((b for b in shape_keys.key_blocks if b.name.startswith(_BOUND) and b.relative_key == block), None)
        driver = _driver(shape_keys, _path_of(bound.name)) if bound is not None and block.mute else None
        return _end_of_chain(_variable_named(driver, path)) if driver else None
    return _end_of_chain(_variable_named(driver, path) or _passed_on(driver))


def drivers_of(shape_keys: bpy.types.Key, path: str) -> list[str]:
    """What the objects are called that drive a number of these shape keys."""
    driver = _driver(shape_keys, path)
    targets = [target.id for variable in driver.driver.variables for target in variable.targets] if driver else []
    return list(dict.fromkeys(target.name for target in targets if target is not None))


def _end_of_chain(place: Place | None) -> Place | None:
    """The place itself, or the one that drives it; None where it can't be keyed."""
    for _ in range(_LONGEST_CHAIN):
        if place is None or not place.owner.is_editable:
            return None
        driver = _driver(place.owner, place.path)
        if driver is None:
            return place
        place = _passed_on(driver)
    return None


def _path_of(name: str) -> str:
    return f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'


def _driver(owner: Any, path: str) -> bpy.types.FCurve | None:
    animation = owner.animation_data
    found = animation.drivers.find(path) if animation else None
    return found if found is not None and not found.mute else None


def _variable_named(driver: bpy.types.FCurve, path: str) -> Place | None:
    """The shape key of another mesh that has the name of the driven one, if it is among what drives it."""
    for variable in driver.driver.variables:
        place = _place(variable)
        if place is not None and place.path == path and isinstance(place.owner, bpy.types.Key):
            return place if place.owner != driver.id_data else None
    return None


def _passed_on(driver: bpy.types.FCurve) -> Place | None:
    """The one number that a driver gives on as it is."""
    what = driver.driver
    if len(what.variables) != 1:
        return None
    # 5.0 makes drivers with the keys of a straight line.
    if len(driver.keyframe_points) and any(abs(driver.evaluate(x) - x) > _STRAIGHT for x in (-1.0, 0.0, 0.3, 1.0, 2.0)):
        return None
    if any(not modifier.mute and not _is_plain(modifier) for modifier in driver.modifiers):
        return None
    variable = what.variables[0]
    if what.type == "SCRIPTED" and what.expression.strip() != variable.name:
        return None
    return _place(variable)


def _is_plain(modifier: Any) -> bool:
    """Does a modifier of a driver leave its value as it is?"""
    return modifier.type == "GENERATOR" and list(modifier.coefficients) == [0.0, 1.0] and not modifier.use_additive


def _place(variable: bpy.types.DriverVariable) -> Place | None:
    if variable.type != "SINGLE_PROP" or variable.targets[0].id is None:
        return None
    target = variable.targets[0]
    owner: Any = target.id
    if match := _KEY.fullmatch(target.data_path):
        data = owner.data if isinstance(owner, bpy.types.Object) else owner
        keys = data if isinstance(data, bpy.types.Key) else getattr(data, "shape_keys", None)
        return Place(keys, match[1]) if keys is not None and _is_number(keys, match[1]) else None
    match = _PROPERTY.fullmatch(target.data_path)
    if match is None:
        return None
    owner = owner.data if match[1] else owner
    return Place(owner, match[2]) if owner is not None and _is_number(owner, match[2]) else None


def _is_number(owner: Any, path: str) -> bool:
    try:
        value = owner.path_resolve(path)
    except ValueError:
        return False
    return isinstance(value, (int, float)) and not isinstance(value, bool)
