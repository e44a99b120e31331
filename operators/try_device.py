"""fields.test_device: which device the networks really run on, said before an artist needs it."""

from pathlib import Path

import bpy

from ..fields_blender import device
from ..fields_blender.errors import FieldsError
from .preferences_of import chosen_device

NETWORK = Path(__file__).parent.parent / "models" / "face_landmarks.onnx"


class FIELDS_OT_test_device(bpy.types.Operator):
    """Start a network on the chosen device and say what it really runs on, and why"""

    bl_idname = "fields.test_device"
    bl_label = "Test Device"
    bl_options = {"INTERNAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = chosen_device(context)
        try:
            device.import_cv2()
            said = device.describe(device.session(NETWORK, chosen), chosen)
        except FieldsError as error:
            context.window_manager.fields.device = str(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.window_manager.fields.device = said
        self.report({"INFO"}, said)
        return {"FINISHED"}


CLASSES = (FIELDS_OT_test_device,)
