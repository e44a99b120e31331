"""Bake Down and Push to NLA."""

import bpy
from bpy.props import EnumProperty

from ..fields_blender.core.errors import FieldsError
from .common.wording import told
from .head import heads, mappings
from .head.heads import chosen_head
from .keys import layers
from .takes import track_store


class _HeadOperator:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen_head(context) is None:
            cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
            return False
        return True

    def act(self, head: heads.Head) -> str:
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            context.view_layer.update()
            chosen = chosen_head(context)
            head = heads.find(chosen, mappings.of(chosen))
            self.report({"INFO"}, self.act(head))
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class FIELDS_OT_bake_down(_HeadOperator, bpy.types.Operator):
    """Make one plain action of the two NLA layers, as they play now"""

    bl_idname = "fields.bake_down"
    bl_label = "Bake Down"

    def act(self, head: heads.Head) -> str:
        count = layers.flatten(head, mappings.of(head.object))
        head.object.fields.write_as = "BAKED"
        return f"{count} channels of the emotion's layer baked into the action below"


class FIELDS_OT_push_to_nla(_HeadOperator, bpy.types.Operator):
    """Put the head's keys into strips of the Nonlinear Animation editor: the next bake gets an action of its own"""

    bl_idname = "fields.push_to_nla"
    bl_label = "Push to NLA"

    blend: EnumProperty(
        name="Blending",
        description="How the strip goes together with those below it",
        items=[
            ("REPLACE", "Replace", "The strip takes the place of what is below"),
            ("COMBINE", "Combine", "Shape keys are added, rotations follow each other"),
            ("ADD", "Add", "The strip is added to what is below"),
        ],
    )

    def act(self, head: heads.Head) -> str:
        if layers.present(head):
            raise FieldsError("This head is keyed in layers, which are in the NLA already.")
        name = head.object.fields.action_name or f"FIELDS {track_store.name(head.object)}"
        pushed = layers.push(head, self.blend, name)
        if not pushed:
            raise FieldsError("“{name}” has no keys to push. Bake keys first.", name=head.object.name)
        head.object.fields.baked = ""  # the slider writes a new action from now on
        return f"{pushed} {'strip' if pushed == 1 else 'strips'} in the NLA"


CLASSES = (FIELDS_OT_bake_down, FIELDS_OT_push_to_nla)
