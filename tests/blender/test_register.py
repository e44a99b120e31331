"""Enabling and disabling."""

import bpy

from tests.blender import another_blender


def test_disabled_and_enabled_again_everything_is_back(extension):
    assert hasattr(bpy.types, "FIELDS_OT_capture")
    extension.unregister()
    assert not hasattr(bpy.types, "FIELDS_OT_capture")
    assert not hasattr(bpy.types.Object, "fields") and not hasattr(bpy.types.Scene, "fields")
    extension.register()
    assert hasattr(bpy.types, "FIELDS_OT_capture")
    assert bpy.context.scene.fields.face == "LARGEST"


def test_every_tooltip_says_something_and_has_no_full_stop(part):
    # Blender sets the full stop itself.
    props = part("operators.props")
    properties = [
        prop for cls in props.CLASSES[:2] for prop in cls.bl_rna.properties if prop.identifier in cls.__annotations__
    ]
    shown = [prop for prop in properties if not prop.is_hidden]
    assert shown
    for prop in shown:
        assert prop.description and not prop.description.endswith("."), prop.identifier
        for item in getattr(prop, "enum_items", ()):
            assert item.description and not item.description.endswith("."), (prop.identifier, item.identifier)
    for name in (
        "capture", "recapture", "bake", "cancel", "add_head", "test_device", "take_duplicate", "take_delete",
        "take_blend", "take_export", "take_import", "take_pack", "bake_down", "push_to_nla",
    ):  # fmt: skip
        description = getattr(bpy.ops.fields, name).get_rna_type().description
        assert description and not description.endswith("."), name


def test_the_tab_is_in_both_editors():
    for name in ("footage", "head", "capture", "keys"):
        assert getattr(bpy.types, f"FIELDS_PT_{name}_view").bl_category == "FIELDS"
        assert getattr(bpy.types, f"FIELDS_PT_{name}_sequencer").bl_space_type == "SEQUENCE_EDITOR"


def test_enabling_loads_neither_opencv_nor_onnxruntime():
    """In a process of its own: here other tests have loaded them."""
    done = another_blender.run(
        "print('loaded:', sorted({{'cv2', 'onnxruntime', 'torch'}} & (set(sys.modules) - before)))\n"
        "extension.unregister()"
    )
    assert "loaded: []" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0, done.stderr  # bpy 4.2 crashed at its end after it
