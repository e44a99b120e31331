"""fields.help: the guides, which lie beside the extension, in the web browser."""

import webbrowser

import bpy
from bpy.props import StringProperty

from ..fields_blender.core.paths import ROOT
from .common.wording import say

PAGES = ROOT / "help"  # made by the build, from the documents


class FIELDS_OT_help(bpy.types.Operator):
    """Open the guide in the web browser. It is on this computer: no network is needed"""

    bl_idname = "fields.help"
    bl_label = "Help"
    bl_options = {"INTERNAL"}

    page: StringProperty(name="Page", description="Which guide", default="index", options={"HIDDEN", "SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        name, _, heading = self.page.partition("#")
        path = PAGES / f"{name}.html"
        if not path.is_file():
            self.report(
                {"ERROR"},
                say("The guides are not there: install the extension again. In a checkout, read them under docs/"),
            )
            return {"CANCELLED"}
        if not webbrowser.open(path.as_uri() + (f"#{heading}" if heading else "")):
            self.report({"ERROR"}, say("No web browser could be opened. The guide is {path}", path=path))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (FIELDS_OT_help,)
