"""The one error an artist sees."""


class FieldsError(Exception):
    """What went wrong and what to do about it, in a sentence for the artist (no traceback is shown)."""
