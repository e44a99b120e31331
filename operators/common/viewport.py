"""Having the 3D View show something."""

from collections.abc import Iterable

import bpy
from mathutils import Quaternion

# What looks along +Y, as Blender's own Front does: heads face -Y.
FRONT = Quaternion((0.5**0.5, 0.5**0.5, 0.0, 0.0))


def show(context: bpy.types.Context, things: Iterable[bpy.types.Object]) -> None:
    """Look at what is selected, of `things`, from the front and with its materials.

    In the 3D View one is in, or else the largest one; without one nothing happens.
    """
    area = of(context)
    if area is None:
        return
    space = area.spaces.active
    assert isinstance(space, bpy.types.SpaceView3D)
    region = window_of(area)
    add_to_local_view(area, things)
    if space.shading.type in {"WIREFRAME", "SOLID"}:
        space.shading.type = "MATERIAL"
    view = space.region_3d
    view.view_perspective = "PERSP"
    view.view_rotation = FRONT
    with context.temp_override(window=context.window, area=area, region=region):
        bpy.ops.view3d.view_selected()


def add_to_local_view(area: bpy.types.Area, things: Iterable[bpy.types.Object]) -> None:
    """Where a 3D View is in local view, show `things` there too."""
    space = area.spaces.active
    if isinstance(space, bpy.types.SpaceView3D) and space.local_view:
        for thing in things:
            thing.local_view_set(space, True)


def window_of(area: bpy.types.Area) -> bpy.types.Region:
    """The region of an area that shows the scene."""
    return next(region for region in area.regions if region.type == "WINDOW")


def of(context: bpy.types.Context) -> bpy.types.Area | None:
    """The 3D View one is in, or else the largest one; None without one."""
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    there = [area for area in context.window.screen.areas if area.type == "VIEW_3D"] if context.window else []
    return max(there, key=lambda area: area.width * area.height, default=None)
