"""fields.mapping_...: the verbs of the mapping's list."""

import functools
from collections.abc import Callable
from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..fields_blender.core.errors import FieldsError
from ..fields_blender.core.paths import MAPPINGS
from ..fields_blender.rig import mapping_file, match
from ..fields_blender.rig.mapping import BoneChannel
from ..fields_blender.rig.mirror import mirrored_channel
from .common.wording import told
from .head import flame_keys, head_objects, mapping_rows, mappings, rig_listing
from .head.heads import chosen_head
from .keys import mapping_preview
from .props.mapping_row import FIELDS_MappingRow


def sentence(execute: Callable) -> Callable:
    """What goes wrong is reported as a sentence; the test slider lets go first."""

    @functools.wraps(execute)
    def run(self, context: bpy.types.Context) -> set[str]:
        mapping_preview.put_back()
        try:
            return execute(self, context)
        except FieldsError as error:
            self.report({"ERROR"}, told(error))
            return {"CANCELLED"}

    return run


class OnHead:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if chosen_head(context) is None:
            cls.poll_message_set("Choose a head first: under Head, or by selecting it in the 3D View")
            return False
        return True


class _OnRows(OnHead):
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not chosen_head(context).fields.rows:
            cls.poll_message_set("Match the head first: its rows are listed then")
            return False
        return True


class FIELDS_OT_mapping_match(OnHead, bpy.types.Operator):
    """List what follows what on this head, found by names, on FLAME heads by geometry. Rows set by hand are lost"""

    bl_idname = "fields.mapping_match"
    bl_label = "Automatic Match"

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        mappings.forget()
        found = mappings.automatic(head)
        mapping_rows.fill(head, found)
        for mesh in head_objects.with_shape_keys(head_objects.members(head)):
            flame_keys.widen(mesh, found.mapping)
        hint = ". Its names tell little: try Match by Shape" if mappings.names_tell_little(head, found) else ""
        head.fields.matched = found.sentence() + hint
        self.report({"INFO"}, head.fields.matched)
        return {"FINISHED"}


def _presets(_operator, _context: bpy.types.Context) -> list[tuple[str, str, str]]:
    # Blender needs the texts to be kept.
    _presets.kept = [(stem, made.name, made.about) for stem, made in match.presets(MAPPINGS).items()]
    return _presets.kept


class FIELDS_OT_mapping_preset(OnHead, bpy.types.Operator):
    """List the rows of a convention you choose, matched to this head's names. Rows set by hand are lost"""

    bl_idname = "fields.mapping_preset"
    bl_label = "Use Preset"

    preset: EnumProperty(name="Preset", description="The convention this head follows", items=_presets)

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        found = match.use(rig_listing.rig(head), match.presets(MAPPINGS)[self.preset], self.preset in match.OPEN)
        mapping_rows.fill(head, found)
        head.fields.matched = found.sentence()
        self.report({"INFO"}, head.fields.matched)
        return {"FINISHED"}


class FIELDS_OT_mapping_clear(_OnRows, bpy.types.Operator):
    """Forget this head's rows: what follows what is found by names again, each time keys are written"""

    bl_idname = "fields.mapping_clear"
    bl_label = "Back to Automatic"

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = chosen_head(context).fields
        settings.rows.clear()
        settings.matched = settings.mapping_name = ""
        return {"FINISHED"}


class FIELDS_OT_mapping_add(_OnRows, bpy.types.Operator):
    """Add a row below the active one"""

    bl_idname = "fields.mapping_add"
    bl_label = "Add Row"

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = chosen_head(context).fields
        settings.rows.add().source = "jawOpen"
        settings.rows.move(len(settings.rows) - 1, settings.row + 1)
        settings.row += 1
        return {"FINISHED"}


class FIELDS_OT_mapping_remove(_OnRows, bpy.types.Operator):
    """Remove the active row"""

    bl_idname = "fields.mapping_remove"
    bl_label = "Remove Row"

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = chosen_head(context).fields
        if not 0 <= settings.row < len(settings.rows):
            return {"CANCELLED"}
        settings.rows.remove(settings.row)
        settings.row = max(min(settings.row, len(settings.rows) - 1), 0)
        return {"FINISHED"}


class FIELDS_OT_mapping_mirror(_OnRows, bpy.types.Operator):
    """Let the other side follow as the active row's side does: its row is changed, or added where there is none"""

    bl_idname = "fields.mapping_mirror"
    bl_label = "Mirror Row"

    which: EnumProperty(
        name="Rows",
        description="Which rows to mirror",
        items=[
            ("ACTIVE", "Active Row", "The active row alone"),
            ("LEFT", "Left to Right", "All rows of the left side"),
            ("RIGHT", "Right to Left", "All rows of the right side"),
        ],
    )

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = chosen_head(context).fields
        chosen = [row for i, row in enumerate(settings.rows) if self._wanted(row, i == settings.row)]
        done = 0
        for made in [
            mapping_rows.read(row) for row in chosen if row.source and row.target and not mapping_rows.mistake(row)
        ]:
            other = mirrored_channel(made)
            if other == made:
                continue
            there = next((row for row in settings.rows if _same_place(row, other)), None) or settings.rows.add()
            mapping_rows.write(there, other)
            there.confidence, there.why = 1.0, f"mirror of “{made.target}”"
            done += 1
        if not done:
            self.report({"WARNING"}, "Nothing to mirror: the row and its target name no side.")
            return {"CANCELLED"}
        self.report({"INFO"}, f"{done} row{'s' * (done != 1)} mirrored")
        return {"FINISHED"}

    def _wanted(self, row: FIELDS_MappingRow, active: bool) -> bool:
        return active if self.which == "ACTIVE" else self.which.lower() in row.source.casefold()


def _same_place(row: FIELDS_MappingRow, made) -> bool:
    try:
        there = mapping_rows.read(row)
    except ValueError:
        return False
    if type(there) is not type(made):
        return False
    return there.bone == made.bone if isinstance(made, BoneChannel) else there.name == made.name


class FIELDS_OT_mapping_save(_OnRows, ExportHelper, bpy.types.Operator):
    """Save this head's rows as a mapping file, for other heads and files"""

    bl_idname = "fields.mapping_save"
    bl_label = "Save Mapping"
    bl_options = {"REGISTER"}

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        mapping_file.save(mapping_rows.mapping(chosen_head(context)), self.filepath)
        self.report({"INFO"}, f"Saved {self.filepath}")
        return {"FINISHED"}


class FIELDS_OT_mapping_load(OnHead, ImportHelper, bpy.types.Operator):
    """List the rows of a mapping file, matched to this head's names. Rows set by hand are lost"""

    bl_idname = "fields.mapping_load"
    bl_label = "Load Mapping"

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        head = chosen_head(context)
        loaded = mapping_file.load(Path(self.filepath))
        found = match.use(rig_listing.rig(head), loaded)
        mapping_rows.fill(head, found)
        head.fields.matched = found.sentence()
        self.report({"INFO"}, head.fields.matched)
        return {"FINISHED"}


class FIELDS_OT_mapping_copy(OnHead, bpy.types.Operator):
    """List the rows of another head, matched to this head's names. Rows set by hand are lost"""

    bl_idname = "fields.mapping_copy"
    bl_label = "Copy from Head"
    bl_property = "other"

    def _heads(self, context: bpy.types.Context) -> list[tuple[str, str, str]]:
        # Blender asks without a context too, and needs the texts to be kept.
        here = chosen_head(context) if context else None
        type(self)._kept = [
            (item.name, item.name, f"{len(item.fields.rows)} rows")
            for item in bpy.data.objects
            if item != here and item.fields.rows
        ]
        return type(self)._kept

    other: EnumProperty(name="Head", description="The head whose rows to take", items=_heads)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    @sentence
    def execute(self, context: bpy.types.Context) -> set[str]:
        head, other = chosen_head(context), bpy.data.objects.get(self.other)
        if other is None:
            self.report({"WARNING"}, "No other head has rows yet.")
            return {"CANCELLED"}
        found = match.use(rig_listing.rig(head), mapping_rows.mapping(other))
        mapping_rows.fill(head, found)
        head.fields.matched = found.sentence()
        self.report({"INFO"}, head.fields.matched)
        return {"FINISHED"}


CLASSES = (
    FIELDS_OT_mapping_match,
    FIELDS_OT_mapping_preset,
    FIELDS_OT_mapping_clear,
    FIELDS_OT_mapping_add,
    FIELDS_OT_mapping_remove,
    FIELDS_OT_mapping_mirror,
    FIELDS_OT_mapping_save,
    FIELDS_OT_mapping_load,
    FIELDS_OT_mapping_copy,
)
