"""Panels, menus and preferences. Draws only; operators are referred to by their ids."""

import bpy

from ..operators.props.words import use_context
from . import exchange, menus, panels, preferences, presets, result, shape_panels, translations

_CLASSES = (
    *preferences.CLASSES, *presets.CLASSES, *result.CLASSES, *panels.CLASSES, *shape_panels.CLASSES,
    *exchange.CLASSES, *menus.CLASSES,
)  # fmt: skip


def register() -> None:
    use_context(_CLASSES)
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    menus.register()
    exchange.register_menus()
    translations.register()


def unregister() -> None:
    translations.unregister()
    exchange.unregister_menus()
    menus.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
