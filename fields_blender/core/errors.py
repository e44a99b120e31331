"""The one error an artist sees."""


class FieldsError(Exception):
    """What went wrong and what to do about it, in a sentence for the artist (no traceback is shown).

    `FieldsError("“{name}” is muted. Unmute it.", name=strip.name)`: a sentence whose values come apart from it can be
    looked up in the artist's language before they are filled in.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence, self.values = sentence, values
