"""The footage: which strip it is, the buttons that open a video and show it, and what different frame rates mean."""

import bpy

from ..operators.props.chosen import Footage, footage_of, rates_of
from .layout import head_of, paragraph, say

_SAME = 0.005  # frames a second; 29.97 and 30 / 1.001 are the same, 29.97 and 30 are not


def draw_footage(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    settings, footage = context.scene.fields, footage_of(context)
    picked = bool(settings.footage_name)
    if not footage.strips and not picked:
        row = layout.row()
        row.scale_y = 1.4
        row.operator("fields.open_video", icon="FILE_MOVIE")
        return
    row = layout.row(align=True)
    row.prop(settings, "footage", text="")
    row.operator("fields.open_video", text="", icon="FILEBROWSER")
    if not footage.strips:
        return
    if not picked:
        layout.label(text=footage.name, icon="SEQUENCE", translate=False)
    _rates(layout, context, footage)


def draw_reference(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button that shows the footage beside the head, where there are both, and what becomes of it."""
    settings = context.scene.fields
    if head_of(context) is None or not (settings.reference or footage_of(context).strips):
        return
    row = layout.row(align=True)
    row.operator("fields.reference_view", icon="IMAGE_REFERENCE")
    row.operator("fields.reference_view", text="", icon="CAMERA_DATA").place = "CAMERA"
    if settings.reference:
        shown = settings.show_landmarks
        row.operator("fields.reference_landmarks", text="", icon="OUTLINER_OB_LIGHTPROBE", depress=shown)
        row.operator("fields.reference_remove", text="", icon="X")
    if settings.reference_outdated:
        paragraph(layout, context, "The strips have changed. Press Reference View again", "INFO")


def _rates(layout: bpy.types.UILayout, context: bpy.types.Context, footage: Footage) -> None:
    """What it means that video, Sequencer and scene differ in their frame rates; nothing where they don't."""
    video, there, here = rates_of(footage, context)
    if abs(there - here) > _SAME:
        paragraph(
            layout,
            context,
            say(
                "The strip is in “{scene}” with {there:.4g} frames a second, and this scene has {here:.4g}: keys come "
                "at the right time, but not on the frame numbers of the strip. Give both scenes the same frame rate",
                scene=footage.scene.name,
                there=there,
                here=here,
            ),
            "ERROR",
        )
    elif footage.scene != context.scene:
        layout.label(text=say("In the scene “{scene}”", scene=footage.scene.name), icon="SCENE_DATA", translate=False)
    if video and abs(video - there) > _SAME:
        paragraph(
            layout,
            context,
            say(
                "The video has {video:.4g} frames a second, the scene {there:.4g}. What you see on a frame is what is "
                "captured there",
                video=video,
                there=there,
            ),
            "INFO",
        )
