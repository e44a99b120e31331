"""The hands: everything that touches Blender's data. One file a verb."""

import bpy

from . import (
    bake,
    calibrate,
    capture,
    command,
    confidence,
    demo_head,
    export_performance,
    flame_head,
    import_performance,
    job,
    mapping_edit,
    mapping_test,
    props,
    track_store,
    try_device,
)

_CLASSES = (
    *job.CLASSES,
    *bake.CLASSES,
    *calibrate.CLASSES,
    *confidence.CLASSES,
    *capture.CLASSES,
    *mapping_edit.CLASSES,
    *try_device.CLASSES,
)
_EXCHANGE = (*import_performance.CLASSES, *export_performance.CLASSES, *flame_head.CLASSES)


def register() -> None:
    props.register()
    for cls in (*_CLASSES, *_EXCHANGE):
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
    for cls in reversed((*_CLASSES, *_EXCHANGE)):
        bpy.utils.unregister_class(cls)
    props.unregister()
