"""All that shapes a performance between capture and retargeting, as one set of settings that can be stored.

    Track -> glitches out -> face at rest -> full range -> smooth -> gaps filled -> emotions added
          -> Emotion -> Track at an intensity -> mirrored, evened, by region, by channel -> Track

The first line takes a moment and is done anew only when its settings change; the second is quick.
"""

import json
import math
from dataclasses import asdict, dataclass, field, fields, replace

from ..core.regions import REGIONS
from ..core.track import Track
from . import adjust, calibrate, despike, emotion, gaps
from .added_emotion import Added, add
from .adjust import Channel
from .emotion import Emotion
from .smooth import smooth

NEUTRALS = ("CAPTURED", "AUTOMATIC", "CHOSEN")
_ONES = (1.0,) * len(REGIONS)


@dataclass(frozen=True)
class Shaping:
    """An artist's settings; those below leave a performance exactly as it was captured.

    `neutral`: one of NEUTRALS; CHOSEN takes the face from `rest_from` to `rest_to` (s), `rest_head` its head too.
    `stretch` 0..1: how far channels are brought to their full range. `smoothing`: one of smooth.METHODS, or OFF, as
    strong as `smooth` says for each of REGIONS. `gaps`: one of gaps.POLICIES. `even`, `side`: see adjust.evened.
    `strength`: how strong each of REGIONS is. `channels`: ARKit name -> Channel. `added`: emotions laid over it.
    """

    neutral: str = "CAPTURED"
    rest_from: float = 0.0
    rest_to: float = 0.0
    rest_head: bool = False
    stretch: float = 0.0
    no_glitches: bool = False
    smoothing: str = "OFF"
    smooth: tuple[float, ...] = _ONES
    gaps: str = "NO_KEYS"
    mirror: bool = False
    even: float = 0.0
    side: str = "BOTH"
    strength: tuple[float, ...] = _ONES
    channels: dict[str, Channel] = field(default_factory=dict)
    added: tuple[Added, ...] = ()

    def prepare(self, track: Track) -> Emotion:
        """The slow half: the performance cleaned and calibrated, and where its emotion is.

        Raises FieldsError when there is no face where the face at rest is to be taken from.
        """
        if self.no_glitches:
            track = despike.without_glitches(track)
        if self.neutral == "AUTOMATIC":
            track = calibrate.at_rest(track, calibrate.automatic(track))
        elif self.neutral == "CHOSEN":
            chosen = calibrate.chosen(track, self.rest_from, self.rest_to, self.rest_head)
            track = calibrate.at_rest(track, chosen)
        track = calibrate.stretched(track, self.stretch)
        if self.smoothing != "OFF":
            track = smooth(track, self.smooth, self.smoothing)
        return emotion.find(add(gaps.fill(track, self.gaps), self.added))

    def finish(self, track: Track) -> Track:
        """The quick half: sides, regions, channels."""
        if self.mirror:
            track = adjust.mirrored_track(track)
        track = adjust.evened(track, self.even, self.side)
        track = adjust.strengthened(track, self.strength)
        return adjust.by_channel(track, self.channels)

    @property
    def slow(self) -> "Shaping":
        """These settings as far as `prepare` reads them: what is prepared with equal ones is equal."""
        plain = Shaping()
        return replace(
            self, mirror=plain.mirror, even=plain.even, side=plain.side, strength=plain.strength, channels={}
        )

    def to_json(self) -> str:
        """One line; equal settings give equal lines."""
        data = asdict(self)
        for channel in data["channels"].values():
            for end in ("least", "most"):
                channel[end] = channel[end] if math.isfinite(channel[end]) else None
        return json.dumps(data, sort_keys=True, allow_nan=False)


def from_json(text: str) -> Shaping | None:
    """What `to_json` wrote; None where it is not that (another version's, edited by hand)."""
    try:
        data = json.loads(text)
        if set(data) != {each.name for each in fields(Shaping)}:
            return None
        channels = {
            name: Channel(
                **{
                    **channel,
                    "least": -math.inf if channel["least"] is None else channel["least"],
                    "most": math.inf if channel["most"] is None else channel["most"],
                }
            )
            for name, channel in data["channels"].items()
        }
        added = tuple(Added(**each) for each in data["added"])
        lists = {"smooth": tuple(data["smooth"]), "strength": tuple(data["strength"])}
        return Shaping(**{**data, **lists, "channels": channels, "added": added})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
