"""The hands: everything that touches Blender's data. One file a verb."""

import bpy

from . import (
    add_shapes,
    added_emotions,
    bake,
    calibrate,
    capture,
    command,
    confidence,
    demo_head,
    diagnostics,
    emotion_view,
    export_performance,
    flame_head,
    import_performance,
    job,
    keymap,
    layer_verbs,
    mapping_edit,
    mapping_shape,
    mapping_test,
    presets,
    props,
    take_verbs,
    takes,
    track_files,
    try_device,
)

_VERBS = (
    job,
    bake,
    calibrate,
    confidence,
    capture,
    take_verbs,
    layer_verbs,
    added_emotions,
    emotion_view,
    mapping_edit,
    mapping_shape,
    add_shapes,
    presets,
    try_device,
    diagnostics,
)
_CLASSES = tuple(cls for verb in _VERBS for cls in verb.CLASSES)
_EXCHANGE = (*import_performance.CLASSES, *export_performance.CLASSES, *flame_head.CLASSES)


def register() -> None:
    props.register()
    for cls in (*_CLASSES, *_EXCHANGE):
        bpy.utils.register_class(cls)
    demo_head.register()
    job.register()
    track_files.register()
    takes.register()
    mapping_test.register()
    command.register()
    presets.register()
    keymap.register()


def unregister() -> None:
    keymap.unregister()
    presets.unregister()
    command.unregister()
    mapping_test.unregister()
    takes.unregister()
    track_files.unregister()
    job.unregister()
    demo_head.unregister()
    for cls in reversed((*_CLASSES, *_EXCHANGE)):
        bpy.utils.unregister_class(cls)
    props.unregister()
