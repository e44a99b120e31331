"""What an importer says about how it read a file: what it took for what, and what it left out."""

from collections.abc import Iterable

# So many names are written out; of more, the number is said.
MOST_NAMES = 8
_LONGEST = 40


class Note:
    """A sentence for the artist, kept like a FieldsError's as a pattern and values, to be translated."""

    def __init__(self, sentence: str, **values: object) -> None:
        self.sentence, self.values = sentence, values

    def __str__(self) -> str:
        return self.sentence.format(**self.values) if self.values else self.sentence


def listed(names: Iterable[str]) -> str:
    """ "a, b, c", at most MOST_NAMES of them, then "+ 12"."""
    names = [name[:_LONGEST] for name in names]
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" + {rest}" if rest > 0 else "")
