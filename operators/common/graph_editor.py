"""Having a Graph Editor show curves of an object."""

from typing import Any

import bpy

SOON = 0.3  # s: an editor must be drawn before its view can be changed


def show(context: bpy.types.Context, thing: bpy.types.Object) -> None:
    """Look at the curves of an object itself, in the Graph Editor on screen, or else in a window of its own, which
    leaves out those of its shape keys. The object is selected: that is whose curves Graph Editors list.

    Without a window nothing happens.
    """
    if bpy.app.background or context.window is None:
        return
    if thing.visible_get():
        thing.select_set(True)
    found = _on_screen(context)
    if found is None:
        with context.temp_override(window=context.window):
            bpy.ops.wm.window_new()
        window = context.window_manager.windows[-1]
        area = window.screen.areas[0]
        area.ui_type = "FCURVES"
        space: Any = area.spaces.active
        space.dopesheet.show_shapekeys = False
        found = window, area
    window, area = found
    bpy.app.timers.register(lambda: _view_all(window, area), first_interval=SOON)


def _on_screen(context: bpy.types.Context) -> tuple[bpy.types.Window, bpy.types.Area] | None:
    everywhere = ((window, area) for window in context.window_manager.windows for area in window.screen.areas)
    return next((there for there in everywhere if there[1].ui_type == "FCURVES"), None)


def _view_all(window: bpy.types.Window, area: bpy.types.Area) -> None:
    if window not in bpy.context.window_manager.windows[:] or area not in window.screen.areas[:]:
        return  # closed meanwhile
    region = next(region for region in area.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.graph.view_all()
