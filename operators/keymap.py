"""Our operators in Blender's keymap editor, without shortcuts: artists assign their own there."""

import bpy

OF_EDITORS = {
    ("3D View", "VIEW_3D"): (
        "fields.capture", "fields.recapture", "fields.bake", "fields.rest_here", "fields.next_doubtful",
        "fields.push_to_nla",
    ),
    ("Sequencer", "SEQUENCE_EDITOR"): ("fields.capture", "fields.recapture", "fields.bake", "fields.next_doubtful"),
    ("Graph Editor", "GRAPH_EDITOR"): ("fields.bake", "fields.rest_here", "fields.next_doubtful"),
}  # fmt: skip
_made: list = []


def register() -> None:
    ours = bpy.context.window_manager.keyconfigs.addon
    if ours is None:  # in background there is no keymap
        return
    for (name, space), verbs in OF_EDITORS.items():
        keymap = ours.keymaps.new(name=name, space_type=space)
        _made.extend((keymap, keymap.keymap_items.new(verb, "NONE", "PRESS")) for verb in verbs)


def unregister() -> None:
    for keymap, item in _made:
        keymap.keymap_items.remove(item)
    _made.clear()
