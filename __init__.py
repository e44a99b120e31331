"""FIELDS Facial Capture: the repository root is the Blender extension.

Nothing is imported here until Blender calls `register()`, so that the pure half (`fields_blender`) and its tests
work where there is no Blender, and so that enabling the extension stays quick.
"""


def register() -> None:
    from . import operators, ui

    operators.register()
    ui.register()


def unregister() -> None:
    from . import operators, ui

    ui.unregister()
    operators.unregister()
