"""What a vertex or triangle of a training picture belongs to."""

SKIN, EYE_LEFT, EYE_RIGHT, TEETH, MOUTH, LASH, SCALP, WORN = range(8)
