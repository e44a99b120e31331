"""Labels of a head mesh: which part a vertex or triangle belongs to. WORN: hair, clothes, accessories."""

SKIN, EYE_LEFT, EYE_RIGHT, TEETH, MOUTH, LASH, SCALP, WORN = range(8)
