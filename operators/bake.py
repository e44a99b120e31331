"""fields.bake: from the stored track to keys. Quick, without the network, as often as you like."""

from typing import TYPE_CHECKING

import bpy
from bpy.props import BoolProperty

from .common.wording import say
from .head_operator import HeadOperator, head_of
from .keys.baking import bake
from .props.bake_settings import BAKE_SETTINGS, bake_settings
from .props.on_change import together
from .takes import track_store

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


class FIELDS_OT_bake(HeadOperator, bpy.types.Operator):
    """Write keys from this head's captured track again, without running the capture"""

    bl_idname = "fields.bake"
    bl_label = "Bake Keys"

    fresh: BoolProperty(
        name="New Action",
        description="Write a new action and leave the present one as it is",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not track_store.has(head_of(context)):
            cls.poll_message_set(say("This head has no captured track yet. Capture a strip first"))
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> "set[OperatorReturnItems]":
        settings = head_of(context).fields
        for name in BAKE_SETTINGS:
            setattr(self, name, getattr(settings, name))
        return self.execute(context)

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        with together():
            for name in BAKE_SETTINGS:
                if self.properties.is_property_set(name):
                    setattr(head.fields, name, getattr(self, name))
        context.view_layer.update()
        return bake(context.scene, head, track_store.load(head), self.fresh)


FIELDS_OT_bake.__annotations__.update(bake_settings({"SKIP_SAVE"}))

CLASSES = (FIELDS_OT_bake,)
