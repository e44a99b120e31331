"""Settings as Blender keeps them: on a head, on the scene, of the run.

May import common, footage, takes and head.
"""

import bpy
from bpy.props import CollectionProperty, PointerProperty

from ..common.wording import use_context
from . import shape_settings
from .actor import FIELDS_Actor
from .added_emotion import FIELDS_AddedEmotion
from .correction import FIELDS_CorrectedChannel, FIELDS_Correction
from .head_settings import FIELDS_HeadSettings
from .mapping_row import FIELDS_MappingRow
from .run_state import FIELDS_RunState
from .scene_settings import FIELDS_SceneSettings
from .take import FIELDS_Take

_OF_A_HEAD = (
    FIELDS_MappingRow, FIELDS_CorrectedChannel, FIELDS_Correction, FIELDS_Take, FIELDS_AddedEmotion,
    *shape_settings.CLASSES,
    FIELDS_HeadSettings,
)  # fmt: skip
CLASSES = (*_OF_A_HEAD, FIELDS_Actor, FIELDS_SceneSettings, FIELDS_RunState)


def _overridable(names: dict[str, bpy.props._PropertyDeferred]) -> None:
    """Let artists change these on heads that are library overrides, and keep what they changed."""
    for made in names.values():
        extra = {"USE_INSERTION"} if made.function is CollectionProperty else set()
        made.keywords["override"] = {"LIBRARY_OVERRIDABLE"} | extra


def register() -> None:
    for cls in _OF_A_HEAD:
        _overridable(cls.__annotations__)
    use_context(CLASSES)
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Object.fields = PointerProperty(type=FIELDS_HeadSettings, override={"LIBRARY_OVERRIDABLE"})
    bpy.types.Scene.fields = PointerProperty(type=FIELDS_SceneSettings)
    bpy.types.WindowManager.fields = PointerProperty(type=FIELDS_RunState)


def unregister() -> None:
    del bpy.types.WindowManager.fields
    del bpy.types.Scene.fields
    del bpy.types.Object.fields
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
