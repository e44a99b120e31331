"""Bake Down and Push to NLA."""

import bpy
from bpy.props import EnumProperty

from ..fields_blender.core.errors import FieldsError
from .common.wording import say
from .head import heads, mappings
from .head_operator import HeadOperator
from .keys import layers
from .takes import track_store


class FIELDS_OT_bake_down(HeadOperator, bpy.types.Operator):
    """Make one plain action of the two NLA layers, as they play now"""

    bl_idname = "fields.bake_down"
    bl_label = "Bake Down"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        count = layers.flatten(_found(context, head), mappings.of(head))
        head.fields.write_as = "BAKED"
        if count == 1:
            return say("1 channel of the emotion's layer baked into the action below")
        return say("{count} channels of the emotion's layer baked into the action below", count=count)


class FIELDS_OT_push_to_nla(HeadOperator, bpy.types.Operator):
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

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        found = _found(context, head)
        if layers.present(found):
            raise FieldsError("This head is keyed in layers, which are in the NLA already.")
        name = head.fields.action_name or f"FIELDS {track_store.name(head)}"
        count = layers.push(found, self.blend, name)
        if not count:
            raise FieldsError("“{name}” has no keys to push. Bake keys first.", name=head.name)
        head.fields.baked = ""  # the slider writes a new action from now on
        return say("1 strip in the NLA") if count == 1 else say("{count} strips in the NLA", count=count)


def _found(context: bpy.types.Context, head: bpy.types.Object) -> heads.Head:
    context.view_layer.update()
    return heads.find(head, mappings.of(head))


CLASSES = (FIELDS_OT_bake_down, FIELDS_OT_push_to_nla)
