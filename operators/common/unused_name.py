"""Names that nothing in a list has yet."""

from collections.abc import Collection


def unused_name(name: str, taken: Collection[str]) -> str:
    """`name`, numbered as Blender does where it is taken: "take", "take.001"."""
    stem, dot, number = name.rpartition(".")
    stem = stem if dot and number.isdigit() else name
    count = 1
    while name in taken:
        name, count = f"{stem}.{count:03d}", count + 1
    return name
