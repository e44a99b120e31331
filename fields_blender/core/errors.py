"""The one error that an artist sees, and notes of what went wrong without ending the work."""

from typing import Self


class FieldsError(Exception):
    """What went wrong and what to do about it, in a sentence for the artist; no traceback is shown.

    `FieldsError("“{name}” is muted. Unmute it.", name=strip.name)`: the sentence is kept without its values, so that it
    can be translated before they are filled in. A sentence without values is taken as it is, braces and all.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence, self.values = sentence, values


class Note(str):
    """A sentence for the artist about what went on all the same; made and translated as a FieldsError is."""

    sentence: str
    values: dict[str, object]

    def __new__(cls, sentence: str, **values: object) -> Self:
        made = super().__new__(cls, sentence.format(**values) if values else sentence)
        made.sentence, made.values = sentence, values
        return made
