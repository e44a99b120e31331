"""The hands: everything that touches Blender's data. One file a verb."""

import bpy

from . import bake, capture, command, demo_head, job, mapping_edit, mapping_test, props, track_store, try_device

_CLASSES = (*job.CLASSES, *bake.CLASSES, *capture.CLASSES, *mapping_edit.CLASSES, *try_device.CLASSES)


def register() -> None:
    props.register()
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    demo_head.register()
    job.register()
    track_store.register()
    mapping_test.register()
    command.register()


def unregister() -> None:
    command.unregister()
    mapping_test.unregister()
    track_store.unregister()
    job.unregister()
    demo_head.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    props.unregister()
