"""What operators on the chosen head have in common: when they can run, and how they report what they did.

Beside the operators rather than in `common`: it needs the rooms `head` and `takes`.
"""

from typing import TYPE_CHECKING

import bpy

from ..fields_blender.core.errors import FieldsError
from .common.wording import say, told
from .head.heads import chosen_head
from .takes import track_store

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems

    _Operator = bpy.types.Operator
else:
    _Operator = object


class HeadOperator(_Operator):
    """Acts on the chosen head and reports a sentence."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def head(cls, context: bpy.types.Context) -> bpy.types.Object | None:
        """What it acts on."""
        return chosen_head(context)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if cls.head(context) is None:
            cls.poll_message_set(say("Choose a head first: under Head, or by selecting it in the 3D View"))
            return False
        return True

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        """Do it and return the report, which may be empty. None: nothing was done, and why is reported already.

        Raises FieldsError where it can't be done.
        """
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        head = self.head(context)
        assert head is not None  # `poll` has seen it
        try:
            done = self.act(context, head)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        if done is None:
            return {"CANCELLED"}
        if done:
            self.report({"INFO"}, done)
        return {"FINISHED"}


class TakeOperator(HeadOperator):
    """Acts on a head that has a take."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        head = chosen_head(context)
        if head is None or not track_store.has(head):
            cls.poll_message_set(say("Choose a head with a take first: Capture makes one"))
            return False
        return True


def head_of(context: bpy.types.Context) -> bpy.types.Object:
    """The chosen head, where `poll` has seen that there is one."""
    head = chosen_head(context)
    assert head is not None
    return head
