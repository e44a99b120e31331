"""Choices that are made when Blender asks for them."""

Items = list[tuple[str, str, str]]

_kept: dict[str, Items] = {}


def keep(name: str, items: Items) -> Items:
    """`items`, kept until the next ones of that name: Blender itself holds no reference to their strings."""
    _kept[name] = items
    return items
