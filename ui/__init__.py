"""The face: panels and preferences. Draws only; operators are named by their ids."""

import bpy

from . import exchange, panels, preferences, presets, result, shape_panels, translations

_CLASSES = (
    *preferences.CLASSES, *presets.CLASSES, *result.CLASSES, *panels.CLASSES, *shape_panels.CLASSES,
    *exchange.CLASSES,
)  # fmt: skip


def register() -> None:
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    panels.register_menus()
    exchange.register_menus()
    translations.register()


def unregister() -> None:
    translations.unregister()
    exchange.unregister_menus()
    panels.unregister_menus()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
