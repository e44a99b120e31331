"""Import and export: the panel of the FIELDS tab, and the entries of File > Import and File > Export."""

from typing import Any

import bpy

from .layout import Tab, has_take, head_of, in_both, split


class _Exchange(Tab):
    bl_label = "Import and Export"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout = split(self.layout)
        column = layout.column(align=True)
        column.operator("fields.import_performance", icon="IMPORT")
        column.operator("fields.export_performance", icon="EXPORT")
        column.operator("fields.take_import", icon="IMPORT")
        if head_of(context) is not None:
            column.operator("fields.side_by_side", icon="RENDER_ANIMATION")
        if not has_take(head_of(context)):  # later it is beside the takes
            layout.prop(context.scene.fields, "takes_in")
        layout.prop(context.scene.fields, "flame_model")
        layout.operator("fields.import_flame", icon="USER")


CLASSES = tuple(in_both(_Exchange, "exchange"))


def _import_menu(self, _context: bpy.types.Context) -> None:
    self.layout.operator("fields.import_performance", text="Facial Performance (.csv/.txt/.json/.npz/.npy/.pkl)")
    self.layout.operator("fields.import_flame", text="FLAME Head (.pkl/.npz)")


def _export_menu(self, _context: bpy.types.Context) -> None:
    self.layout.operator("fields.export_performance", text="Facial Performance (.csv/.json/.npz)")
    self.layout.operator("fields.side_by_side", text="Side-by-Side Video (.mp4)")


_IN: tuple[tuple[Any, Any], ...] = (
    (bpy.types.TOPBAR_MT_file_import, _import_menu),
    (bpy.types.TOPBAR_MT_file_export, _export_menu),
)


def register_menus() -> None:
    for menu, draw in _IN:
        menu.append(draw)


def unregister_menus() -> None:
    for menu, draw in _IN:
        menu.remove(draw)
