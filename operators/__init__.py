"""Everything that touches Blender's data: the operators, a file per verb, and below them the rooms they use.

Rooms import downward only: common < footage, takes, head < props < keys < the verbs.
"""

import bpy

from . import (
    actors,
    add_shapes,
    added_emotions,
    bake,
    calibrate,
    capture,
    command,
    corrections,
    demo_head,
    device_check,
    diagnostics,
    doubtful_frames,
    emotion_view,
    export_performance,
    flame_head,
    help,
    import_performance,
    keymap,
    layer_verbs,
    mapping_edit,
    mapping_shape,
    open_video,
    presets,
    props,
    recover_capture,
    reference_landmarks,
    reference_view,
    side_by_side,
    take_verbs,
)
from .common import job, module_exit
from .common.wording import use_context
from .keys import confidence_curves, live, mapping_preview
from .takes import takes, track_files, unfinished

_VERBS = (
    job,
    bake,
    calibrate,
    doubtful_frames,
    open_video,
    reference_view,
    reference_landmarks,
    side_by_side,
    capture,
    recover_capture,
    actors,
    take_verbs,
    corrections,
    layer_verbs,
    added_emotions,
    emotion_view,
    mapping_edit,
    mapping_shape,
    add_shapes,
    presets,
    device_check,
    diagnostics,
    help,
    import_performance,
    export_performance,
    flame_head,
    demo_head,
)
_CLASSES = tuple(cls for verb in _VERBS for cls in verb.CLASSES)
# What registers more than classes: handlers, menus, listeners.
_MORE = (
    demo_head,
    job,
    track_files,
    takes,
    unfinished,
    confidence_curves,
    live,
    mapping_preview,
    command,
    presets,
    keymap,
    reference_view,
    reference_landmarks,
)


def register() -> None:
    module_exit.register()
    props.register()
    use_context(_CLASSES)
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    for module in _MORE:
        module.register()


def unregister() -> None:
    for module in reversed(_MORE):
        module.unregister()
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
    props.unregister()
