"""The one error that an artist sees."""


class FieldsError(Exception):
    """What went wrong and what to do about it, in a sentence for the artist; no traceback is shown.

    `FieldsError("“{name}” is muted. Unmute it.", name=strip.name)`: the sentence is kept without its values, so that it
    can be translated before they are filled in. A sentence without values is taken as it is, braces and all.
    """

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence, self.values = sentence, values
