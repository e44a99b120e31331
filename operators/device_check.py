"""fields.test_device: which device the networks really run on and how fast, said before an artist needs it."""

import bpy

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MODELS
from .common.devices import chosen_device
from .common.wording import say, told


class FIELDS_OT_test_device(bpy.types.Operator):
    """Run the networks on the chosen device: says what they really run on, why, and how fast"""

    bl_idname = "fields.test_device"
    bl_label = "Test Device"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        from ..fields_blender.capture import device_check  # here, so that enabling the extension stays quick

        state = context.window_manager.fields
        try:
            said, each = device_check.try_networks(MODELS, chosen_device(context))
        except FieldsError as error:
            state.device = told(error)
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}
        speed = say(
            "{time:.1f} ms a frame: {rate:.0f} frames a second, without reading the video.",
            time=each,
            rate=1000.0 / each,
        )
        state.device = f"{speed} {say(said)}"
        self.report({"INFO"}, state.device)
        return {"FINISHED"}


CLASSES = (FIELDS_OT_test_device,)
