"""The list of presets that the headers of Shape and Keys open."""

import bpy
from bl_ui.utils import PresetPanel


class FIELDS_PT_presets(PresetPanel, bpy.types.Panel):
    bl_label = "FIELDS Presets"
    preset_subdir = "fields_head"
    preset_operator = "fields.preset_use"
    preset_add_operator = "fields.preset_add"
    preset_extensions = {".py"}


CLASSES = (FIELDS_PT_presets,)
