"""The frame being captured as an icon, which any panel can draw. It exists only while a job runs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_icons: Any = None  # bpy.utils.previews.ImagePreviewCollection


def show(picture: "np.ndarray | None") -> int:
    """Put (side, side, 4) uint8 RGBA, lowest row first, into the icon; returns the icon's number, 0 without one."""
    global _icons
    if picture is None:
        return 0
    if _icons is None:
        from bpy.utils import previews

        _icons = previews.new()
        _icons.new("frame")
    icon, side = _icons["frame"], picture.shape[0]
    if tuple(icon.image_size) != (side, side):
        icon.image_size = side, side
    icon.image_pixels.foreach_set(picture.view("int32").ravel())
    return icon.icon_id


def clear() -> None:
    """Take the icon away."""
    global _icons
    if _icons is not None:
        from bpy.utils import previews

        previews.remove(_icons)
        _icons = None
