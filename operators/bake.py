"""fields.bake: from the stored track to keys. Quick, without the network, as often as you like."""

import bpy
from bpy.props import BoolProperty

from ..fields_blender.core.errors import FieldsError
from .common.wording import told
from .head import heads
from .keys.baking import bake
from .props.bake_settings import BAKE_SETTINGS, bake_settings
from .props.on_change import together
from .takes import track_store


class FIELDS_OT_bake(bpy.types.Operator):
    """Write keys from this head's captured track again, without running the capture"""

    bl_idname = "fields.bake"
    bl_label = "Bake Keys"
    bl_options = {"REGISTER", "UNDO"}

    fresh: BoolProperty(
        name="New Action",
        description="Write a new action and leave the present one as it is",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = heads.chosen_head(context)
        if head is None:
            cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
            return False
        if not track_store.has(head):
            cls.poll_message_set("This head has no captured track yet. Capture a strip first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        settings = heads.chosen_head(context).fields
        for name in BAKE_SETTINGS:
            setattr(self, name, getattr(settings, name))
        return self.execute(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        head = heads.chosen_head(context)
        settings = head.fields
        with together():
            for name in BAKE_SETTINGS:
                if self.properties.is_property_set(name):
                    setattr(settings, name, getattr(self, name))
        try:
            context.view_layer.update()
            self.report({"INFO"}, bake(context.scene, head, track_store.load(head), self.fresh))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return {"FINISHED"}


FIELDS_OT_bake.__annotations__.update(bake_settings({"SKIP_SAVE"}))

CLASSES = (FIELDS_OT_bake,)
