"""Names in the notes of an importer: what it did not use, what was not there."""

from collections.abc import Iterable

# So many names are written out; of more, the number is said.
MOST_NAMES = 8
_LONGEST = 40


def listed(names: Iterable[str]) -> str:
    """ "a, b, c", at most MOST_NAMES of them, then "+ 12"."""
    names = [name[:_LONGEST] for name in names]
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" + {rest}" if rest > 0 else "")
