"""fields.mapping_...: the operators of the mapping's list."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import bpy
from bpy.props import EnumProperty, StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..fields_blender.core.names import ARKIT
from ..fields_blender.core.paths import MAPPINGS
from ..fields_blender.rig import mapping_file, match
from ..fields_blender.rig.mapping import BoneChannel
from ..fields_blender.rig.match_result import DOUBTFUL, Match
from ..fields_blender.rig.mirror import mirrored_channel
from .common.enum_items import Items, keep
from .common.wording import say
from .head import flame_keys, head_objects, mapping_rows, mappings, rig_listing
from .head.heads import chosen_head
from .head_operator import HeadOperator, head_of
from .keys import mapping_preview
from .props.mapping_row import FIELDS_MappingRow

if TYPE_CHECKING:
    from bpy.stub_internal.rna_enums import OperatorReturnItems


def summary(found: Match) -> str:
    """ "MetaHuman: 50 rows matched, 2 to look at, 3 of 52 captured shapes move nothing"."""
    rows, doubtful = len(found.found), sum(row.confidence < DOUBTFUL for row in found.found)
    said = [
        say(
            "{mapping}: {count} row matched" if rows == 1 else "{mapping}: {count} rows matched",
            mapping=found.profile,
            count=rows,
        )
    ]
    if doubtful:
        said.append(say("{count} to look at", count=doubtful))
    if found.missing:
        said.append(say("{count} of {total} captured shapes move nothing", count=len(found.missing), total=len(ARKIT)))
    return ", ".join(said)


def _listed(head: bpy.types.Object, said: str) -> str:
    """Show in the panel what a match found; it is the operator's report too."""
    head.fields.matched = said
    return said


class MappingOperator(HeadOperator):
    """Works on the mapping of the chosen head. The test slider is reset first."""

    def execute(self, context: bpy.types.Context) -> "set[OperatorReturnItems]":
        mapping_preview.put_back()
        return super().execute(context)


class _OnRows(MappingOperator):
    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not super().poll(context):
            return False
        if not head_of(context).fields.rows:
            cls.poll_message_set(say("Match the head first, which lists its rows"))
            return False
        return True


class FIELDS_OT_mapping_match(MappingOperator, bpy.types.Operator):
    bl_idname = "fields.mapping_match"
    bl_label = "Match by Name"
    bl_description = (
        "Match this head's shape keys and bones to the captured channels by name, on FLAME heads by geometry. "
        "Rows set by hand are lost"
    )

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        mappings.forget()
        found = mappings.automatic(head)
        mapping_rows.fill(head, found)
        for mesh in head_objects.with_shape_keys(head_objects.members(head)):
            flame_keys.widen(mesh, found.mapping)
        said = summary(found)
        if mappings.names_tell_little(head, found):
            said += ". " + say("Its names tell little: try Match by Shape")
        return _listed(head, said)


def _presets(_operator, _context: bpy.types.Context | None) -> Items:
    return keep("presets", [(stem, made.name, made.about) for stem, made in match.presets(MAPPINGS).items()])


class FIELDS_OT_mapping_preset(MappingOperator, bpy.types.Operator):
    """Match this head to a naming convention of your choice. Rows set by hand are lost"""

    bl_idname = "fields.mapping_preset"
    bl_label = "Use Preset"

    preset: EnumProperty(name="Preset", description="The convention this head follows", items=_presets)

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        found = match.use(rig_listing.rig(head), match.presets(MAPPINGS)[self.preset], self.preset in match.OPEN)
        mapping_rows.fill(head, found)
        return _listed(head, summary(found))


class FIELDS_OT_mapping_clear(_OnRows, bpy.types.Operator):
    """Discard this head's rows: it is matched by name again whenever keys are written"""

    bl_idname = "fields.mapping_clear"
    bl_label = "Clear List"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        settings = head.fields
        settings.rows.clear()
        settings.matched = settings.mapping_name = ""
        return ""


class FIELDS_OT_mapping_add(_OnRows, bpy.types.Operator):
    """Add a row below the active one"""

    bl_idname = "fields.mapping_add"
    bl_label = "Add Row"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        settings = head.fields
        settings.rows.add().source = "jawOpen"
        settings.rows.move(len(settings.rows) - 1, settings.row + 1)
        settings.row += 1
        return ""


class FIELDS_OT_mapping_remove(_OnRows, bpy.types.Operator):
    """Remove the active row"""

    bl_idname = "fields.mapping_remove"
    bl_label = "Remove Row"

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        settings = head.fields
        if not 0 <= settings.row < len(settings.rows):
            return None
        settings.rows.remove(settings.row)
        settings.row = max(min(settings.row, len(settings.rows) - 1), 0)
        return ""


class FIELDS_OT_mapping_mirror(_OnRows, bpy.types.Operator):
    """Copy the active row to the other side of the face: the row there is changed, or added where there is none"""

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

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        settings = head.fields
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
            there.confidence, there.why = 1.0, say("mirror of “{target}”", target=made.target)
            done += 1
        if not done:
            self.report({"WARNING"}, say("Nothing to mirror: the row and its target name no side."))
            return None
        return say("{count} row mirrored" if done == 1 else "{count} rows mirrored", count=done)

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


def _count(rows: Sequence) -> str:
    return say("{count} row" if len(rows) == 1 else "{count} rows", count=len(rows))


class FIELDS_OT_mapping_save(_OnRows, ExportHelper, bpy.types.Operator):
    """Save this head's rows as a mapping file, for other heads and files"""

    bl_idname = "fields.mapping_save"
    bl_label = "Save Mapping"
    bl_options = {"REGISTER"}

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        mapping_file.save(mapping_rows.mapping(head), self.filepath)
        return say("Saved {path}", path=self.filepath)


class FIELDS_OT_mapping_load(MappingOperator, ImportHelper, bpy.types.Operator):
    """Match this head by a mapping file. Rows set by hand are lost"""

    bl_idname = "fields.mapping_load"
    bl_label = "Load Mapping"

    filename_ext = ".json"
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str:
        loaded = mapping_file.load(Path(self.filepath))
        found = match.use(rig_listing.rig(head), loaded)
        mapping_rows.fill(head, found)
        return _listed(head, summary(found))


class FIELDS_OT_mapping_copy(MappingOperator, bpy.types.Operator):
    """Match this head as another one is. Rows set by hand are lost"""

    bl_idname = "fields.mapping_copy"
    bl_label = "Copy from Head"
    bl_property = "other"

    def _heads(self, context: bpy.types.Context | None) -> Items:
        here = chosen_head(context) if context else None  # Blender asks without a context too
        others = [item for item in bpy.data.objects if item != here and item.fields.rows]
        return keep("heads", [(item.name, item.name, _count(item.fields.rows)) for item in others])

    other: EnumProperty(name="Head", description="The head whose rows to take", items=_heads)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, head: bpy.types.Object) -> str | None:
        other = bpy.data.objects.get(self.other)
        if other is None:
            self.report({"WARNING"}, say("No other head has rows yet."))
            return None
        found = match.use(rig_listing.rig(head), mapping_rows.mapping(other))
        mapping_rows.fill(head, found)
        return _listed(head, summary(found))


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
