"""How keys are written: declared once, for the settings of a head and for the operator that bakes."""

from typing import Any

from bpy.props import BoolProperty, EnumProperty, FloatProperty

from . import choices, on_change


def bake_settings(options: set[Any], listens: bool = False) -> dict[str, Any]:
    """The annotations of a class that has these settings, each with `options`.

    `listens`: a change of those that shape the performance has the keys rewritten.
    """
    return {
        "jaw_on": EnumProperty(
            name="Jaw",
            description="What opens the mouth. Never both, so that nothing moves twice",
            items=choices.JAW_ON,
            options=options,
        ),
        "eyes_on": EnumProperty(
            name="Eyes",
            description="What turns the eyes. Never both, so that nothing moves twice",
            items=choices.EYES_ON,
            options=options,
        ),
        "use_smoothing": BoolProperty(
            name="Smooth",
            description="Remove jitter before keys are written; blinks keep their peak and nothing is delayed",
            default=True,
            options=options,
            update=on_change.changed if listens else None,
        ),
        "use_head_rotation": BoolProperty(
            name="Head Rotation",
            description="Key the head's rotation too, on the head bone or, without an armature, on the object",
            default=True,
            options=options,
        ),
        "key_style": EnumProperty(
            name="Keys",
            description="How many keys are written",
            items=choices.KEY_STYLES,
            default="REDUCED",
            options=options,
        ),
        "key_tolerance": FloatProperty(
            name="Tolerance",
            description="How far reduced keys may be from the capture on any frame, in units of a shape key (0.02 "
            "is also 0.3 degrees of a bone). Closed lips are kept four times as exact",
            default=0.02,
            min=0.001,
            max=0.2,
            step=1,
            precision=3,
            options=options,
        ),
        "write_as": EnumProperty(
            name="Write", description="Where the emotion goes", items=choices.WAYS_TO_WRITE, options=options
        ),
        "existing_keys": EnumProperty(
            name="Existing Keys",
            description="What happens to existing keys. Sliders rewrite keys only with Replace",
            items=choices.EXISTING_KEYS,
            options=options,
        ),
        "own_keys": EnumProperty(
            name="Own Keys",
            description="What becomes of keys you set or moved since the last bake, where new ones take their place",
            items=choices.OWN_KEYS,
            options=options,
        ),
        "mix_share": FloatProperty(
            name="Share",
            description="How much of the capture is in the mix: 0 nothing, 1 all",
            subtype="FACTOR",
            min=0.0,
            max=1.0,
            default=0.5,
            options=options,
        ),
        "key_range": EnumProperty(
            name="Range",
            description="Which frames get keys; the others keep theirs",
            items=choices.KEY_RANGES,
            options=options,
        ),
        "key_regions": EnumProperty(
            name="Regions",
            description="Which parts of the face get keys; the others keep theirs",
            items=choices.KEY_REGIONS,
            default={name for name, *_ in choices.KEY_REGIONS},
            options={*options, "ENUM_FLAG"},
        ),
    }


BAKE_SETTINGS = tuple(bake_settings(set()))
