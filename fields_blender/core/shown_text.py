"""Names out of files, which travel, as Blender can show and keep them."""

LONGEST = 200


def shown_text(value: object, longest: int = LONGEST) -> str:
    """`value` as text without what UTF-8 can't hold (half of a surrogate pair) and of bounded length."""
    return str(value)[:longest].encode("utf-8", "replace").decode("utf-8")
