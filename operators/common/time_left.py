"""How long a job will still take, in words."""

from .wording import say

SURE = 1.5  # s of work before an estimate is worth showing


class TimeLeft:
    """Counts from the first share it is given, so that what came before (loading) does not count."""

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def after(self, share: float, now: float) -> str:
        """ "12 s left", or nothing before that can be estimated; share 0..1 is done at `now` (s)."""
        if self._first is None:
            self._first = now, share
        began, first = self._first
        if now - began < SURE or share <= first or share >= 1.0:
            return ""
        return say("{time} left", time=in_words((1.0 - share) * (now - began) / (share - first)))


def in_words(seconds: float) -> str:
    """ "8 s", "2 min 5 s" (to 5 s), "1 h 10 min"."""
    if seconds < 59.5:
        return f"{max(round(seconds), 1)} s"
    if seconds < 3597.5:
        minutes, rest = divmod(5 * round(seconds / 5), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min"
